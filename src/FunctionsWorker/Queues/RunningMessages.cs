namespace Microsoft.Azure.Functions.Worker.Queues;

/// <summary>How many messages of a queue are under way, and who waits for them to become few: one at a time.</summary>
internal sealed class RunningMessages
{
    private readonly Lock _gate = new();
    private int _count;
    private int _wanted;
    private TaskCompletionSource? _few;

    /// <summary>Runs it on another thread, and counts it until it has ended.</summary>
    /// <param name="run">Never throws.</param>
    public void Start(Func<Task> run)
    {
        lock (_gate)
        {
            _count++;
        }

        _ = Task.Run(() => RunAsync(run), CancellationToken.None);
    }

    /// <summary>Ends when at most so many are under way.</summary>
    public Task UntilAtMostAsync(int count)
    {
        lock (_gate)
        {
            if (_count <= count)
            {
                return Task.CompletedTask;
            }

            _wanted = count;
            _few = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return _few.Task;
        }
    }

    private async Task RunAsync(Func<Task> run)
    {
        try
        {
            await run();
        }
        finally
        {
            Ended();
        }
    }

    private void Ended()
    {
        TaskCompletionSource? few = null;
        lock (_gate)
        {
            if (--_count <= _wanted)
            {
                (few, _few) = (_few, null);
            }
        }

        few?.SetResult();
    }
}

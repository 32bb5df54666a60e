using System.Collections.Concurrent;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>The tasks in flight, so that a stop can wait for them.</summary>
internal sealed class RunningWork
{
    private readonly ConcurrentDictionary<Task, byte> _tasks = new();

    /// <summary>Runs work on the thread pool and remembers it until it ends. The work reports its own failures.</summary>
    public void Start(Func<Task> work)
    {
        var task = new Task<Task>(work);
        Task ended = task.Unwrap();
        _tasks.TryAdd(ended, 0);
        _ = ended.ContinueWith(
            done => _tasks.TryRemove(done, out _),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        task.Start(TaskScheduler.Default);
    }

    /// <summary>Waits until nothing runs any more, work included that running work started meanwhile.</summary>
    /// <returns>False when the time was over first, or the caller's patience.</returns>
    public async Task<bool> DrainAsync(TimeSpan timeout, TimeProvider timeProvider, CancellationToken cancellationToken = default)
    {
        try
        {
            await DrainAsync().WaitAsync(timeout, timeProvider, cancellationToken);
            return true;
        }
        catch (Exception tooLong) when (tooLong is TimeoutException or OperationCanceledException)
        {
            return _tasks.IsEmpty;
        }
    }

    private async Task DrainAsync()
    {
        while (!_tasks.IsEmpty)
        {
            await Task.WhenAll(_tasks.Keys);
        }
    }
}

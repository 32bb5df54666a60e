using System.Collections.Concurrent;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>The tasks in flight, so that a stop can wait for them.</summary>
internal sealed class RunningWork
{
    private readonly ConcurrentDictionary<Task, byte> _tasks = new();

    /// <summary>Runs work on the thread pool and remembers it until it ends. The work reports its own failures.</summary>
    public void Start(Func<Task> work)
    {
        Task task = Task.Run(work);
        _tasks.TryAdd(task, 0);
        _ = task.ContinueWith(
            done => _tasks.TryRemove(done, out _),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    /// <returns>False when the time was over first.</returns>
    public async Task<bool> DrainAsync(TimeSpan timeout, TimeProvider timeProvider)
    {
        try
        {
            await Task.WhenAll(_tasks.Keys).WaitAsync(timeout, timeProvider);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}

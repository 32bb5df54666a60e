namespace Microsoft.DurableTask.Worker.Orchestrations;

/// <summary>
/// Runs one orchestrator's code on one thread at a time: continuations are queued and run, in order, only while <see cref="Run"/> pumps.
/// </summary>
internal sealed class OrchestratorLoop : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _queue = new();
    private int _pumpingThread;

    /// <summary>True on the thread that runs the orchestrator's code right now.</summary>
    public bool IsCurrent => _pumpingThread == Environment.CurrentManagedThreadId;

    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_queue)
        {
            _queue.Enqueue((d, state));
        }
    }

    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("Orchestrator code cannot be called synchronously from another thread.");

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Runs the given code and everything that it causes, until nothing is left to run.</summary>
    public void Run(Action code)
    {
        SynchronizationContext? outer = Current;
        SetSynchronizationContext(this);
        _pumpingThread = Environment.CurrentManagedThreadId;
        try
        {
            code();
            while (TryDequeue(out (SendOrPostCallback Callback, object? State) next))
            {
                next.Callback(next.State);
            }
        }
        finally
        {
            _pumpingThread = 0;
            SetSynchronizationContext(outer);
        }
    }

    private bool TryDequeue(out (SendOrPostCallback Callback, object? State) next)
    {
        lock (_queue)
        {
            return _queue.TryDequeue(out next);
        }
    }
}

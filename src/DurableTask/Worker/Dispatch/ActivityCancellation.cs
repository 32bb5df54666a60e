namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>The wish that one running activity ends early. The token is made only for an activity that asks for it.</summary>
/// <param name="scheduler">Where the activity hears of it: the thread pool, but in the simulation.</param>
internal sealed class ActivityCancellation(TaskScheduler scheduler) : IDisposable
{
    private readonly Lock _gate = new();
    private CancellationTokenSource? _source;
    private bool _isDisposed;

    public bool IsRequested { get; private set; }

    /// <summary>True once the activity's outcome is known: there is nothing to end any more.</summary>
    public bool HasEnded { get; set; }

    public CancellationToken Token
    {
        get
        {
            lock (_gate)
            {
                return IsRequested || _isDisposed
                    ? new CancellationToken(canceled: IsRequested)
                    : (_source ??= new CancellationTokenSource()).Token;
            }
        }
    }

    /// <summary>What the activity registered runs apart from the caller: its failures are its own.</summary>
    public void Request()
    {
        lock (_gate)
        {
            if (!_isDisposed && !IsRequested)
            {
                IsRequested = true;
                if (_source is { } source)
                {
                    _ = Task.Factory.StartNew(source.Cancel, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler);
                }
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            if (!IsRequested)
            {
                // A source that is being cancelled needs no disposal: it holds no timer and no handle.
                _source?.Dispose();
            }
        }
    }
}

namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>
/// When an invocation must end: its caller has gone, the host must end, or <c>functionTimeout</c> has passed since it began. The token, its
/// sources and its timer are made when somebody asks for the token: most short functions never do.
/// </summary>
internal sealed class InvocationEnd(TimeSpan? limit, TimeProvider time, CancellationToken caller, CancellationToken host) : IDisposable
{
    // A timer takes no more; a function that runs for seven weeks has no limit in practice.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(49);

    private readonly Lock _gate = new();
    private readonly long _started = time.GetTimestamp();
    private CancellationTokenSource? _limit;
    private CancellationTokenSource? _ends;
    private CancellationToken _token;
    private bool _isOver;

    public TimeSpan Elapsed => time.GetElapsedTime(_started);

    public bool IsTimedOut => _limit is { IsCancellationRequested: true };

    public CancellationToken Token
    {
        get
        {
            lock (_gate)
            {
                if (_ends is null && !_isOver)
                {
                    Make();
                }

                return _token;
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isOver = true;
        }

        _ends?.Dispose();
        _limit?.Dispose();
    }

    private void Make()
    {
        TimeSpan left = limit is { } most && most < LongestTimer
            ? TimeSpan.FromTicks(Math.Max(0, (most - Elapsed).Ticks))
            : Timeout.InfiniteTimeSpan;
        _limit = new(left, time);
        _ends = CancellationTokenSource.CreateLinkedTokenSource(caller, _limit.Token, host);
        _token = _ends.Token;
    }
}

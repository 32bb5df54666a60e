namespace Heal.Drivers.Kubernetes.Transport;

/// <summary>
/// How fast one cluster is asked: a token bucket that callers share in order of arrival. A server that answers 429 is asked at half the
/// rate, and not at all before the time that it named; each success gives a little of the rate back (additive increase, multiplicative
/// decrease, as TCP does).
/// </summary>
internal sealed class RequestLimiter
{
    /// <summary>The rate never falls below this share of the configured one.</summary>
    private const double LowestShare = 0.05;

    /// <summary>What one success gives back, as a share of the configured rate.</summary>
    private const double Recovery = 0.02;

    private readonly double _perSecond;
    private readonly int _burst;
    private readonly TimeSpan _maxHold;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private double _rate;
    private double _tokens;
    private long _filled;
    private long _notBefore;

    /// <param name="maxHold">Longest time that a server's Retry-After is heeded for.</param>
    public RequestLimiter(double perSecond, int burst, TimeSpan maxHold, TimeProvider time)
    {
        _perSecond = perSecond;
        _burst = burst;
        _maxHold = maxHold;
        _time = time;
        _rate = perSecond;
        _tokens = burst;
        _filled = time.GetTimestamp();
        _notBefore = _filled;
    }

    /// <summary>Requests per second that are allowed now.</summary>
    public double Rate
    {
        get
        {
            lock (_lock)
                return _rate;
        }
    }

    /// <summary>Waits for one's turn.</summary>
    /// <returns>How long that took; zero is the rule.</returns>
    public async ValueTask<TimeSpan> WaitAsync(CancellationToken cancellationToken)
    {
        var wait = Reserve();
        if (wait <= TimeSpan.Zero)
            return TimeSpan.Zero;
        try
        {
            await Task.Delay(wait, _time, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            lock (_lock)
                _tokens += 1;
            throw;
        }

        return wait;
    }

    /// <summary>The server is busy (429).</summary>
    /// <param name="retryAfter">Before that it is not to be asked; null when it did not say.</param>
    public void Throttled(TimeSpan? retryAfter)
    {
        var hold = retryAfter ?? TimeSpan.Zero;
        lock (_lock)
        {
            _rate = Math.Max(_rate / 2, _perSecond * LowestShare);
            // The saved-up burst is what the server could not take.
            _tokens = Math.Min(_tokens, 0);
            var until = _time.GetTimestamp() + Ticks(hold < _maxHold ? hold : _maxHold);
            _notBefore = Math.Max(_notBefore, until);
            _filled = Math.Max(_filled, _notBefore);
        }
    }

    public void Succeeded()
    {
        lock (_lock)
            _rate = Math.Min(_perSecond, _rate + (_perSecond * Recovery));
    }

    private TimeSpan Reserve()
    {
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            if (now > _filled)
            {
                _tokens = Math.Min(_burst, _tokens + (_time.GetElapsedTime(_filled, now).TotalSeconds * _rate));
                _filled = now;
            }

            _tokens -= 1;
            var turn = _tokens >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_tokens / _rate);
            return turn + (_notBefore > now ? _time.GetElapsedTime(now, _notBefore) : TimeSpan.Zero);
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);
}

namespace Heal.Activities.Tests;

/// <summary>A clock on which nobody waits: every pause is over at once, and the time has moved on by it.</summary>
internal sealed class LeapingTime : TimeProvider
{
    private long _leapt;

    public void Leap(TimeSpan by) => Interlocked.Add(ref _leapt, by.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref _leapt));

    public override long GetTimestamp() =>
        base.GetTimestamp() + (long)(Interlocked.Read(ref _leapt) * ((double)TimestampFrequency / TimeSpan.TicksPerSecond));

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime > TimeSpan.Zero) Leap(dueTime);
        return base.CreateTimer(callback, state, TimeSpan.Zero, period);
    }

    /// <summary>The same clock with real timers, for whoever waits for a thread: that one's time does not leap.</summary>
    public TimeProvider WithRealTimers() => new RealTimers(this);

    private sealed class RealTimers(LeapingTime clock) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();
    }
}

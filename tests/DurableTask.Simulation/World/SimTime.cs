namespace Heal.DurableTask.Simulation.Tests.World;

/// <summary>A clock that can be wrong, and set: it shows the world's time and an offset.</summary>
internal sealed class SimClock(SimWorld world)
{
    private static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public TimeSpan Offset { get; set; }

    public DateTimeOffset Now => Epoch + TimeSpan.FromTicks(world.Now) + Offset;
}

/// <summary>A process's view of a clock. Timers run by the world's time, which no setting of clocks touches, and fire in the process.
/// </summary>
internal sealed class SimTime(SimProcess process, SimClock clock) : TimeProvider
{
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => clock.Now;

    public override long GetTimestamp() => process.World.Now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        SimTimer timer = null!;
        timer = new SimTimer(process.World, () =>
        {
            if (process.IsDead)
            {
                timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
            else
            {
                process.Post(() => callback(state));
            }
        });
        timer.Change(dueTime, period);
        return timer;
    }
}

/// <summary>Something that happens at a time of the world.</summary>
internal sealed class SimTimer(SimWorld world, Action fire) : ITimer
{
    private TimeSpan _period = Timeout.InfiniteTimeSpan;

    public long Due { get; set; }

    /// <summary>Which setting of the timer counts; an older one is not fired any more.</summary>
    public long Order { get; set; } = -1;

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        Order = -1;
        _period = period;
        if (dueTime != Timeout.InfiniteTimeSpan)
        {
            Due = world.Now + dueTime.Ticks;
            world.Schedule(this);
        }

        return true;
    }

    public void Fire()
    {
        Order = -1;
        fire();
        if (_period != Timeout.InfiniteTimeSpan && _period > TimeSpan.Zero)
        {
            Due = world.Now + _period.Ticks;
            world.Schedule(this);
        }
    }

    public void Dispose() => Order = -1;

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}

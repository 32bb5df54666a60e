using Microsoft.Azure.Functions.Worker.Store;

namespace Microsoft.Azure.Functions.Worker.Timers;

/// <summary>How long a host that runs a timer function may be out of reach before another one runs it.</summary>
internal sealed record TimerLease
{
    /// <summary>For how long a host holds a function without a word; renewed at a third of it. A host that cannot renew for that long
    /// cancels its run. Default: 30 s.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How much longer the others wait when they see an expired lease: for a holder that lives to say, after the store was away,
    /// that its run is over. Default: 5 s.</summary>
    public TimeSpan TakeoverGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Pause between two attempts while the store is away. Default: 1 s.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a host sleeps at most before it looks at the clock again: timers of the runtime stand still while the machine is
    /// suspended, and do not see that the clock is set. Default: 1 minute.</summary>
    public TimeSpan LookAgainAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How far this host's clock may be ahead of the store's before it fires nothing. Default: 1 minute.</summary>
    public TimeSpan ClockTolerance { get; init; } = ITimerStore.ClockTolerance;

    /// <summary>When the record has another schedule (another version of the application runs beside this one), how long its times may
    /// be overdue before this host puts its own schedule in force. Default: 1 minute.</summary>
    public TimeSpan OtherScheduleGrace { get; init; } = TimeSpan.FromMinutes(1);
}

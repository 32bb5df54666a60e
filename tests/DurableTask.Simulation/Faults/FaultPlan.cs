namespace Heal.DurableTask.Simulation.Tests.Faults;

/// <summary>How likely each fault is in one run; all are zero once the run calms down.</summary>
internal sealed record FaultPlan
{
    /// <summary>A worker is killed at a step: at any await.</summary>
    public double KillAtStep { get; init; }

    /// <summary>A worker is killed when it calls the hub, and the hub never hears of it.</summary>
    public double KillBeforeCall { get; init; }

    /// <summary>A worker is killed when the hub has done what it asked for, before it hears of it.</summary>
    public double KillAfterCall { get; init; }

    /// <summary>A call fails, and nothing was done.</summary>
    public double ErrorBeforeCall { get; init; }

    /// <summary>A call fails, and everything was done.</summary>
    public double ErrorAfterCall { get; init; }

    /// <summary>A call is the first of all that fail, of all processes, up to a minute long; nothing is done.</summary>
    public double Outage { get; init; }

    /// <summary>A worker stands still at a step, up to three leases long.</summary>
    public double Pause { get; init; }

    /// <summary>The whole machine stands still, up to two leases long.</summary>
    public double Stall { get; init; }

    /// <summary>The wake-up of a waiting worker gets lost; its safety poll finds the work.</summary>
    public double LostSignal { get; init; }

    /// <summary>A worker is handed work that it got before, under the old lock.</summary>
    public double StaleDelivery { get; init; }

    /// <summary>Somebody sets a clock, of the hub or of a worker, forth or back by 120 leases: an hour, with the default lease.</summary>
    public double ClockJump { get; init; }

    /// <summary>A worker is asked to stop, drains, and is started again.</summary>
    public double Restart { get; init; }

    /// <summary>The longest way of a call or of its answer.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>After so many steps nothing goes wrong any more, so that everything must come to its end.</summary>
    public int CalmAfter { get; init; }

    public bool IsFaultFree { get; init; }

    public static FaultPlan Draw(Random chance, TimeSpan lease)
    {
        if (chance.Next(10) == 0)
        {
            return new FaultPlan { IsFaultFree = true, Latency = TimeSpan.FromMilliseconds(chance.Next(20)) };
        }

        if (chance.Next(5) == 0)
        {
            // The hub fails, the workers live: nobody takes from them what they have lost sight of.
            return new FaultPlan
            {
                ErrorBeforeCall = Rate(0.05),
                ErrorAfterCall = Rate(0.05),
                Outage = 0.02 * chance.NextDouble(),
                LostSignal = Rate(0.3),
                Latency = TimeSpan.FromMilliseconds(chance.Next(20)),
                CalmAfter = chance.Next(300, 4000),
            };
        }

        return new FaultPlan
        {
            KillAtStep = Rate(0.003),
            KillBeforeCall = Rate(0.02),
            KillAfterCall = Rate(0.02),
            ErrorBeforeCall = Rate(0.05),
            ErrorAfterCall = Rate(0.05),
            Outage = Rate(0.003),
            Pause = Rate(0.003),
            Stall = Rate(0.001),
            LostSignal = Rate(0.3),
            StaleDelivery = Rate(0.1),
            ClockJump = Rate(0.0004),
            Restart = Rate(0.001),
            Latency = lease * (chance.NextDouble() * (chance.Next(2) == 0 ? 0.002 : 0.2)),
            CalmAfter = chance.Next(300, 4000),
        };

        // Half of the faults are absent from a run: some bugs hide behind others.
        double Rate(double most) => chance.Next(2) == 0 ? 0 : most * chance.NextDouble();
    }
}

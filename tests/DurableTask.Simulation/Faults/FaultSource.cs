using Heal.DurableTask.Simulation.Tests.World;

namespace Heal.DurableTask.Simulation.Tests.Faults;

/// <summary>Decides when what goes wrong, and counts it.</summary>
internal sealed class FaultSource(SimWorld world, FaultPlan plan)
{
    private const int MostClockJumps = 3;
    private static readonly TimeSpan CalmLatency = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan LongestOutage = TimeSpan.FromMinutes(1);

    private int _clockJumps;
    private long _awayUntil;

    public FaultPlan Plan => plan;

    /// <summary>How many faults happened that can make an activity run again.</summary>
    public int Disruptions { get; private set; }

    public int Kills { get; private set; }

    public bool IsCalm => plan.IsFaultFree || world.Steps > plan.CalmAfter;

    public bool Happens(double probability) => !IsCalm && world.Happens(probability);

    public bool Disrupts(double probability)
    {
        bool happens = Happens(probability);
        Disruptions += happens ? 1 : 0;
        return happens;
    }

    public bool Kill(double probability)
    {
        bool happens = Disrupts(probability);
        Kills += happens ? 1 : 0;
        return happens;
    }

    /// <summary>True for a call that the hub does not answer.</summary>
    public bool IsAway()
    {
        if (Happens(plan.Outage))
        {
            _awayUntil = world.Now + world.Between(TimeSpan.Zero, LongestOutage).Ticks;
        }

        bool isAway = !IsCalm && world.Now < _awayUntil;
        Disruptions += isAway ? 1 : 0;
        return isAway;
    }

    public bool ClockJumps() => _clockJumps < MostClockJumps && Disrupts(plan.ClockJump) && ++_clockJumps > 0;

    /// <summary>How long a call, or its answer, is under way. In calm weather it is short against every lease.</summary>
    public TimeSpan Latency()
    {
        var most = IsCalm && plan.Latency > CalmLatency ? CalmLatency : plan.Latency;
        return most > TimeSpan.Zero && world.Chance.Next(3) == 0 ? world.Between(TimeSpan.Zero, most) : TimeSpan.Zero;
    }
}

using Heal.DurableTask.Kills.Tests.Programs;

namespace Heal.DurableTask.Kills.Tests;

/// <summary>What a kill run does. Times are drawn from the seed; what the machine makes of them is its own.</summary>
/// <param name="Orchestrations">How many orchestrations, or generated programs, there are.</param>
/// <param name="Kills">How many workers are killed.</param>
internal sealed record KillPlan(int Orchestrations, int Kills, int Workers, int Seed, bool Durable, TimeSpan Limit)
{
    /// <summary>A crash of PostgreSQL comes after so many.</summary>
    public int KillsPerCrash { get; init; } = 20;

    /// <summary>A worker is restarted, with time to drain, after so many; null for never.</summary>
    public int? KillsPerRestart { get; init; }

    /// <summary>A worker stands still, for longer than its lease, after so many; null for never.</summary>
    public int? KillsPerPause { get; init; }

    public TimeSpan WorkerPause { get; init; }

    /// <summary>How many orchestrations are open at a time.</summary>
    public int Open { get; init; } = 200;

    public TimeSpan ShortestPause { get; init; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>For generated programs: all that can happen to a worker. The limit is for a machine with ten times as much to do.</summary>
    public static KillPlan ForPrograms(int programs, int kills, int seed) =>
        new(programs, kills, Workers: 3, seed, Durable: false, Limit: TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(programs))
        {
            KillsPerCrash = 10,
            KillsPerRestart = 5,
            KillsPerPause = 12,
            WorkerPause = ProgramWorker.Lease * 1.5,
            Open = 60,
            ShortestPause = TimeSpan.FromMilliseconds(500),
            LongestPause = TimeSpan.FromSeconds(3),
        };
}

namespace Heal.DurableTask.Simulation.Tests;

/// <summary>How many workers run, and how they are set.</summary>
internal sealed record Settings
{
    public required int Workers { get; init; }
    public required int ConcurrentOrchestrations { get; init; }
    public required int ConcurrentActivities { get; init; }
    public required int CachedInstances { get; init; }
    public required bool ExtendedSessions { get; init; }
    public required TimeSpan Lease { get; init; }
    public required TimeSpan MaximumTimerInterval { get; init; }

    /// <summary>How many work at a time, all workers together; null for no limit.</summary>
    public required int? ActivityPlaces { get; init; }

    /// <summary>How many talk at a time, all workers together; null for no limit.</summary>
    public required int? OrchestrationPlaces { get; init; }

    /// <summary>True when what a turn claims has no lease of its own, see <see cref="Faults.StayingClaims"/>.</summary>
    public required bool ClaimsStay { get; init; }

    public static Settings Draw(Random chance) => Draw(chance, TimeSpan.FromSeconds(chance.Next(1, 31)));

    private static Settings Draw(Random chance, TimeSpan lease) => new()
    {
        Workers = chance.Next(1, 5),
        ConcurrentOrchestrations = chance.Next(1, 9),
        ConcurrentActivities = chance.Next(1, 9),
        CachedInstances = chance.Next(4) switch { 0 => 0, 1 => 1, 2 => 3, _ => 1000 },
        ExtendedSessions = chance.Next(2) == 0,
        Lease = lease,
        MaximumTimerInterval = chance.Next(4) == 0 ? lease * 5 : TimeSpan.FromDays(3),
        ActivityPlaces = chance.Next(3) == 0 ? chance.Next(1, 4) : null,
        OrchestrationPlaces = chance.Next(3) == 0 ? chance.Next(1, 3) : null,
        ClaimsStay = chance.Next(2) == 0,
    };
}

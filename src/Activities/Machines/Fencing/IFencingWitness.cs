using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Sees to it that guests of a host that does not answer are dead, by another way than the host's usual one, and says so. Asked at least
/// once per start: to fence what is fenced already changes nothing.
/// </summary>
internal interface IFencingWitness
{
    /// <summary>As evidence, proofs and messages name it.</summary>
    string Name { get; }

    WitnessKind Kind { get; }

    /// <summary>Whether the settings give it this host. Asks nobody.</summary>
    bool Knows(string host);

    /// <exception cref="FencingException">It cannot say so. What it was asked to end may have ended all the same.</exception>
    Task<Testimony> FenceAsync(FencingOrder order, CancellationToken cancellationToken);
}

/// <param name="Disks">The images that the guest writes.</param>
/// <param name="LocksSeenAt">See <see cref="MachineDefinition.LocksSeenAt"/>.</param>
internal sealed record FencingOrder(
    string Host, string Uuid, string Name, IReadOnlyList<string> Disks, DateTimeOffset? LocksSeenAt);

/// <summary>The guest is dead.</summary>
/// <param name="RunId">Of the run that was ended; null when it was off, or nobody can tell.</param>
/// <param name="At">Taken before the look that showed it.</param>
internal sealed record Testimony(int? RunId, string Observed, DateTimeOffset At);

/// <summary>A witness cannot say that a guest is dead.</summary>
internal sealed class FencingException(string witness, string detail, Exception? inner = null)
    : Exception($"witness '{witness}': {detail}", inner)
{
    public string Detail { get; } = detail;
}

namespace Heal.DurableTask.Simulation.Tests.Faults;

/// <summary>What a caller sees of a lost connection.</summary>
/// <param name="call">What the hub was asked for.</param>
/// <param name="tookEffect">What it cannot see: whether the hub did what it was asked for.</param>
internal sealed class HubAwayException(string call, bool tookEffect) : IOException("The connection to the hub was lost.")
{
    private const string Creation = "create ";

    /// <summary>True when something changed: a read that lost its answer changed nothing.</summary>
    public bool TookEffect => tookEffect && !call.StartsWith("get ", StringComparison.Ordinal);

    /// <summary>The instance that was created all the same; null for other calls, or when it was not.</summary>
    public string? Created =>
        tookEffect && call.StartsWith(Creation, StringComparison.Ordinal) ? call[Creation.Length..] : null;
}

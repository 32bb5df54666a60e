namespace Heal.DurableTask.Simulation.Tests.Faults;

/// <summary>What a caller sees of a lost connection.</summary>
/// <param name="tookEffect">What it cannot see: whether the hub did what it was asked for.</param>
internal sealed class HubAwayException(bool tookEffect) : IOException("The connection to the hub was lost.")
{
    public bool TookEffect => tookEffect;
}

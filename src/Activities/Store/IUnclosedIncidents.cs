using Heal.Healing;

namespace Heal.Activities;

/// <summary>The incidents that the store holds for open: their targets' signals go to them, whatever has become of their
/// orchestrations.</summary>
public interface IUnclosedIncidents
{
    /// <summary>A page of them, in the order of their targets' keys. One that cannot be read does not keep the others back.</summary>
    /// <param name="afterTarget">The key of the last target of the page before; empty for the first page.</param>
    Task<IReadOnlyList<UnclosedIncident>> PageAsync(string afterTarget, int limit, CancellationToken cancellationToken);

    /// <summary>True while it is open.</summary>
    Task<bool> IsOpenAsync(string incidentId, CancellationToken cancellationToken);
}

/// <param name="Input">Null when this program cannot read what is stored.</param>
/// <param name="Fault">Why it cannot; null when it can.</param>
public sealed record UnclosedIncident(string Id, string TargetKey, IncidentInput? Input, string? Fault = null);

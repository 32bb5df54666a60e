using Heal.Healing;

namespace Heal.Activities;

/// <summary>The incidents that the store holds for open: their targets' signals go to them, whatever has become of their
/// orchestrations.</summary>
public interface IUnclosedIncidents
{
    /// <summary>A page of them, in the order of their targets' keys.</summary>
    /// <param name="afterTarget">The key of the last target of the page before; empty for the first page.</param>
    Task<IReadOnlyList<IncidentInput>> PageAsync(string afterTarget, int limit, CancellationToken cancellationToken);

    /// <summary>True while it is open.</summary>
    Task<bool> IsOpenAsync(string incidentId, CancellationToken cancellationToken);
}

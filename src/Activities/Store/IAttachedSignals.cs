using Heal.Healing;

namespace Heal.Activities;

/// <summary>The signals that were attached to an incident, by which it may get a workflow that the first one did not bring.</summary>
internal interface IAttachedSignals
{
    /// <summary>The firing signals of an incident, in order; one of each alert name, at most 200.</summary>
    Task<IReadOnlyList<Signal>> OfIncidentAsync(string incidentId, CancellationToken cancellationToken);

    /// <summary>What a closed incident was about that did nothing, because no workflow had anything for the fault; null for any other.
    /// </summary>
    Task<UnhelpedIncident?> UnhelpedAsync(string incidentId, CancellationToken cancellationToken);
}

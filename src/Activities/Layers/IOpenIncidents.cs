using Heal.Healing;

namespace Heal.Activities;

/// <summary>Whether somebody cares for a target already.</summary>
internal interface IOpenIncidents
{
    /// <summary>The latest incident of a target; null when it never had one. Without the lock that a join takes: what it says may be over
    /// the moment after.</summary>
    Task<LatestIncident?> LatestAsync(TargetReference target, CancellationToken cancellationToken);
}

namespace Heal.Workflows;

/// <summary>The names under which orchestrations are scheduled. Part of the history of running instances: never rename one.</summary>
public static class OrchestrationNames
{
    /// <summary>
    /// Brings one signal to the incident of its target. Schedule under <see cref="Healing.Signal.InstanceId"/>: an instance that exists
    /// already means that the signal is known. In <see cref="Healing.Signal"/>, out <see cref="Healing.RouteOutcome"/>.
    /// </summary>
    public const string RouteSignal = "RouteSignal";

    /// <summary>
    /// One incident from start to end, under <see cref="Healing.IncidentInput.IncidentId"/>. Custom status
    /// <see cref="Healing.IncidentStatus"/>, events <see cref="Healing.ApprovalEvent"/> and <see cref="Healing.SignalEvent"/>,
    /// out <see cref="Healing.IncidentOutcome"/>.
    /// </summary>
    public const string Incident = "Incident";
}

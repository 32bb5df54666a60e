namespace Heal.Workflows;

/// <summary>The names under which orchestrations are scheduled. Part of the history of running instances: never rename one.</summary>
public static class OrchestrationNames
{
    /// <summary>
    /// Routes the signals that wait, batch after batch, and ends when none is left that can be tried at once. Schedule under
    /// <see cref="RouteSignalsId"/>: one runs at a time. In and out <see cref="Healing.RoutingRun"/>.
    /// </summary>
    public const string RouteSignals = "RouteSignals";

    /// <summary>The instance id of <see cref="RouteSignals"/>.</summary>
    public const string RouteSignalsId = "route-signals";

    /// <summary>
    /// Brings one signal, which needs more than a moment, to the incident of its target. Schedule under
    /// <see cref="Healing.Signal.InstanceId"/>: an instance that exists already means that the signal is known. In
    /// <see cref="Healing.Signal"/>, out <see cref="Healing.RouteOutcome"/>.
    /// </summary>
    public const string RouteSignal = "RouteSignal";

    /// <summary>
    /// One incident from start to end, under <see cref="Healing.IncidentInput.IncidentId"/>. Custom status
    /// <see cref="Healing.IncidentStatus"/>, events <see cref="Healing.ApprovalEvent"/> and <see cref="Healing.SignalEvent"/>,
    /// out <see cref="Healing.IncidentOutcome"/>.
    /// </summary>
    public const string Incident = "Incident";

    /// <summary>
    /// Closes an incident whose own orchestration ended without doing so, under <see cref="Healing.StrandedIncident.InstanceId"/>. In
    /// <see cref="Healing.StrandedIncident"/>, out <see cref="Healing.IncidentOutcome"/>.
    /// </summary>
    public const string CloseStranded = "CloseStranded";

    /// <summary>
    /// The end of an effect that has a time limit, under <see cref="Healing.ExpiryRequest.InstanceId"/>. In
    /// <see cref="Healing.ExpiryRequest"/>, out <see cref="Healing.ExpiryOutcome"/>.
    /// </summary>
    public const string ExpireAction = "ExpireAction";
}

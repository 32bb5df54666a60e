namespace Heal.Activities;

/// <summary>The names under which orchestrators call activities. Part of the history of running incidents: never rename one.</summary>
public static class ActivityNames
{
    /// <summary>
    /// Routes the signals that wait, one batch. In <see cref="Healing.RoutingRun"/>, out <see cref="Healing.RoutingReport"/>. Implemented
    /// beside the triggers, because it needs the durable client.
    /// </summary>
    public const string RouteSignals = "RouteSignals";

    /// <summary>Alert labels to target, through the cluster. In <see cref="Healing.Signal"/>, out <see cref="TargetResolution"/>.</summary>
    public const string ResolveTarget = "ResolveTarget";

    /// <summary>Attaches a signal to the incident of its target, or opens one. In <see cref="JoinRequest"/>, out <see
    /// cref="JoinResult"/>.</summary>
    public const string JoinIncident = "JoinIncident";

    /// <summary>Records a signal that leads to no incident. In <see cref="UnroutedSignal"/>.</summary>
    public const string RecordSignal = "RecordSignal";

    /// <summary>
    /// Starts the incident orchestration <c>Incident</c> under its incident id, once: an instance that exists already is success.
    /// In <see cref="Healing.IncidentInput"/>, out the instance id. Implemented beside the triggers, because it needs the durable client.
    /// </summary>
    public const string StartIncident = "StartIncident";

    /// <summary>Looks at the target. In <see cref="CollectRequest"/>, out the digest of an <see cref="Healing.EvidenceBundle"/>; the
    /// whole is kept in the store.</summary>
    public const string CollectEvidence = "CollectEvidence";

    /// <summary>Judges whether there is a fault. In <see cref="Healing.EvidenceBundle"/>, out <see cref="Healing.Detection"/>.</summary>
    public const string DetectFault = "DetectFault";

    /// <summary>Judges what causes it. In <see cref="DiagnoseRequest"/>, out <see cref="Healing.Diagnosis"/>.</summary>
    public const string DiagnoseFault = "DiagnoseFault";

    /// <summary>Chooses what to do. In <see cref="PlanRequest"/>, out <see cref="Healing.Plan"/>.</summary>
    public const string PlanRecovery = "PlanRecovery";

    /// <summary>Carries out an action, once. In <see cref="Healing.ActionRequest"/>, out <see cref="Healing.ActionResult"/>.</summary>
    public const string RunAction = "RunAction";

    /// <summary>Undoes an action, once. In <see cref="Healing.UndoRequest"/>, out <see cref="Healing.ActionResult"/>.</summary>
    public const string UndoAction = "UndoAction";

    /// <summary>
    /// Starts the orchestration <c>ExpireAction</c> that undoes an action with a time limit, once. Called before the action is. In
    /// <see cref="Healing.ExpiryRequest"/>, out the instance id. Implemented beside the triggers, because it needs the durable client.
    /// </summary>
    public const string StartExpiry = "StartExpiry";

    /// <summary>Looks whether anything still needs an effect with a time limit. In <see cref="Healing.ExpiryRequest"/>, out <see
    /// cref="NeedLook"/>.</summary>
    public const string LookAtNeed = "LookAtNeed";

    /// <summary>Looks once at the target after an action. In <see cref="VerifyRequest"/>, out <see
    /// cref="Healing.VerificationLook"/>.</summary>
    public const string VerifyTarget = "VerifyTarget";

    /// <summary>Looks at nodes that stand on the machine which was healed. In their names, out <see
    /// cref="Healing.AboveLook"/>.</summary>
    public const string LookAbove = "LookAbove";

    /// <summary>Records the hand-off bundle for people. In <see cref="HandOff"/>.</summary>
    public const string Escalate = "Escalate";

    /// <summary>Stores what came of it. In <see cref="Healing.IncidentOutcome"/>.</summary>
    public const string RecordOutcome = "RecordOutcome";

    /// <summary>Closes the incident, unless signals arrived that it has not looked at. In <see cref="CloseRequest"/>, out <see
    /// cref="CloseResult"/>.</summary>
    public const string CloseIncident = "CloseIncident";
}

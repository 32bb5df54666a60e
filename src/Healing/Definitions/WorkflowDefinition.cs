namespace Heal.Healing;

/// <summary>
/// What a file in <c>workflows/</c> says: for a class of incident, which actions may be tried in which order, within which limits,
/// and how success is seen. Immutable; its content travels with every incident that it serves.
/// </summary>
/// <param name="Version">Semantic version of the content.</param>
/// <param name="Digest">Hash of the content, to tell two files of one version apart.</param>
public sealed record WorkflowDefinition(
    string Name,
    string Version,
    string Description,
    IReadOnlyList<AlertMatcher> Alerts,
    WorkflowLimits Limits,
    ApprovalSetting Approval,
    IReadOnlyList<WorkflowAction> Actions,
    EscalationSetting Escalation,
    string Digest = "")
{
    /// <summary>
    /// A cause that an alert of this workflow is itself the proof of, because its rule measures what evidence of one moment cannot show
    /// (growth, pressure of load). Null: causes come from evidence alone. Actions prove their preconditions on the live target all the
    /// same.
    /// </summary>
    public string? AlertProves { get; init; }

    /// <summary>Whether any of its actions acts on targets of that kind. Where none does, it says whom to call and no more.</summary>
    public bool ActsOn(TargetReference target, IReadOnlyList<ActionDescriptor> actions) =>
        Actions.Any(action => actions.Any(known => known.Id == action.Id && known.TargetKinds.Contains(target.Kind)));

    /// <summary>Whether one of its actions is for a cause, on a target of that kind.</summary>
    public bool Remedies(string cause, TargetReference target, IReadOnlyList<ActionDescriptor> actions) =>
        Actions.Any(action => (action.Causes.Count == 0 || action.Causes.Contains(cause)) && actions.Any(known =>
            known.Id == action.Id && known.TargetKinds.Contains(target.Kind) && known.Causes.Contains(cause)));
}

/// <summary>Which alerts a workflow serves.</summary>
/// <param name="Labels">Label values that the alert must carry as well; empty means any.</param>
public sealed record AlertMatcher(string Name, IReadOnlyList<string> Aliases, IReadOnlyDictionary<string, string> Labels)
{
    public bool Matches(Alert alert) =>
        (alert.Name == Name || Aliases.Contains(alert.Name)) && Labels.All(label => alert.Label(label.Key) == label.Value);
}

/// <param name="MaxRisk">Actions above this class are advised, never taken.</param>
/// <param name="MaxActions">Actions that one incident may make, whether they help or not.</param>
/// <param name="CoolDown">Pause after an operation on the target before the next incident may act.</param>
public sealed record WorkflowLimits(RiskClass MaxRisk, int MaxActions, TimeSpan CoolDown)
{
    /// <summary>Operations on the target, within <see cref="SafetyLimits.IneffectiveWindow"/>, from which on the pause counts: 2 lets a
    /// fault that comes back for the first time be remedied at once. Default 1.</summary>
    public int CoolDownFrom { get; init; } = 1;
}

/// <param name="From">Actions of this risk class and above wait for a person even where the scope says act; null: never because of
/// this.</param>
/// <param name="Timeout">How long a person has; expiry counts as "not approved".</param>
public sealed record ApprovalSetting(RiskClass? From, TimeSpan Timeout);

/// <summary>One action of a workflow, in the order of trying.</summary>
/// <param name="Causes">The causes it is for here; empty means all that the action declares.</param>
/// <param name="MinConfidence">The least confidence, 0 to 1, of the hypothesis it acts on.</param>
/// <param name="Timeout">For the action itself, retries included; verification has its own.</param>
public sealed record WorkflowAction(
    string Id,
    IReadOnlyList<string> Causes,
    double MinConfidence,
    TimeSpan Timeout,
    IReadOnlyDictionary<string, string> Parameters,
    VerificationSetting? Verification);

/// <param name="StableFor">How long the target must stay healthy without a break.</param>
/// <param name="Timeout">How long it may take until then.</param>
/// <param name="PollEvery">Between two looks.</param>
public sealed record VerificationSetting(TimeSpan StableFor, TimeSpan Timeout, TimeSpan PollEvery);

/// <param name="To">Who is called: a name that the delivery channels resolve.</param>
public sealed record EscalationSetting(string To, string Message);

using Heal.Healing;

namespace Heal.Activities;

/// <summary>Silences one alert of a target for a while, when people know of it. The fault stays what it is.</summary>
internal sealed class SilenceAlert : IRecipe
{
    public static readonly string[] Kinds =
    [
        TargetKinds.Deployment, TargetKinds.StatefulSet, TargetKinds.DaemonSet, TargetKinds.Job, TargetKinds.PersistentVolumeClaim,
        TargetKinds.Service, TargetKinds.Pod, TargetKinds.Node,
    ];

    /// <summary>Reading a target of those kinds.</summary>
    public static readonly IReadOnlyList<PermissionRule> ReadTarget =
    [
        new("apps", "deployments", ["get"]), new("apps", "statefulsets", ["get"]), new("apps", "daemonsets", ["get"]),
        new("batch", "jobs", ["get"]), new("", "persistentvolumeclaims", ["get"]), new("", "services", ["get"]),
        new("", "pods", ["get"]), new("", "nodes", ["get"]),
    ];

    public ActionDescriptor Descriptor { get; } = new(
        "silence_alert",
        RiskClass.R1,
        [Causes.NoChangeFound, Causes.NodeNotReady, Causes.NodePressure, Causes.DiskFilling, Causes.ResourcesMisfit],
        Kinds,
        [
            new ActionParameter("alert", ParameterKind.Text, "", null, null, "The name of the alert. Required."),
            new ActionParameter("labels", ParameterKind.Text, "", null, null,
                "Further labels that it must have, as name=value,name=value. Its namespace is always one of them; for a Node name one."),
            new ActionParameter("maxAlerts", ParameterKind.Number, "20", "1", "500", "How many alerts may be silenced by it."),
            Parameters.TimeLimit("2h"),
        ],
        "Alertmanager (setting Heal:Alerts:AlertmanagerUrl) answers, the target exists, and alerts of that name and those labels fire, no "
            + "more of them than allowed.",
        "No alert of that name and those labels fires that is not silenced.",
        "end_silence",
        ReadTarget)
    {
        ForOwned = true,
        LeavesFault = true,
        Summary = "Silences an alert of a target for a while.",
        TimeLimit = "ttl",
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) =>
        LabelsOf(evidence.Target, parameters).Fault;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var (target, values) = (request.Target, request.Parameters);
        if (tools.Ports.Silences is not { } silences) return Proposal.Refuse("no Alertmanager is set: setting Heal:Alerts:AlertmanagerUrl");
        var (labels, fault) = LabelsOf(target, values);
        if (fault is not null) return Proposal.Refuse(fault);
        if (await tools.ReadAsync(target, cancellationToken) is null) return Proposal.Gone(target);
        int firing;
        try
        {
            firing = await silences.CountFiringAsync(labels, cancellationToken);
        }
        catch (SilenceException e)
        {
            return Proposal.Refuse(e.Message);
        }

        var most = values.Number("maxAlerts");
        if (firing == 0) return Proposal.Refuse("no such alert fires that is not silenced");
        if (firing > most) return Proposal.Refuse(Workloads.Invariant($"{firing} alerts would be silenced, {most} are allowed"));
        var ends = request.ExpiresAt ?? tools.Time.GetUtcNow() + values.Span("ttl");
        return Proposal.Act(Workloads.Invariant($"silences {firing} alerts {values["alert"]} of {target} until {ends:u}"),
            new SilenceEffect(labels, ends, $"Incident {request.IncidentId} of {target}"));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        if (tools.Ports.Silences is not { } silences) return EffectCheck.NotYet("no Alertmanager is set any more");
        var firing = await silences.CountFiringAsync(((SilenceEffect)image.Steps[0]).Labels, cancellationToken);
        return firing == 0
            ? EffectCheck.Yes("no such alert fires that is not silenced")
            : EffectCheck.NotYet(Workloads.Invariant($"{firing} such alerts fire still"));
    }

    private static (IReadOnlyDictionary<string, string> Labels, string? Fault) LabelsOf(
        TargetReference target, IReadOnlyDictionary<string, string> values)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["alertname"] = values["alert"] };
        if (values["alert"].Length == 0) return (labels, "it is not said which alert");
        foreach (var part in values["labels"].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (part.Split('=', 2) is not [var name, { Length: > 0 } value] || !IsLabel(name))
            {
                return (labels, $"labels: expected name=value,name=value, got '{SafeText.Line(part, 100)}'");
            }

            labels[name] = value;
        }

        if (target.Namespace.Length > 0) labels["namespace"] = target.Namespace;
        return labels.Count > 1 ? (labels, null) : (labels, "labels: expected one that says which of the alerts is meant");
    }

    private static bool IsLabel(string name) =>
        name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
}

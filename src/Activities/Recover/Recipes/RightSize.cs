using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Gives a container the requests that its usage of the last days asks for. A limit is moved only where it was the same as the request, or
/// would be below the new one. Needs a history, which the cluster's own metrics do not have.
/// </summary>
internal sealed class RightSize : IRecipe
{
    public const string Id = "right_size";

    /// <summary>Percent of the window's hours for which usage must be known.</summary>
    public const int MinCoveragePercent = 90;

    // Names that Kubernetes makes up have no vowels, so that another workload's name is not taken for one of them.
    private const string MadeUp = "[bcdfghjklmnpqrstvwxz2456789]";
    private static readonly TimeSpan Again = TimeSpan.FromHours(24);

    public ActionDescriptor Descriptor { get; } = new(
        Id,
        RiskClass.R3,
        [Causes.ResourcesMisfit],
        [TargetKinds.Deployment, TargetKinds.StatefulSet, TargetKinds.DaemonSet],
        [
            new ActionParameter("container", ParameterKind.Text, "", null, null, "Which container; empty: the only one."),
            new ActionParameter("window", ParameterKind.Duration, "168h", "24h", "720h", "How far back usage is looked at."),
            new ActionParameter("headroomPercent", ParameterKind.Number, "130", "105", "300", "The new request in percent of the usage."),
            new ActionParameter("tolerancePercent", ParameterKind.Number, "25", "5", "100",
                "A request that is this close to what it should be is left as it is."),
            new ActionParameter("minCpu", ParameterKind.Quantity, "10m", "1m", "64", "Never a lower CPU request than this."),
            new ActionParameter("maxCpu", ParameterKind.Quantity, "8", "10m", "64", "Never a higher one than this."),
            new ActionParameter("minMemory", ParameterKind.Quantity, "32Mi", "4Mi", "256Gi", "Never a lower memory request than this."),
            new ActionParameter("maxMemory", ParameterKind.Quantity, "16Gi", "16Mi", "256Gi", "Never a higher one than this."),
        ],
        $"Prometheus ({PrometheusOptions.Section}:Url) knows the container's usage for {MinCoveragePercent} % of the window, a request "
            + "is further from it than the tolerance, no tool owns the workload, no autoscaler goes by the use of its requests, it was not "
            + "done within a day, its rollout is idle, and quotas and a node have room for what is more.",
        "All pods are of the new revision and ready, and none of them was killed for memory.",
        $"{Id}_undo",
        [
            .. Rules.ChangeWorkloads("deployments", "statefulsets", "daemonsets"), Rules.ReadReplicaSets, Rules.ReadPods, Rules.ReadNodes,
            Rules.ReadQuotas, Rules.ReadAutoscalers,
        ])
    {
        Summary = "Fits the requests of a container to what it has used over days.",
        EffectWithin = TimeSpan.FromMinutes(15),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) =>
        evidence.Workload?.Owner is { } owner ? $"it belongs to {owner.Tool} ({owner.Proof})" : null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var (target, values) = (request.Target, request.Parameters);
        if (tools.Ports.Usage is not { } source)
        {
            return Proposal.Refuse($"the usage of days is not known: setting {PrometheusOptions.Section}:Url is not set");
        }

        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return Proposal.Gone(target);
        if (await ObjectionAsync(tools, target, live, cancellationToken) is { } objection) return Proposal.Refuse(objection);
        var containers = live.Items("spec", "template", "spec", "containers").ToList();
        var container = values.Given("container") is { } wanted
            ? containers.FirstOrDefault(item => item.Text("name") == wanted) : containers is [var only] ? only : null;
        if (container is null)
        {
            return Proposal.Refuse(
                Workloads.Invariant($"it has {containers.Count} containers, and parameter 'container' names none of them"));
        }

        var name = container.Text("name")!;
        UsageHistory usage;
        try
        {
            usage = await source.ReadAsync(
                new UsageQuery(target.Namespace, PodsOf(target), name, values.Span("window")), cancellationToken);
        }
        catch (UsageException e)
        {
            return Proposal.Refuse(e.Message);
        }

        var hours = (int)values.Span("window").TotalHours;
        if (usage.Hours * 100 < hours * MinCoveragePercent)
        {
            return Proposal.Refuse(Workloads.Invariant($"its usage is known for {usage.Hours} of {hours} hours only"));
        }

        var (cpu, memory) = (new Fit(live, container, "cpu", usage.Cpu, values), new Fit(live, container, "memory", usage.Memory, values));
        if (cpu.Fields.Count + memory.Fields.Count == 0)
        {
            return Proposal.Refuse($"its requests fit: it used up to {Amounts.Cores(usage.Cpu)} CPU and {Amounts.Bytes(usage.Memory)}");
        }

        foreach (var fit in (Fit[])[cpu, memory])
        {
            if (await ResourceRoom.ObjectionAsync(tools, live, target.Namespace, fit.Resource, fit.MoreLimit, fit.MoreRequest,
                fit.MoreRequest, cancellationToken) is { } full) return Proposal.Refuse(full);
        }

        return Proposal.Act(
                $"fits container '{name}' to up to {Amounts.Cores(usage.Cpu)} CPU and {Amounts.Bytes(usage.Memory)} used in "
                    + values["window"],
                PatchEffect.On(ActionTools.AddressOf(target), live, [.. cpu.Fields, .. memory.Fields]))
            .With("container", name);
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return EffectCheck.NotYet($"{target} is gone");
        if (Workloads.Unfinished(live) is { } why) return EffectCheck.NotYet(why);
        var pods = await Workloads.PodsAsync(tools, live, cancellationToken);
        return ResourceRoom.Killed(pods, image.Facts.Text("container")) is { } pod
            ? EffectCheck.NotYet($"pod {pod.Name()} was killed for memory")
            : EffectCheck.Yes("all pods run with the new requests");
    }

    /// <summary>A regular expression for the names that a workload's pods have.</summary>
    public static string PodsOf(TargetReference target)
    {
        var name = target.Name.Replace(".", "[.]", StringComparison.Ordinal);
        return target.Kind switch
        {
            TargetKinds.StatefulSet => $"{name}-[0-9]+",
            TargetKinds.DaemonSet => $"{name}-{MadeUp}{{5}}",
            _ => $"{name}-{MadeUp}{{1,10}}-{MadeUp}{{5}}",
        };
    }

    private static async Task<string?> ObjectionAsync(
        ActionTools tools, TargetReference target, JsonObject live, CancellationToken cancellationToken)
    {
        if (PatchEffect.OwnerOf(live) is { } owner) return $"it belongs to {owner.Tool} ({owner.Proof}): fit it there";
        if (Workloads.Unfinished(live) is { } busy) return $"its rollout is not idle: {busy}";
        var history = await tools.Store.HistoryAsync(target.Key, "", tools.Time.GetUtcNow() - Again, cancellationToken);
        if (history.FirstOrDefault(past => past.ActionId == Id && past.Finished) is { } past)
        {
            return $"it was fitted at {past.AppliedAt:u} already";
        }

        var scaler = await Workloads.AutoscalerAsync(tools, target.Kind, target.Namespace, target.Name, cancellationToken);
        return scaler is not null && GoesByRequests(scaler)
            ? $"HorizontalPodAutoscaler {scaler.Name()} goes by the use of its requests: other requests would scale it" : null;
    }

    private static bool GoesByRequests(JsonObject scaler) =>
        scaler.At("spec", "targetCPUUtilizationPercentage") is not null
        || scaler.Items("spec", "metrics").Any(metric => new[] { "resource", "containerResource" }.Any(kind =>
            metric.At(kind, "target", "averageUtilization") is not null || metric.At(kind, "targetAverageUtilization") is not null));

    /// <summary>What one resource of the container should have, and what changes by it.</summary>
    private sealed class Fit
    {
        public Fit(
            JsonObject live, JsonObject container, string resource, decimal used, IReadOnlyDictionary<string, string> values)
        {
            Resource = resource;
            var suffix = resource == "cpu" ? "Cpu" : "Memory";
            var wanted = Math.Clamp(
                used * values.Number("headroomPercent") / 100, values.Amount($"min{suffix}"),
                Math.Max(values.Amount($"min{suffix}"), values.Amount($"max{suffix}")));
            var request = Amounts.Parse(container.Scalar("resources", "requests", resource));
            var limit = Amounts.Parse(container.Scalar("resources", "limits", resource));

            // Without a request of its own a container requests its limit.
            var now = request ?? limit;
            if (used <= 0 || (now is { } has && Math.Abs(has - wanted) * 100 <= wanted * values.Number("tolerancePercent"))) return;
            Add("requests");
            MoreRequest = Math.Max(0, wanted - (now ?? 0));
            if (limit is not { } most || (most != now && most >= wanted)) return;
            Add("limits");
            MoreLimit = Math.Max(0, wanted - most);

            void Add(string kind) => Fields.Add(FieldChange.Of(
                live, resource == "cpu" ? Amounts.Cores(wanted) : Amounts.Bytes(wanted),
                "spec", "template", "spec", "containers", $"[name={container.Text("name")}]", "resources", kind, resource));
        }

        public string Resource { get; }

        public List<FieldChange> Fields { get; } = [];

        public decimal MoreRequest { get; }

        public decimal MoreLimit { get; }
    }
}

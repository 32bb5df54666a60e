using System.Globalization;
using System.Text.Json;

namespace Heal.Healing;

/// <summary>
/// Finds the object that an alert is about, from its labels alone. A known alert name says which labels identify its object, and everything
/// else on the alert is ignored: exporters leave their own pod and namespace on alerts about nodes and volumes. An unknown name falls back
/// to
/// the most specific label present. Pure; the table is <c>alert-identities.json</c>.
/// </summary>
public static class TargetPolicy
{
    private const int LongestName = 253;

    // Pods of the monitoring itself: on alerts whose exporter did not drop its own labels these name the messenger.
    private static readonly string[] Messengers = ["kube-state-metrics", "node-exporter", "prometheus-node-exporter", "prometheus"];

    // In order: a workload label beats the pod that it happens to carry, a pod beats its node.
    private static readonly (string Label, string Kind)[] Generic =
    [
        ("deployment", TargetKinds.Deployment),
        ("statefulset", TargetKinds.StatefulSet),
        ("daemonset", TargetKinds.DaemonSet),
        ("job_name", TargetKinds.Job),
        ("horizontalpodautoscaler", TargetKinds.HorizontalPodAutoscaler),
        ("poddisruptionbudget", TargetKinds.PodDisruptionBudget),
        ("persistentvolumeclaim", TargetKinds.PersistentVolumeClaim),
        ("resourcequota", TargetKinds.ResourceQuota),
        ("replicaset", TargetKinds.ReplicaSet),
        ("pod", TargetKinds.Pod),
        ("persistentvolume", TargetKinds.PersistentVolume),
        ("node", TargetKinds.Node),
        ("domain", TargetKinds.VirtualMachine),
    ];

    private static readonly Dictionary<string, Rule> Rules = Load();

    /// <summary>The alert names that the table knows, aliases included.</summary>
    public static IReadOnlyCollection<string> KnownAlerts => Rules.Keys;

    public static TargetIdentification Identify(Alert alert, string cluster)
    {
        if (!Rules.TryGetValue(alert.Name, out var rule)) return ByGenericLabels(alert);
        if (rule.Ignore is { } why) return new TargetIdentification(TargetVerdict.Ignored, null, why);
        if (rule.Kind == TargetKinds.Cluster) return Found(alert, new TargetCandidate(TargetKinds.Cluster, "", cluster, alert.Name));

        var ns = rule.Namespace is null ? "" : alert.Label(rule.Namespace);
        var name = rule.Name.Select(alert.Label).FirstOrDefault(value => value is not null);
        if (ns is not null && name is not null) return Found(alert, new TargetCandidate(rule.Kind!, ns, name, alert.Name));
        var wanted = rule.Namespace is null ? string.Join(" or ", rule.Name) : $"{rule.Namespace} and {string.Join(" or ", rule.Name)}";
        return Rejected($"alert '{alert.Name}' identifies a {rule.Kind} by the labels {wanted}; got {LabelNames(alert)}");
    }

    private static TargetIdentification ByGenericLabels(Alert alert)
    {
        foreach (var (label, kind) in Generic)
        {
            if (alert.Label(label) is not { } name) continue;
            if (kind == TargetKinds.Pod && IsMessenger(name)) continue;
            var ns = TargetKinds.IsNamespaced(kind) ? alert.Label("namespace") : "";
            if (ns is not null) return Found(alert, new TargetCandidate(kind, ns, name, $"label {label}"));
        }

        var reason = $"alert '{alert.Name}' is not known and no label identifies a target; expected namespace with one of "
            + $"{string.Join(", ", Generic.Where(g => TargetKinds.IsNamespaced(g.Kind)).Select(g => g.Label))}, "
            + $"or persistentvolume, node, domain; "
            + $"got {LabelNames(alert)}";
        return Rejected(reason);
    }

    private static TargetIdentification Found(Alert alert, TargetCandidate candidate)
    {
        if (IsObjectName(candidate.Name) && (candidate.Namespace.Length == 0 || IsObjectName(candidate.Namespace)))
        {
            return new TargetIdentification(TargetVerdict.Found, candidate, candidate.Rule);
        }

        var shown = JsonFaults.Show($"{candidate.Namespace}/{candidate.Name}");
        return Rejected($"alert '{alert.Name}' names the {candidate.Kind} '{shown}', which is no valid object name");
    }

    // The name goes into request paths: only what Kubernetes itself accepts (plus the colon of host:port) may pass.
    private static bool IsObjectName(string name) =>
        name.Length is > 0 and <= LongestName
        && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or ':');

    private static bool IsMessenger(string pod) => Messengers.Any(name => pod.StartsWith(name + "-", StringComparison.Ordinal));

    private static TargetIdentification Rejected(string reason) => new(TargetVerdict.Rejected, null, reason);

    private static string LabelNames(Alert alert) =>
        alert.Labels.Count == 0 ? "no labels" : SafeText.Line(string.Join(", ", alert.Labels.Keys), 200);

    private static Dictionary<string, Rule> Load()
    {
        using var stream = typeof(TargetPolicy).Assembly.GetManifestResourceStream("alert-identities.json")!;
        var rows = JsonSerializer.Deserialize<List<Rule>>(stream, JsonSerializerOptions.Web)!;
        var rules = new Dictionary<string, Rule>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            foreach (var alert in row.Alerts)
            {
                if (!rules.TryAdd(alert, row))
                {
                    throw new InvalidDataException(
                        string.Create(CultureInfo.InvariantCulture, $"alert-identities.json names '{alert}' twice"));
                }
            }
        }

        return rules;
    }

    private sealed record Rule(string? Kind, string? Namespace, IReadOnlyList<string> Name, string? Ignore, IReadOnlyList<string> Alerts)
    {
        public IReadOnlyList<string> Name { get; } = Name ?? [];
    }
}

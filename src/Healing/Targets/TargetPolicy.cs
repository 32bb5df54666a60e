using System.Globalization;
using System.Text.Json;

namespace Heal.Healing;

/// <summary>
/// Finds the object that an alert is about, from its labels alone. A known alert name says which labels identify its object, and everything
/// else on the alert is ignored: exporters leave their own pod and namespace on alerts about nodes and volumes. An unknown name falls back
/// to the most specific label present. Pure; the table is <c>alert-identities.json</c>.
/// </summary>
public static class TargetPolicy
{
    private const int LongestName = 253;

    /// <summary>
    /// When a scraped metric has a label of the same name as the scrape target, Prometheus keeps the target's and renames the metric's. So
    /// where both are there, the renamed one is about the object and the plain one about the exporter.
    /// </summary>
    private const string Renamed = "exported_";

    // Parts of the names of exporters: what they leave on an alert about something else names the messenger.
    private const string NodeExporter = "node-exporter";
    private static readonly string[] Messengers = ["kube-state-metrics", NodeExporter, "blackbox-exporter"];
    private static readonly string[] MessengerLabels = ["pod", "service", "job", "container"];

    // In order: a workload label beats the pod that it happens to carry, a pod beats its node.
    private static readonly Identity[] Generic =
    [
        Of("deployment", TargetKinds.Deployment),
        Of("statefulset", TargetKinds.StatefulSet),
        Of("daemonset", TargetKinds.DaemonSet),
        Of("cronjob", TargetKinds.CronJob),
        Of("job_name", TargetKinds.Job),
        Of("horizontalpodautoscaler", TargetKinds.HorizontalPodAutoscaler),
        Of("poddisruptionbudget", TargetKinds.PodDisruptionBudget),
        Of("persistentvolumeclaim", TargetKinds.PersistentVolumeClaim),
        Of("resourcequota", TargetKinds.ResourceQuota),
        Of("replicaset", TargetKinds.ReplicaSet),
        Of("pod", TargetKinds.Pod),
        Of("persistentvolume", TargetKinds.PersistentVolume),
        Of("node", TargetKinds.Node),
        Of("domain", TargetKinds.VirtualMachine),
        Of("service", TargetKinds.Service),
        Of("namespace", TargetKinds.Namespace),
    ];

    private static readonly Dictionary<string, Rule> Rules = Load();

    /// <summary>The alert names that the table knows, aliases included.</summary>
    public static IReadOnlyCollection<string> KnownAlerts => Rules.Keys;

    /// <summary>Why alerts of this name lead to no incident, whatever they name; null when they may.</summary>
    public static string? WhyIgnored(string alert) => Rules.GetValueOrDefault(alert)?.Ignore;

    public static TargetIdentification Identify(Alert alert, string cluster)
    {
        if (!Rules.TryGetValue(alert.Name, out var rule)) return ByGenericLabels(alert);
        if (rule.Ignore is { } why) return new TargetIdentification(TargetVerdict.Ignored, null, why);
        foreach (var identity in rule.Targets)
        {
            if (identity.Kind == TargetKinds.Cluster)
            {
                return Found(alert, new TargetCandidate(TargetKinds.Cluster, "", cluster, alert.Name));
            }

            if (Candidate(alert, identity, alert.Name) is { } candidate) return Found(alert, candidate);
        }

        var wanted = string.Join(", or a ", rule.Targets.Select(identity => $"{identity.Kind} by the labels {identity.Labels}"));
        return Rejected($"alert '{alert.Name}' identifies a {wanted}; got {LabelNames(alert)}");
    }

    private static TargetIdentification ByGenericLabels(Alert alert)
    {
        foreach (var identity in Generic)
        {
            var label = identity.Name[0];
            // What is left of an exporter's alert are its own labels. Of node-exporter's one is the node.
            if (label is "service" && IsAbout(alert, NodeExporter) && Label(alert, "instance") is { } instance)
            {
                return Found(alert, new TargetCandidate(TargetKinds.Node, "", instance, "label instance"));
            }

            if (label is "pod" or "service" && IsMessenger(Label(alert, label))) continue;
            if (label is "namespace" && Messengers.Any(messenger => IsAbout(alert, messenger))) continue;
            if (Candidate(alert, identity, $"label {label}") is { } candidate) return Found(alert, candidate);
        }

        var reason = $"alert '{alert.Name}' is not known and no label identifies a target; expected namespace with one of "
            + $"{string.Join(", ", Generic.Where(g => g.Namespace is not null).Select(g => g.Name[0]))}, "
            + $"or persistentvolume, node, domain, namespace; "
            + $"got {LabelNames(alert)}";
        return Rejected(reason);
    }

    private static TargetCandidate? Candidate(Alert alert, Identity identity, string rule)
    {
        var name = identity.Name.Select(label => Label(alert, label)).FirstOrDefault(value => value is not null);
        if (name is null) return null;
        // A namespace lies in itself: what is said of the namespace holds for it.
        if (identity.Kind == TargetKinds.Namespace) return new TargetCandidate(identity.Kind, name, name, rule);
        var ns = identity.Namespace is null ? "" : Label(alert, identity.Namespace);
        if (ns is null) return null;
        var host = TargetKinds.IsOnHypervisor(identity.Kind) ? alert.Label("host") ?? alert.Label("instance") : null;
        return new TargetCandidate(identity.Kind, ns, name, rule) { Host = host };
    }

    private static string? Label(Alert alert, string name) => alert.Label(Renamed + name) ?? alert.Label(name);

    private static TargetIdentification Found(Alert alert, TargetCandidate candidate)
    {
        if (IsObjectName(candidate) && (candidate.Namespace.Length == 0 || IsObjectName(candidate.Namespace)))
        {
            return new TargetIdentification(TargetVerdict.Found, candidate, candidate.Rule);
        }

        var shown = JsonFaults.Show($"{candidate.Namespace}/{candidate.Name}");
        return Rejected($"alert '{alert.Name}' names the {candidate.Kind} '{shown}', which is no valid object name");
    }

    // Names of domains and pools are free text to libvirt, and never part of a path.
    private static bool IsObjectName(TargetCandidate candidate) =>
        candidate.Kind is TargetKinds.VirtualMachine or TargetKinds.StoragePool ? IsFreeName(candidate.Name)
            : IsObjectName(TargetKinds.IsMachine(candidate.Kind) ? MachineAddress.HostOf(candidate.Name) : candidate.Name);

    private static bool IsFreeName(string name) =>
        name.Length is > 0 and <= LongestName && !name.Contains('/', StringComparison.Ordinal) && !name.Any(char.IsControl);

    // The name goes into request paths: only what Kubernetes itself accepts (plus the colon of addresses) may pass.
    private static bool IsObjectName(string name) =>
        name.Length is > 0 and <= LongestName
        && (char.IsAsciiLetterOrDigit(name[0]) || name.StartsWith("::", StringComparison.Ordinal))
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or ':');

    private static bool IsMessenger(string? name) =>
        name is not null && Messengers.Any(messenger => name.Contains(messenger, StringComparison.Ordinal));

    private static bool IsAbout(Alert alert, string messenger) =>
        MessengerLabels.Any(label => alert.Label(label)?.Contains(messenger, StringComparison.Ordinal) == true);

    private static TargetIdentification Rejected(string reason) => new(TargetVerdict.Rejected, null, reason);

    private static string LabelNames(Alert alert) =>
        alert.Labels.Count == 0 ? "no labels" : SafeText.Line(string.Join(", ", alert.Labels.Keys), 200);

    private static Identity Of(string label, string kind) => new(kind, TargetKinds.IsNamespaced(kind) ? "namespace" : null, [label]);

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

    /// <param name="Targets">In order: the first whose labels are all there.</param>
    private sealed record Rule(string? Ignore, IReadOnlyList<Identity> Targets, IReadOnlyList<string> Alerts)
    {
        public IReadOnlyList<Identity> Targets { get; } = Targets ?? [];
    }

    /// <param name="Namespace">The label with the namespace; null for kinds without.</param>
    /// <param name="Name">The labels that may hold the name, the best first.</param>
    private sealed record Identity(string Kind, string? Namespace, IReadOnlyList<string> Name)
    {
        public string Labels => Namespace is null ? string.Join(" or ", Name) : $"{Namespace} and {string.Join(" or ", Name)}";
    }
}

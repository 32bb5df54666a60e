using System.Globalization;

namespace Heal.Healing;

/// <summary>
/// Keeps bundles within their bounds. What goes first is what judging needs least; what went is said in the gaps. Pure and stable: the same
/// bundle is always cut the same way.
/// </summary>
public static class EvidenceSize
{
    private const int DigestPods = 20;
    private const int DigestEvents = 20;
    private const int DigestLogs = 4;
    private const int DigestLogLines = 10;
    private const int DigestChanges = 15;
    private const int DigestFacts = 40;
    private const int DigestRelatedFacts = 10;
    private const int DigestSiblings = 5;

    // In order: each is tried when the ones before were not enough.
    private static readonly (string What, Func<EvidenceBundle, EvidenceBundle> Cut)[] Steps =
    [
        ("log lines beyond 20 per log", b => b with { Logs = [.. b.Logs.Select(log => log with { Lines = Last(log.Lines, 20) })] }),
        ("related objects' values", b => b with { Related = [.. b.Related.Select(item => item with { Facts = First(item.Facts, 5) })] }),
        ("events beyond 20", b => b with { Events = First(b.Events, 20) }),
        ("siblings", b => b with { Siblings = [] }),
        ("the target's values beyond 20",
            b => b with { Object = b.Object is null ? null : b.Object with { Facts = First(b.Object.Facts, 20) } }),
        ("log lines beyond 5 per log", b => b with { Logs = [.. b.Logs.Select(log => log with { Lines = Last(log.Lines, 5) })] }),
        ("pods beyond 10", b => b with { Pods = First(b.Pods, 10) }),
        ("related objects beyond 10", b => b with { Related = First(b.Related, 10) }),
        ("recent changes beyond 10", b => b with { RecentChanges = First(b.RecentChanges, 10) }),
        ("configuration objects beyond 10, and their keys", b => b with { Configs = [.. First(b.Configs, 10)
            .Select(item => item with { Keys = [] })] }),
        ("differences of the template beyond 15", b => b.Change is null ? b : b with { Change = b.Change with
            { Differences = First(b.Change.Differences, 15), Omitted = b.Change.Omitted + Math.Max(0, b.Change.Differences.Count - 15) } }),
        ("pods beyond 4, revisions beyond 4, nodes beyond 4, unready neighbours beyond 20", b => b with
        {
            Pods = First(b.Pods, 4), Revisions = First(b.Revisions, 4), Nodes = First(b.Nodes, 4),
            UnreadyNeighbours = First(b.UnreadyNeighbours, 20),
        }),
        ("logs, related objects, recent changes, events beyond 5", b => b with
        {
            Logs = [], Related = [], RecentChanges = [], Events = First(b.Events, 5),
        }),
        ("all conditions but the first three of an object, containers beyond 4 per pod, gaps beyond 10", b => b with
        {
            Pods = [.. b.Pods.Select(pod => pod with
            {
                Conditions = Telling(pod.Conditions), Containers = First(pod.Containers, 4),
            })],
            Nodes = [.. b.Nodes.Select(node => node with { Conditions = Telling(node.Conditions), Taints = First(node.Taints, 3) })],
            Workload = b.Workload is null ? null : b.Workload with { Conditions = Telling(b.Workload.Conditions) },
            Object = b.Object is null ? null : b.Object with
            {
                Conditions = Telling(b.Object.Conditions), Facts = First(b.Object.Facts, 5),
            },
            Gaps = First(b.Gaps, 10),
        }),
        ("differences of the template", b => b.Change is null ? b : b with { Change = b.Change with
            { Differences = First(b.Change.Differences, 5), Omitted = b.Change.Omitted + Math.Max(0, b.Change.Differences.Count - 5) } }),
    ];

    /// <summary>Cuts the bundle until it fits, and says what was cut.</summary>
    public static EvidenceBundle Fit(EvidenceBundle bundle, int maxBytes)
    {
        if (EvidenceJson.Write(bundle).Length <= maxBytes) return bundle;
        var cut = new List<string>();
        var result = bundle;
        foreach (var (what, step) in Steps)
        {
            result = step(result);
            cut.Add(what);
            var said = Say(result, cut, maxBytes);
            if (EvidenceJson.Write(said).Length <= maxBytes) return said;
        }

        return Say(result, cut, maxBytes);
    }

    /// <summary>
    /// What travels through the history and is judged on. It keeps every kind of fact that detection, diagnosis and planning look at, for
    /// fewer objects and with shorter texts. Detection and diagnosis of a kept bundle are those of its digest.
    /// </summary>
    public static EvidenceBundle Digest(this EvidenceBundle bundle) => Fit(
        bundle with
        {
            Pods = First(bundle.Pods, DigestPods),
            Events = First(bundle.Events, DigestEvents),
            Logs = [.. First(bundle.Logs, DigestLogs).Select(log => log with { Lines = Last(log.Lines, DigestLogLines) })],
            Siblings = First(bundle.Siblings, DigestSiblings),
            RecentChanges = First(bundle.RecentChanges, DigestChanges),
            Object = bundle.Object is null ? null : bundle.Object with { Facts = First(bundle.Object.Facts, DigestFacts) },
            Related = [.. bundle.Related.Select(item => item with { Facts = First(item.Facts, DigestRelatedFacts) })],
        },
        EvidenceLimits.DigestBytes);

    private static EvidenceBundle Say(EvidenceBundle bundle, List<string> cut, int maxBytes) => bundle with
    {
        Gaps = [.. bundle.Gaps, string.Create(
            CultureInfo.InvariantCulture, $"cut to {maxBytes / 1024} KiB: without {string.Join("; ", cut)}")],
    };

    // Scheduling and readiness are judged on; of the others the order is the server's.
    private static IReadOnlyList<ConditionEvidence> Telling(IReadOnlyList<ConditionEvidence> conditions) =>
    [
        .. conditions.OrderBy(condition => condition.Type is not ("PodScheduled" or "Ready" or "Progressing" or "ReplicaFailure"
            or "Available" or "Failed" or "ScalingLimited")).Take(3),
    ];

    private static IReadOnlyList<T> First<T>(IReadOnlyList<T> items, int count) =>
        items.Count <= count ? items : [.. items.Take(count)];

    private static IReadOnlyList<T> Last<T>(IReadOnlyList<T> items, int count) =>
        items.Count <= count ? items : [.. items.TakeLast(count)];
}

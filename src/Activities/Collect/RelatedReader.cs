using System.Text.Json;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// What stands around the target's pods: Services and their endpoints, NetworkPolicies, budgets, autoscalers, quotas, limits, claims and
/// storage classes. One list for each kind of the namespace, matched here.
/// </summary>
internal static class RelatedReader
{
    private const string ServiceLabel = "kubernetes.io/service-name";

    /// <returns>What was found, and the Services of the namespace that do not select the pods themselves and have backends.</returns>
    public static async Task<(IReadOnlyList<RelatedEvidence> Related, IReadOnlyList<OtherService> Others)> ReadAsync(
        PartReader reader, Subject subject, IReadOnlyList<Pod> pods)
    {
        var ns = subject.Namespace;
        if (ns.Length == 0) return ([], []);
        var labels = Labels(subject, pods);
        var names = subject.Chain().Select(item => (item.Kind, item.Metadata.Name)).ToHashSet();
        var claims = pods.SelectMany(PodFinder.Claims).ToHashSet(StringComparer.Ordinal);
        var looking = ServicesAsync(reader, subject, labels);
        var lists = await Task.WhenAll(
            ReadAsync(reader, subject, "NetworkPolicy", "selects the pods", item => Selects(item, labels, "spec", "podSelector")),
            ReadAsync(reader, subject, "PodDisruptionBudget", "guards the pods", item => Selects(item, labels, "spec", "selector")),
            ReadAsync(reader, subject, "HorizontalPodAutoscaler", "scales it", item => item.Field("spec", "scaleTargetRef") is { } reference
                && names.Contains((ObjectFacts.Text(reference, "kind"), ObjectFacts.Text(reference, "name")))),
            ReadAsync(reader, subject, "ResourceQuota", "limits the namespace", _ => true),
            ReadAsync(reader, subject, "LimitRange", "sets bounds and defaults", _ => true),
            ClaimsAsync(reader, subject, claims));
        var (services, others) = await looking;
        return ([.. services, .. lists.SelectMany(list => list)], others);
    }

    private static async Task<IReadOnlyList<RelatedEvidence>> ReadAsync(
        PartReader reader, Subject subject, string kind, string relation, Func<KubernetesObject, bool> isWanted)
    {
        var list = await reader.ListAsync<KubernetesObject>($"{kind}s", KindCatalogue.Find(kind)!, subject.Namespace);
        var found = (list ?? []).Where(item => item.Metadata.Uid != subject.Object.Metadata.Uid && isWanted(item))
            .OrderBy(item => item.Metadata.Name, StringComparer.Ordinal).ToList();
        return Bound(reader, kind, [.. found.Select(item => Describe(item, kind, relation))]);
    }

    private static async Task<(IReadOnlyList<RelatedEvidence> Related, IReadOnlyList<OtherService> Others)> ServicesAsync(
        PartReader reader, Subject subject, IReadOnlyList<IReadOnlyDictionary<string, string>> labels)
    {
        var slicing = SlicesAsync(reader, subject.Namespace);
        var all = subject.Kind == "Service"
            ? []
            : await reader.ListAsync<KubernetesObject>("Services", KindCatalogue.Find("Service")!, subject.Namespace) ?? [];
        var own = all.Where(item => Selects(item, labels, "spec", "selector"))
            .OrderBy(item => item.Metadata.Name, StringComparer.Ordinal).ToList();
        var services = Bound(reader, "Service", [.. own.Select(item => Describe(item, "Service", "selects the pods"))]);
        var names = services.Select(service => service.Name).ToHashSet(StringComparer.Ordinal);
        if (subject.Kind == "Service") names.Add(subject.Target.Name);
        var slices = await slicing;
        var endpoints = slices is not null
            ? slices.Where(slice => names.Contains(slice.Metadata.Label(ServiceLabel) ?? "")).Select(DescribeSlice)
            : await EndpointsAsync(reader, subject.Namespace, names);
        return (
            [.. services, .. Bound(reader, "EndpointSlice", [.. endpoints.OrderBy(item => item.Name, StringComparer.Ordinal)])],
            slices is null ? [] : Others(all.Except(own), slices));
    }

    // One without a selector has whatever backends somebody gave it, and is judged by them alike.
    private static IReadOnlyList<OtherService> Others(IEnumerable<KubernetesObject> services, IReadOnlyList<KubernetesObject> slices)
    {
        var backends = slices.ToLookup(slice => slice.Metadata.Label(ServiceLabel), StringComparer.Ordinal);
        return
        [
            .. from service in services
               let own = backends[service.Metadata.Name].ToList()
               where own.Count > 0
               orderby service.Metadata.Name
               select new OtherService(
                   service.Metadata.Name!, own.Sum(slice => CountOf(slice).NotReady),
                   [.. own.SelectMany(slice => Items(slice.Field("endpoints"))).Where(IsReady).Select(PodOf)]),
        ];
    }

    private static async Task<IReadOnlyList<KubernetesObject>?> SlicesAsync(PartReader reader, string ns)
    {
        var kind = KindCatalogue.Find("EndpointSlice")!;
        return await reader.IsServedAsync(kind) ? await reader.ListAsync<KubernetesObject>("EndpointSlices", kind, ns) : null;
    }

    // Servers before 1.17, or without the right to list slices.
    private static async Task<IEnumerable<RelatedEvidence>> EndpointsAsync(PartReader reader, string ns, IReadOnlyCollection<string> names)
    {
        var found = await Task.WhenAll(names.Order(StringComparer.Ordinal).Take(EvidenceLimits.RelatedPerKind).Select(name =>
            reader.GetAsync<KubernetesObject>($"Endpoints '{name}'", KindCatalogue.Find("Endpoints")!, ns, name)));
        return found.Select(look => look.Value).OfType<KubernetesObject>().Select(item => Describe(item, "Endpoints", "backends") with
        {
            Facts = Count(Items(item.Field("subsets")).Sum(subset => Length(subset, "addresses")),
                Items(item.Field("subsets")).Sum(subset => Length(subset, "notReadyAddresses"))),
        });
    }

    private static async Task<IReadOnlyList<RelatedEvidence>> ClaimsAsync(PartReader reader, Subject subject, HashSet<string> claims)
    {
        var isClaim = subject.Kind == "PersistentVolumeClaim";
        if (claims.Count == 0 && !isClaim) return [];
        var list = await reader.ListAsync<KubernetesObject>(
            "PersistentVolumeClaims", KindCatalogue.Find("PersistentVolumeClaim")!, subject.Namespace);
        var used = (list ?? []).Where(item => claims.Contains(item.Metadata.Name ?? "")).ToList();
        var missing = list is null ? [] : claims.Except(used.Select(item => item.Metadata.Name!), StringComparer.Ordinal);
        foreach (var name in missing.Order(StringComparer.Ordinal))
        {
            reader.Gap($"PersistentVolumeClaim '{name}' does not exist");
        }

        var classes = used.Append(isClaim ? subject.Object : null).OfType<KubernetesObject>()
            .Select(item => item.Field("spec", "storageClassName")?.ToString()).Where(name => !string.IsNullOrEmpty(name))
            .Distinct().Order(StringComparer.Ordinal).Take(EvidenceLimits.RelatedPerKind);
        var storage = await Task.WhenAll(classes.Select(name => OneAsync(reader, "StorageClass", name!, "provides the volumes")));
        var volume = isClaim && subject.Object.Field("spec", "volumeName")?.ToString() is { Length: > 0 } bound
            ? await OneAsync(reader, "PersistentVolume", bound, "is bound to it") : null;
        var described = used.Where(item => item.Metadata.Uid != subject.Object.Metadata.Uid)
            .OrderBy(item => item.Metadata.Name, StringComparer.Ordinal)
            .Select(item => Describe(item, "PersistentVolumeClaim", "keeps the pods' data")).ToList();
        return [.. Bound(reader, "PersistentVolumeClaim", described), .. storage.Append(volume).OfType<RelatedEvidence>()];
    }

    private static async Task<RelatedEvidence?> OneAsync(PartReader reader, string kind, string name, string relation)
    {
        var found = await reader.GetAsync<KubernetesObject>($"{kind} '{name}'", KindCatalogue.Find(kind)!, null, name);
        if (found is { Known: true, Value: null }) reader.Gap($"{kind} '{name}' does not exist");
        return found.Value is null ? null : Describe(found.Value, kind, relation);
    }

    private static RelatedEvidence Describe(KubernetesObject item, string kind, string relation) => new(
        $"{kind.ToLowerInvariant()}/{item.Metadata.Name}", kind, item.Metadata.Name ?? "", relation,
        item.Metadata.CreationTimestamp, FieldManagers.WantedAt(item.Metadata)?.At,
        ObjectFacts.Conditions(item), ObjectFacts.Of(item, EvidenceLimits.RelatedFacts));

    private static RelatedEvidence DescribeSlice(KubernetesObject slice)
    {
        var (ready, notReady) = CountOf(slice);
        return Describe(slice, "EndpointSlice", $"backends of {slice.Metadata.Label(ServiceLabel)}") with
        {
            Facts = Count(ready, notReady),
        };
    }

    private static (int Ready, int NotReady) CountOf(KubernetesObject slice)
    {
        var all = Items(slice.Field("endpoints")).ToList();
        var ready = all.Count(IsReady);
        return (ready, all.Count - ready);
    }

    // Not said means ready: the API says so.
    private static bool IsReady(JsonElement endpoint) => !endpoint.TryGetProperty("conditions", out var conditions)
        || !conditions.TryGetProperty("ready", out var value) || value.ValueKind != JsonValueKind.False;

    private static string? PodOf(JsonElement endpoint) =>
        endpoint.TryGetProperty("targetRef", out var reference) && ObjectFacts.Text(reference, "kind") == "Pod"
            ? ObjectFacts.Text(reference, "name") : null;

    private static IReadOnlyList<FactEvidence> Count(int ready, int notReady) =>
    [
        new FactEvidence("endpoints.notReady", notReady.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        new FactEvidence("endpoints.ready", ready.ToString(System.Globalization.CultureInfo.InvariantCulture)),
    ];

    // Without pods those of the template: a Service may select what does not run.
    private static List<IReadOnlyDictionary<string, string>> Labels(Subject subject, IReadOnlyList<Pod> pods)
    {
        var found = pods.Select(pod => pod.Metadata.Labels).OfType<IReadOnlyDictionary<string, string>>()
            .DistinctBy(labels => string.Join(',', labels.OrderBy(label => label.Key, StringComparer.Ordinal)
                .Select(label => $"{label.Key}={label.Value}"))).ToList();
        if (found.Count > 0) return found;
        return subject.Template()?["metadata"]?["labels"] is System.Text.Json.Nodes.JsonObject template
            ? [template.ToDictionary(label => label.Key, label => label.Value?.ToString() ?? "", StringComparer.Ordinal)]
            : [];
    }

    private static bool Selects(
        KubernetesObject item, IReadOnlyList<IReadOnlyDictionary<string, string>> labels, string name, params ReadOnlySpan<string> path)
    {
        var selector = Selection.Of(item.Field(name, path));
        return labels.Any(set => Selection.Matches(selector, set));
    }

    private static List<RelatedEvidence> Bound(PartReader reader, string kind, List<RelatedEvidence> found)
    {
        if (found.Count <= EvidenceLimits.RelatedPerKind) return found;
        reader.Gap($"{kind}s: {found.Count - EvidenceLimits.RelatedPerKind} of {found.Count} were left out");
        return [.. found.Take(EvidenceLimits.RelatedPerKind)];
    }

    private static IEnumerable<JsonElement> Items(JsonElement? list) =>
        list is { ValueKind: JsonValueKind.Array } items
            ? items.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Object) : [];

    private static int Length(JsonElement item, string name) =>
        item.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.GetArrayLength() : 0;
}

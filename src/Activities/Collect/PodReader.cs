using System.Text.Json;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Pods as evidence, those in trouble first.</summary>
internal static class PodReader
{
    /// <param name="first">The name of a pod that comes first whatever its state.</param>
    /// <param name="revisionOf">The name of the revision that a pod is of; its controller's name when not given.</param>
    public static IReadOnlyList<PodEvidence> Describe(
        IEnumerable<Pod> pods, string? first = null, Func<Pod, string>? revisionOf = null, Usage? usage = null) =>
    [
        .. pods.Select(pod => Describe(pod, revisionOf?.Invoke(pod) ?? pod.Metadata.ControllerOwner()?.Name ?? "", usage))
            .OrderBy(pod => first is null || pod.Name != first)
            .ThenBy(pod => pod.Terminating).ThenBy(pod => pod.Ready || pod.Phase == "Succeeded")
            .ThenBy(pod => pod.Containers.All(container => container.Restarts == 0))
            .ThenByDescending(pod => pod.CreatedAt).ThenBy(pod => pod.Name, StringComparer.Ordinal),
    ];

    private static PodEvidence Describe(Pod pod, string revision, Usage? usage)
    {
        var status = pod.Status ?? new PodStatus();
        var specs = (pod.Spec?.Containers ?? []).Concat(pod.Spec?.InitContainers ?? [])
            .DistinctBy(container => container.Name).ToDictionary(container => container.Name, StringComparer.Ordinal);
        var statuses = (status.InitContainerStatuses ?? []).Concat(status.ContainerStatuses ?? []);
        var isReady = status.Condition("Ready")?.IsTrue == true;
        var name = pod.Metadata.Name ?? "";
        return new PodEvidence(
            $"pod/{name}",
            name,
            revision,
            status.Phase ?? "Unknown",
            status.Reason is { } reason ? SafeText.Line(reason, EvidenceLimits.MessageLength) : null,
            isReady,
            pod.Metadata.DeletionTimestamp is not null,
            pod.Spec?.NodeName,
            pod.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue,
            [.. statuses.Select(container => Describe(name, container) with
            {
                Resources = Resources(
                    specs.GetValueOrDefault(container.Name), container.Field("resources"), usage?.Of(pod, container.Name)),
            })])
        {
            Namespace = pod.Metadata.Namespace ?? "",
            Conditions =
            [
                .. ObjectFacts.Conditions(status.Conditions)
                    .Where(condition => !isReady || condition.Type.StartsWith("PodResize", StringComparison.Ordinal)),
            ],
        };
    }

    private static ContainerEvidence Describe(string pod, ContainerStatus container)
    {
        // Between a crash and the restart the end of the last run is still the current state.
        var last = container.State?.Terminated ?? container.LastState?.Terminated;
        var waiting = container.State?.Waiting;
        return new ContainerEvidence(
            $"pod/{pod}/{container.Name}",
            container.Name,
            SafeText.Line(container.Image, EvidenceLimits.MessageLength),
            container.Ready,
            container.RestartCount,
            waiting?.Reason is { } reason ? SafeText.Line(reason, EvidenceLimits.MessageLength) : null,
            waiting?.Message is { } message ? SafeText.Line(Scrubber.Scrub(message), EvidenceLimits.MessageLength) : null,
            last?.Reason is { } why ? SafeText.Line(why, EvidenceLimits.MessageLength) : null,
            last?.ExitCode,
            last?.FinishedAt);
    }

    // What is in force where the kubelet says so: a pod may have been resized in its place, or be about to be.
    private static IReadOnlyList<QuantityEvidence> Resources(
        Container? spec, JsonElement? inForce, IReadOnlyDictionary<string, string>? usage)
    {
        var isSaid = inForce is { ValueKind: JsonValueKind.Object };
        var requests = isSaid ? Usage.Quantities(Observer.Child(inForce, "requests")) : spec?.Resources?.Requests;
        var limits = isSaid ? Usage.Quantities(Observer.Child(inForce, "limits")) : spec?.Resources?.Limits;
        var names = new[] { requests, limits, usage }.SelectMany(item => item?.Keys ?? []).Distinct(StringComparer.Ordinal);
        return
        [
            .. names.Order(StringComparer.Ordinal).Take(EvidenceLimits.FactItems).Select(name => new QuantityEvidence(
                SafeText.Line(name, EvidenceLimits.FactLength),
                requests?.GetValueOrDefault(name), limits?.GetValueOrDefault(name), usage?.GetValueOrDefault(name))),
        ];
    }
}

/// <summary>What containers use now, by pod; empty when no metrics were served.</summary>
internal sealed class Usage(IReadOnlyList<KubernetesObject> metrics)
{
    private readonly Dictionary<string, KubernetesObject> _pods = metrics
        .DistinctBy(item => Key(item.Metadata)).ToDictionary(item => Key(item.Metadata), StringComparer.Ordinal);

    public IReadOnlyDictionary<string, string>? Of(Pod pod, string container)
    {
        if (!_pods.TryGetValue(Key(pod.Metadata), out var found)
            || found.Field("containers") is not { ValueKind: JsonValueKind.Array } containers) return null;
        foreach (var item in containers.EnumerateArray())
        {
            if (ObjectFacts.Text(item, "name") == container && item.TryGetProperty("usage", out var usage)) return Quantities(usage);
        }

        return null;
    }

    public static IReadOnlyDictionary<string, string> Quantities(JsonElement? fields) =>
        fields is not { ValueKind: JsonValueKind.Object } found
            ? new Dictionary<string, string>()
            : found.EnumerateObject().Take(EvidenceLimits.FactItems)
                .DistinctBy(item => item.Name)
                .ToDictionary(item => item.Name, item => SafeText.Line(item.Value.ToString(), 40), StringComparer.Ordinal);

    private static string Key(ObjectMeta metadata) => $"{metadata.Namespace}/{metadata.Name}";
}

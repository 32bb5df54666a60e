using System.Globalization;
using System.Text.Json;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>From objects as the cluster sends them to what detectors want to know of them. Foreign text is bounded and scrubbed here.
/// </summary>
public static class Observer
{
    private const int MessageLength = 300;

    public static Observed? Of(KubernetesObject seen, Observed? before, DateTimeOffset now) => seen switch
    {
        Pod pod => PodObserver.Of(pod),
        Deployment deployment => WorkloadObserver.Of(deployment),
        StatefulSet set => WorkloadObserver.Of(set),
        DaemonSet set => WorkloadObserver.Of(set),
        Node node => NodeObserver.Of(node, before as ObservedNode, now),
        Namespace space => new ObservedNamespace(
            Info(space, TargetKinds.Namespace), space.Metadata.DeletionTimestamp is not null || space.Status?.Phase == "Terminating"),
        _ => ResourceObserver.Of(seen, before),
    };

    internal static ObjectInfo Info(KubernetesObject seen, string kind)
    {
        var metadata = seen.Metadata;
        var owner = metadata.ControllerOwner();
        return new ObjectInfo(
            kind, metadata.Namespace ?? "", metadata.Name ?? "", metadata.Uid ?? $"{kind}/{metadata.Namespace}/{metadata.Name}",
            metadata.CreationTimestamp ?? DateTimeOffset.UnixEpoch, metadata.DeletionTimestamp,
            owner is null ? null : new OwnerInfo(owner.Kind, owner.Name, owner.Uid), metadata.Labels,
            (metadata.Annotation(KubernetesNames.Autonomy) ?? metadata.Label(KubernetesNames.Autonomy)) is not null,

            // One that cannot be read counts as none: nobody is to lose an incident by a typing error.
            MaintenanceMark.Of(metadata, kind)?.Until);
    }

    internal static IReadOnlyList<ObservedCondition> Conditions(IReadOnlyList<Condition>? conditions) =>
        conditions is null ? [] : [.. conditions.Select(Condition)];

    internal static ObservedCondition Condition(Condition condition) => new(
        condition.Type, condition.Status, Text(condition.Reason), Text(condition.Message), condition.LastTransitionTime);

    /// <summary>Conditions of a kind without a model.</summary>
    internal static ObservedCondition? Condition(JsonElement? status, string type)
    {
        if (Child(status, "conditions") is not { ValueKind: JsonValueKind.Array } conditions) return null;
        foreach (var condition in conditions.EnumerateArray())
        {
            if (String(condition, "type") != type) continue;
            var since = DateTimeOffset.TryParse(
                String(condition, "lastTransitionTime"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
                ? time : (DateTimeOffset?)null;
            return new ObservedCondition(
                type, String(condition, "status") ?? "", Text(String(condition, "reason")), Text(String(condition, "message")), since);
        }

        return null;
    }

    internal static string? Text(string? text) =>
        string.IsNullOrEmpty(text) ? null : SafeText.Line(Scrubber.Scrub(SafeText.Clean(text, 4 * MessageLength)), MessageLength);

    internal static JsonElement? Child(JsonElement? parent, string name) =>
        parent is { ValueKind: JsonValueKind.Object } known && known.TryGetProperty(name, out var child) ? child : null;

    internal static string? String(JsonElement? parent, string name) =>
        Child(parent, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    internal static int Number(JsonElement? parent, string name, int otherwise = 0) =>
        Child(parent, name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var value) ? value : otherwise;

    internal static IReadOnlyDictionary<string, string> Map(JsonElement? map)
    {
        if (map is not { ValueKind: JsonValueKind.Object } known) return new Dictionary<string, string>();
        return known.EnumerateObject().Where(pair => pair.Value.ValueKind == JsonValueKind.String)
            .ToDictionary(pair => pair.Name, pair => pair.Value.GetString()!, StringComparer.Ordinal);
    }
}

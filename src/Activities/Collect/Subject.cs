using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>The target with its owners, and the workload that it belongs to or drives: the one whose pods and history tell of it.</summary>
/// <param name="Workload">The topmost workload of target and owners; for an autoscaler what it scales; null when there is none.</param>
internal sealed record Subject(
    TargetReference Target, KubernetesObject Object, IReadOnlyList<Owner> Owners, KubernetesObject? Workload)
{
    private static readonly string[] Workloads =
        ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"];

    /// <summary>The kind without its group.</summary>
    public string Kind => Object.Kind ?? Target.Kind;

    /// <summary>The namespace that its neighbours are in: its own, or the target itself when that is one. Empty for the cluster.</summary>
    public string Namespace => Kind == "Namespace" ? Target.Name : Target.Namespace;

    /// <summary>Target, owners that exist, and the workload.</summary>
    public IEnumerable<KubernetesObject> Chain() =>
        new[] { Object }.Concat(Owners.Select(owner => owner.Object)).Append(Workload).OfType<KubernetesObject>()
            .DistinctBy(item => item.Metadata.Uid);

    /// <summary>The pod template of the workload, or the pod itself as one; null when there is neither.</summary>
    public JsonObject? Template() => (Workload ?? Object) switch
    {
        { Kind: "CronJob" } cron => Json(cron.Field("spec", "jobTemplate", "spec", "template")),
        { Kind: "Pod" } pod => new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["labels"] = new JsonObject((pod.Metadata.Labels ?? new Dictionary<string, string>())
                    .Select(label => KeyValuePair.Create(label.Key, (JsonNode?)JsonValue.Create(label.Value)))),
            },
            ["spec"] = Json(pod.Field("spec")),
        },
        var other => Json(other.Field("spec", "template")),
    };

    public static async Task<Subject> ReadAsync(PartReader reader, TargetReference target, KubernetesObject found)
    {
        var owners = await OwnerChain.ReadAsync(reader, found);
        var workload = new[] { found }.Concat(owners.Select(owner => owner.Object))
            .LastOrDefault(item => item is not null && Workloads.Contains(item.Kind));
        if (found.Kind == "HorizontalPodAutoscaler") workload = await ScaledAsync(reader, target, found);
        return new Subject(target, found, owners, workload);
    }

    private static async Task<KubernetesObject?> ScaledAsync(PartReader reader, TargetReference target, KubernetesObject autoscaler)
    {
        if (autoscaler.Field("spec", "scaleTargetRef") is not { ValueKind: JsonValueKind.Object } reference) return null;
        var (kind, name) = (ObjectFacts.Text(reference, "kind"), ObjectFacts.Text(reference, "name"));
        var apiVersion = ObjectFacts.Text(reference, "apiVersion");
        var scaled = await reader.GetAsync<KubernetesObject>(
            $"scaled {kind} '{name}'", ResourceKind.FromApiVersion(apiVersion, kind), target.Namespace, name);
        if (scaled is { Known: true, Value: null }) reader.Gap($"scaled {kind} '{name}' does not exist");
        return scaled.Value;
    }

    private static JsonObject? Json(JsonElement? element) =>
        element is { ValueKind: JsonValueKind.Object } fields ? JsonObject.Create(fields) : null;
}

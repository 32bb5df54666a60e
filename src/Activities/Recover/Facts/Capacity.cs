using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Whether more pods, or bigger ones, have room: on nodes that take pods, and in the namespace's quotas. Nodes are looked at one after the
/// other, until there is enough: a large cluster has more pods than anybody wants to read.
/// </summary>
internal static class Capacity
{
    /// <summary>Nodes that are looked at; what the others have is not counted.</summary>
    public const int MaxNodes = 200;

    /// <summary>How many more pods of a template the nodes have room for, as far as requests tell.</summary>
    /// <param name="enough">Looks no further once there is room for so many.</param>
    public static async Task<int> RoomForAsync(
        ActionTools tools, JsonNode? podSpec, int enough, CancellationToken cancellationToken, Func<JsonObject, bool>? node = null)
    {
        var (cpu, memory) = (Requested(podSpec, "cpu"), Requested(podSpec, "memory"));
        var room = 0;
        await foreach (var free in FreeAsync(tools, podSpec, node, cancellationToken))
        {
            var byCpu = cpu > 0 ? Math.Floor(free.Cpu / cpu) : int.MaxValue;
            var byMemory = memory > 0 ? Math.Floor(free.Memory / memory) : int.MaxValue;
            room += (int)Math.Clamp(Math.Min(Math.Min(byCpu, byMemory), free.Pods), 0, 10_000);
            if (room >= enough) break;
        }

        return room;
    }

    /// <summary>Whether one node has so much memory or CPU free.</summary>
    public static async Task<bool> HasRoomAsync(
        ActionTools tools, JsonNode? podSpec, string resource, decimal room, CancellationToken cancellationToken)
    {
        await foreach (var free in FreeAsync(tools, podSpec, null, cancellationToken))
        {
            if ((resource == "memory" ? free.Memory : free.Cpu) >= room) return true;
        }

        return false;
    }

    /// <summary>Why a namespace's quotas do not allow this much more; null when they do.</summary>
    public static async Task<string?> QuotaObjectionAsync(
        ActionTools tools, string ns, IReadOnlyDictionary<string, decimal> more, CancellationToken cancellationToken)
    {
        foreach (var quota in await tools.ListAsync(Kinds.ResourceQuota, ns, cancellationToken))
        {
            foreach (var (resource, hard) in quota.Texts("status", "hard"))
            {
                var name = resource is "cpu" or "memory" ? $"requests.{resource}" : resource;
                if (!more.TryGetValue(name, out var wanted) || wanted <= 0) continue;
                var used = Amounts.Parse(quota.Scalar("status", "used", resource)) ?? 0;
                if (Amounts.Parse(hard) is { } limit && used + wanted > limit)
                {
                    return $"quota {quota.Name()} allows {hard} of {resource} and {quota.Scalar("status", "used", resource)} is used";
                }
            }
        }

        return null;
    }

    /// <summary>What so many pods of a template ask for, under the names that quotas use.</summary>
    public static IReadOnlyDictionary<string, decimal> Of(JsonNode? podSpec, int pods) => new Dictionary<string, decimal>
    {
        ["pods"] = pods,
        ["requests.cpu"] = Requested(podSpec, "cpu") * pods,
        ["requests.memory"] = Requested(podSpec, "memory") * pods,
        ["limits.cpu"] = Sum(podSpec, "limits", "cpu") * pods,
        ["limits.memory"] = Sum(podSpec, "limits", "memory") * pods,
    };

    public static decimal Requested(JsonNode? podSpec, string resource) => Sum(podSpec, "requests", resource);

    private static decimal Sum(JsonNode? podSpec, string kind, string resource)
    {
        var overhead = kind == "requests" ? Amounts.Parse(podSpec.Scalar("overhead", resource)) ?? 0 : 0;
        // What a pod says of itself as a whole counts before what its containers say.
        if (Amounts.Parse(podSpec.Scalar("resources", kind, resource)) is { } whole) return whole + overhead;
        // Sidecars stay beside what comes after them; any other init container runs alone.
        var (sidecars, most) = (0m, 0m);
        foreach (var container in podSpec.Items("initContainers"))
        {
            var own = Of(container);
            if (container.Text("restartPolicy") == "Always") sidecars += own;
            most = Math.Max(most, container.Text("restartPolicy") == "Always" ? sidecars : sidecars + own);
        }

        return Math.Max(most, sidecars + podSpec.Items("containers").Sum(Of)) + overhead;

        decimal Of(JsonObject container) => Amounts.Parse(container.Scalar("resources", kind, resource)) ?? 0;
    }

    // A pod that is being made smaller in its place holds what it had until that is done.
    private static decimal Held(JsonObject pod, string resource) => Math.Max(
        Requested(pod["spec"], resource),
        pod.Items("status", "containerStatuses").Sum(status => Amounts.Parse(status.Scalar("allocatedResources", resource)) ?? 0));

    private static async IAsyncEnumerable<NodeRoom> FreeAsync(
        ActionTools tools, JsonNode? podSpec, Func<JsonObject, bool>? include,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var nodes = (await tools.ListAsync(Kinds.Node, null, cancellationToken))
            .Where(node => (include?.Invoke(node) ?? true) && Takes(node, podSpec)).Take(MaxNodes);
        foreach (var node in nodes)
        {
            var there = (await tools.ListAsync(
                    Kinds.Pod, null, cancellationToken, fields: $"spec.nodeName={FieldSelector.Escape(node.Name())}", mayBeOld: true))
                .Where(pod => !Workloads.IsFinished(pod)).ToList();
            yield return new NodeRoom(
                Allocatable(node, "cpu") - there.Sum(pod => Held(pod, "cpu")),
                Allocatable(node, "memory") - there.Sum(pod => Held(pod, "memory")), Allocatable(node, "pods") - there.Count);
        }
    }

    private static bool Takes(JsonObject node, JsonNode? podSpec)
    {
        if (node.IsTrue("spec", "unschedulable") || !node.HasCondition("Ready")) return false;
        if (podSpec.Texts("nodeSelector").Any(label => node.Label(label.Key) != label.Value)) return false;
        var taints = node.Items("spec", "taints").Where(taint => taint.Text("effect") is "NoSchedule" or "NoExecute");
        return taints.All(taint => podSpec.Items("tolerations").Any(toleration => Tolerates(toleration, taint)));
    }

    private static bool Tolerates(JsonObject toleration, JsonObject taint) =>
        (toleration.Text("key") ?? taint.Text("key")) == taint.Text("key")
        && (toleration.Text("effect") ?? taint.Text("effect")) == taint.Text("effect")
        && (toleration.Text("operator") == "Exists" || (toleration.Text("value") ?? "") == (taint.Text("value") ?? ""));

    private static decimal Allocatable(JsonObject node, string resource) =>
        Amounts.Parse(node.Scalar("status", "allocatable", resource)) ?? 0;
}

/// <param name="Cpu">Cores.</param>
/// <param name="Memory">Bytes.</param>
internal sealed record NodeRoom(decimal Cpu, decimal Memory, decimal Pods);

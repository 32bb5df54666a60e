using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Whether more pods, or bigger ones, have room: on nodes that take pods, and in the namespace's quotas.</summary>
internal static class Capacity
{
    /// <summary>How many more pods of a template the nodes have room for, as far as requests tell.</summary>
    public static async Task<int> RoomForAsync(
        ActionTools tools, JsonNode? podSpec, CancellationToken cancellationToken, Func<JsonObject, bool>? node = null)
    {
        var (cpu, memory) = (Requested(podSpec, "cpu"), Requested(podSpec, "memory"));
        var room = 0;
        foreach (var free in await FreeAsync(tools, podSpec, cancellationToken, node))
        {
            var byCpu = cpu > 0 ? Math.Floor(free.Cpu / cpu) : int.MaxValue;
            var byMemory = memory > 0 ? Math.Floor(free.Memory / memory) : int.MaxValue;
            room += (int)Math.Clamp(Math.Min(Math.Min(byCpu, byMemory), free.Pods), 0, 10_000);
        }

        return room;
    }

    /// <summary>The largest room that one node has.</summary>
    public static async Task<NodeRoom> LargestAsync(ActionTools tools, JsonNode? podSpec, CancellationToken cancellationToken)
    {
        var free = await FreeAsync(tools, podSpec, cancellationToken);
        return new NodeRoom(
            free.Select(room => room.Cpu).DefaultIfEmpty().Max(), free.Select(room => room.Memory).DefaultIfEmpty().Max(),
            free.Select(room => room.Pods).DefaultIfEmpty().Max());
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

    private static decimal Sum(JsonNode? podSpec, string kind, string resource) =>
        podSpec.Items("containers").Sum(container => Amounts.Parse(container.Scalar("resources", kind, resource)) ?? 0);

    private static async Task<IReadOnlyList<NodeRoom>> FreeAsync(
        ActionTools tools, JsonNode? podSpec, CancellationToken cancellationToken, Func<JsonObject, bool>? include = null)
    {
        var nodes = await tools.ListAsync(Kinds.Node, null, cancellationToken);
        var pods = await tools.ListAsync(Kinds.Pod, null, cancellationToken);
        var byNode = pods.Where(pod => !Workloads.IsFinished(pod)).ToLookup(pod => pod.Text("spec", "nodeName") ?? "");
        return
        [
            .. from node in nodes
               where (include?.Invoke(node) ?? true) && Takes(node, podSpec)
               let there = byNode[node.Name()].ToList()
               select new NodeRoom(
                   Allocatable(node, "cpu") - there.Sum(pod => Requested(pod["spec"], "cpu")),
                   Allocatable(node, "memory") - there.Sum(pod => Requested(pod["spec"], "memory")),
                   Allocatable(node, "pods") - there.Count),
        ];
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

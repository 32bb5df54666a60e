using System.Text.Json.Nodes;

namespace Heal.Activities;

/// <summary>What actions ask that change the requests and limits of a workload's containers.</summary>
internal static class ResourceRoom
{
    /// <summary>Why so much more per pod does not fit: quotas, or no node with room. Null when it does.</summary>
    /// <param name="resource">memory or cpu.</param>
    /// <param name="room">What one node must have free; 0 asks no node.</param>
    public static async Task<string?> ObjectionAsync(
        ActionTools tools, JsonObject live, string ns, string resource, decimal limit, decimal requested, decimal room,
        CancellationToken cancellationToken)
    {
        var replicas = Math.Max(1, Workloads.Desired(live));
        var more = new Dictionary<string, decimal>
        {
            [$"limits.{resource}"] = limit * replicas, [$"requests.{resource}"] = requested * replicas,
        };
        if (await Capacity.QuotaObjectionAsync(tools, ns, more, cancellationToken) is { } quota) return quota;
        if (room <= 0) return null;
        var has = await Capacity.HasRoomAsync(tools, live.At("spec", "template", "spec"), resource, room, cancellationToken);
        return has ? null : "no node has room for the higher limit";
    }

    /// <summary>A pod whose container of this name was killed for memory; null when none was.</summary>
    public static JsonObject? Killed(IReadOnlyList<JsonObject> pods, string? container) => pods.FirstOrDefault(pod =>
        !pod.IsDeleting() && Statuses(pod).Any(status => status.Text("name") == container && WasKilled(status)));

    /// <summary>Of all containers, those that run before or beside the others included.</summary>
    public static IEnumerable<JsonObject> Statuses(JsonObject pod) =>
        pod.Items("status", "containerStatuses").Concat(pod.Items("status", "initContainerStatuses"));

    public static bool WasKilled(JsonObject status) =>
        status.Text("lastState", "terminated", "reason") == "OOMKilled" || status.Text("state", "terminated", "reason") == "OOMKilled";
}

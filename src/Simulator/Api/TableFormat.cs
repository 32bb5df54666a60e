using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;
using Microsoft.AspNetCore.Http;

namespace Heal.Simulator.Api;

/// <summary>
/// The meta.k8s.io/v1 Table that kubectl prints, for lists and single objects: own columns for the main types, name and age for the rest.
/// </summary>
internal static class TableFormat
{
    public static bool IsWanted(HttpContext http) => http.Request.Headers.Accept.ToString().Contains("as=Table", StringComparison.Ordinal);

    public static byte[] Render(ResourceType type, JsonObject meta, IEnumerable<StoredObject> items, DateTimeOffset now)
    {
        string[] columns = type.Kind switch
        {
            "Pod" => ["Name", "Ready", "Status", "Restarts", "Age"],
            "Deployment" => ["Name", "Ready", "Up-to-date", "Available", "Age"],
            "ReplicaSet" => ["Name", "Desired", "Current", "Ready", "Age"],
            "Event" => ["Last Seen", "Type", "Reason", "Object", "Message"],
            "Namespace" => ["Name", "Status", "Age"],
            _ => ["Name", "Age"],
        };
        var table = new JsonObject
        {
            ["kind"] = "Table",
            ["apiVersion"] = "meta.k8s.io/v1",
            ["metadata"] = meta,
            ["columnDefinitions"] = new JsonArray([.. columns.Select(c => (JsonNode)Column(c))]),
            ["rows"] = new JsonArray([.. items.Select(i => (JsonNode)Row(type, i.Json, now))]),
        };
        return JsonSerializer.SerializeToUtf8Bytes(table, Wire.Options);
    }

    private static JsonObject Column(string name) => new JsonObject
    {
        ["name"] = name,
        ["type"] = "string",
        ["format"] = name == "Name" ? "name" : "",
        ["description"] = "",
        ["priority"] = 0,
    };

    private static JsonObject Row(ResourceType type, JsonObject o, DateTimeOffset now)
    {
        string Count(params string[] path) => $"{o.Number(path) ?? 0}";
        var age = Age(o.Text("metadata", "creationTimestamp"), now);
        string[] cells = type.Kind switch
        {
            "Pod" => [o.Name(), Ready(o), PodStatus(o),
                $"{o.Items("status", "containerStatuses").Sum(s => s.Number("restartCount") ?? 0)}", age],
            "Deployment" => [o.Name(), $"{Count("status", "readyReplicas")}/{Count("spec", "replicas")}",
                Count("status", "updatedReplicas"),
                Count("status", "availableReplicas"), age],
            "ReplicaSet" => [o.Name(), Count("spec", "replicas"), Count("status", "replicas"), Count("status", "readyReplicas"), age],
            "Event" => [Age(o.Text("lastTimestamp"), now), o.Text("type") ?? "", o.Text("reason") ?? "",
                $"{o.Text("involvedObject", "kind")?.ToLowerInvariant()}/{o.Text("involvedObject", "name")}", o.Text("message") ?? ""],
            "Namespace" => [o.Name(), o.Text("status", "phase") ?? "", age],
            _ => [o.Name(), age],
        };
        return new JsonObject
        {
            ["cells"] = new JsonArray([.. cells.Select(c => (JsonNode)c)]),
            ["object"] = new JsonObject
            {
                ["kind"] = "PartialObjectMetadata",
                ["apiVersion"] = "meta.k8s.io/v1",
                ["metadata"] = o.Object("metadata")?.Copy(),
            },
        };
    }

    private static string Ready(JsonObject pod)
        => $"{pod.Items("status", "containerStatuses").Count(s => s.Flag("ready") == true)}/{pod.Items("spec", "containers").Count()}";

    private static string PodStatus(JsonObject pod)
    {
        if (pod.IsDeleting())
            return "Terminating";
        var states = pod.Items("status", "containerStatuses").Select(s => s["state"]).ToList();
        return states.Select(s => s.Text("waiting", "reason") ?? s.Text("terminated", "reason")).FirstOrDefault(r => r is not null)
            ?? pod.Text("status", "phase") ?? "Unknown";
    }

    private static string Age(string? since, DateTimeOffset now)
    {
        if (!DateTimeOffset.TryParse(since, out var at))
            return "<unknown>";
        var age = now - at;
        return age.TotalMinutes < 2
            ? $"{Math.Max(0, (int)age.TotalSeconds)}s"
            : age.TotalHours < 3 ? $"{(int)age.TotalMinutes}m" : $"{(int)age.TotalHours}h";
    }
}

using System.Text;
using System.Text.Json.Nodes;

namespace Heal.Cluster.Tests;

/// <summary>What must hold when a workload was rolled back: on the cluster, in the incident and in the ledger.</summary>
internal static class Claims
{
    public const string Rollback = "rollback_deployment";

    /// <summary>The template before the fault is back, serves, and was put back by one write of ours.</summary>
    /// <param name="before">The Deployment before the fault.</param>
    /// <param name="faultyGeneration">The generation that the fault made; each change of the specification adds one.</param>
    public static async Task RolledBackOnceAsync(RealHealer healer, Workload workload, JsonObject before, long faultyGeneration)
    {
        await workload.RolloutAsync();
        JsonObject after = await workload.GetAsync();
        Assert.Equal(TemplateSpec(before), TemplateSpec(after));
        Assert.Equal(faultyGeneration + 1, (long)after["metadata"]!["generation"]!);
        Assert.Equal(workload.Replicas, (int?)after["status"]!["readyReplicas"]);
        Assert.All(await workload.GetPodsAsync(), pod => Assert.Null(Workload.WaitsFor(pod)));
        Assert.True(await workload.RevisionCountAsync() > 1, "expected more than one revision in the rollout's history");

        string? key = (string?)after["metadata"]!["annotations"]![Workload.OperationAnnotation];
        Assert.Equal(1, await healer.QueryAsync<long>(
            "SELECT count(*) FROM heal.operation_ledger WHERE target_key LIKE '%/' || $1 || '/%'", workload));
        Assert.Equal($"{key}|{Rollback}|confirmed", await healer.QueryAsync<string>(
            "SELECT key || '|' || action_id || '|' || state FROM heal.operation_ledger WHERE target_key LIKE '%/' || $1 || '/%'",
            workload));
    }

    /// <summary>One incident, which says that it healed the workload and why that was broken.</summary>
    public static async Task HealedAsync(RealHealer healer, Workload workload, JsonObject incident, string cause)
    {
        Assert.Equal("Healed", (string?)incident["outcome"]!["kind"]);
        Assert.Equal(cause, (string?)incident["outcome"]!["cause"]);
        Assert.Equal($"Deployment {workload.Namespace}/{workload.Name}", (string?)incident["status"]!["target"]);
        Assert.Equal(1, await healer.CountIncidentsAsync(workload));
    }

    /// <summary>Detection opened the incident, and saw that alert's fault; what Alertmanager told of later joined it.</summary>
    public static async Task DetectedAsync(RealHealer healer, JsonObject incident, string alert)
    {
        Assert.Equal("Watch Started", await healer.FirstSignalAsync(incident));
        Assert.Contains(alert, await healer.AlertsAsync(incident, "Watch"));
        Assert.NotEmpty(await healer.AlertsAsync(incident, "Webhook"));
    }

    /// <summary>How the incident ended, and what it took for the cause.</summary>
    public static (string? Kind, string? Cause) Outcome(JsonObject incident) =>
        ((string?)incident["outcome"]!["kind"], (string?)incident["outcome"]!["cause"]);

    /// <summary>The first look at a Deployment that mounts a bad configuration holds all that explains it, and no Secret's value.</summary>
    /// <param name="looks">The kept evidence.</param>
    public static void Explained(IReadOnlyList<JsonObject> looks, Workload workload)
    {
        JsonObject seen = looks[0];
        JsonObject[] pods = Items(seen, "pods");
        JsonObject[] revisions = Items(seen, "revisions");
        JsonNode change = seen["change"]!;

        // From the pods to the top: their controllers are the Deployment's ReplicaSets, of which the newest brought the fault.
        Assert.Equal(("Deployment", workload.Name), ((string?)seen["object"]!["kind"], (string?)seen["object"]!["name"]));
        Assert.Equal(workload.Replicas, pods.Length);
        Assert.All(pods, pod => Assert.Equal((string?)change["toRevision"], (string?)pod["revision"]));
        Assert.Equal([(string?)change["toRevision"], (string?)change["fromRevision"]], revisions.Select(set => (string?)set["name"]));
        JsonObject difference = Assert.Single(Items(change, "differences"));
        Assert.Equal(
            ($"{workload.Name}-good", $"{workload.Name}-bad"), ((string?)difference["old"], (string?)difference["new"]));
        Assert.Contains("configMap.name", (string?)difference["path"], StringComparison.Ordinal);

        Assert.Contains(Items(seen, "events"), e => (string?)e["reason"] == "BackOff" && (string?)e["kind"] == "Pod");
        Assert.Contains(Items(seen, "logs"), log => (bool)log["previous"]!
            && log["lines"]!.ToJsonString().Contains("upside-down", StringComparison.Ordinal));
        Assert.Contains(Items(seen["workload"]!, "conditions"), condition => (string?)condition["type"] == "Available");
        JsonObject[] nodes = Items(seen, "nodes");
        Assert.Equal(
            pods.Select(pod => (string?)pod["node"]).Distinct().Order(StringComparer.Ordinal),
            nodes.Select(node => (string?)node["name"]).Order(StringComparer.Ordinal));
        Assert.All(nodes, node => Assert.Contains(Items(node, "conditions"), condition => (string?)condition["type"] == "Ready"));

        JsonObject[] configs = Items(seen, "configs");
        JsonObject bad = Assert.Single(configs, config => (string?)config["name"] == $"{workload.Name}-bad");
        Assert.NotNull((string?)bad["hash"]);
        JsonObject token = Assert.Single(configs, config => (string?)config["kind"] == "Secret");
        Assert.Equal(($"{workload.Name}-token", true), ((string?)token["name"], (bool)token["exists"]!));
        Assert.Equal("""["token"]""", token["keys"]!.ToJsonString());
        Assert.All(looks, look =>
        {
            string whole = look.ToJsonString();
            Assert.DoesNotContain(Workload.SecretValue, whole, StringComparison.Ordinal);
            Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes(Workload.SecretValue)), whole, StringComparison.Ordinal);
        });
    }

    private static JsonObject[] Items(JsonNode parent, string name) => [.. parent[name]!.AsArray().Select(item => item!.AsObject())];

    private static string TemplateSpec(JsonObject deployment) => deployment["spec"]!["template"]!.ToJsonString();
}

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

    /// <summary>How the incident ended, and what it took for the cause.</summary>
    public static (string? Kind, string? Cause) Outcome(JsonObject incident) =>
        ((string?)incident["outcome"]!["kind"], (string?)incident["outcome"]!["cause"]);

    private static string TemplateSpec(JsonObject deployment) => deployment["spec"]!["template"]!.ToJsonString();
}

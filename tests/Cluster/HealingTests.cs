using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Heal.Cluster.Tests;

/// <summary>
/// The main job on a real Kubernetes: kubectl injects the fault, Prometheus sees it, Alertmanager tells us, and the cluster is well
/// again.
/// </summary>
[Collection(RealClusterCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class HealingTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_crash_loop_of_several_pods_is_rolled_back_once_in_one_incident()
    {
        await using Workload workload = await Workload.CreateAsync("ledger", replicas: 3, autonomy: "act");
        await Monitoring.StartUnheardAsync();
        JsonObject before = await workload.GetAsync();
        DateTime faultAt = DateTime.UtcNow;
        await workload.MountBadConfigAsync();
        long faulty = await workload.GenerationAsync();
        // The healer comes late: after the alert of one pod it might have healed them all before another's fired.
        await Monitoring.UntilAlertsFireAsync(workload.Namespace, count: 2, RealHealer.Patience);
        await using RealHealer healer = await RealHealer.StartAsync(output);
        await healer.ExplainAsync(workload, async () =>
        {
            JsonObject incident = await healer.UntilIncidentEndsAsync(workload);

            await healer.ReportAsync("crashloop", workload, faultAt);
            await Claims.HealedAsync(healer, workload, incident, "CrashAfterTemplateChange");
            await Claims.RolledBackOnceAsync(healer, workload, before, faulty);
            Assert.True(await healer.CountSignalsAsync(workload) > 1, "expected alerts of several pods in the incident");
        });
    }

    [Fact]
    public async Task A_rollout_to_an_image_that_does_not_exist_is_rolled_back()
    {
        await using Workload workload = await Workload.CreateAsync(
            "quotes", replicas: 3, autonomy: "act", progressDeadline: TimeSpan.FromSeconds(10));
        await using RealHealer healer = await RealHealer.StartAsync(output);
        await healer.ExplainAsync(workload, async () =>
        {
            JsonObject before = await workload.GetAsync();
            DateTime faultAt = DateTime.UtcNow;
            await workload.SetMissingImageAsync();
            long faulty = await workload.GenerationAsync();

            JsonObject incident = await healer.UntilIncidentEndsAsync(workload);

            await healer.ReportAsync("stuck-rollout", workload, faultAt);
            await Claims.HealedAsync(healer, workload, incident, "ImagePullAfterTemplateChange");
            await Claims.RolledBackOnceAsync(healer, workload, before, faulty);
        });
    }

    [Fact]
    public async Task A_namespace_that_did_not_opt_in_is_not_touched_and_people_are_called()
    {
        await using Workload workload = await Workload.CreateAsync("atlas", replicas: 2, autonomy: null);
        await using RealHealer healer = await RealHealer.StartAsync(output);
        await healer.ExplainAsync(workload, async () =>
        {
            DateTime faultAt = DateTime.UtcNow;
            await workload.MountBadConfigAsync();
            long faulty = await workload.GenerationAsync();

            JsonObject incident = await healer.UntilIncidentEndsAsync(workload);

            await healer.ReportAsync("observe", workload, faultAt);
            Assert.Equal("Escalated", (string?)incident["outcome"]!["kind"]);
            Assert.Equal("CrashAfterTemplateChange", (string?)incident["outcome"]!["cause"]);
            JsonObject after = await workload.GetAsync();
            Assert.Equal(faulty, (long)after["metadata"]!["generation"]!);
            Assert.Null(after["metadata"]!["annotations"]![Workload.OperationAnnotation]);
            Assert.Equal(0, await healer.QueryAsync<long>(
                "SELECT count(*) FROM heal.operation_ledger WHERE target_key LIKE '%/' || $1 || '/%'", workload));
            Assert.Equal(1, await healer.QueryAsync<long>(
                "SELECT count(*) FROM heal.hand_off JOIN heal.incident USING (incident_id) WHERE namespace = $1", workload));
        });
    }
}

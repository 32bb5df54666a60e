using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Heal.Cluster.Tests;

/// <summary>
/// The main job on a real Kubernetes: kubectl injects the fault, detection sees it or Alertmanager tells us, and the cluster is well again.
/// </summary>
[Collection(RealClusterCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class HealingTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_crash_loop_of_several_pods_is_seen_before_its_alerts_come_and_rolled_back_once_in_one_incident()
    {
        await using Workload workload = await Workload.CreateAsync("ledger", replicas: 3, autonomy: "act");
        await Monitoring.StartUnheardAsync();
        JsonObject before = await workload.GetAsync();
        DateTime faultAt = DateTime.UtcNow;
        await workload.MountBadConfigAsync();
        long faulty = await workload.GenerationAsync();
        // The healer comes late: after it has seen one pod it might have healed them all before the alert of another fired.
        await Monitoring.UntilAlertsFireAsync(workload.Namespace, count: 2, RealHealer.Patience);
        await using RealHealer healer = await RealHealer.StartWatchingAsync(output);
        await healer.ExplainAsync(workload, async () =>
        {
            await healer.UntilAlertJoinsAsync($" {workload.Namespace}/");
            JsonObject incident = await healer.UntilIncidentEndsAsync(workload);

            await healer.ReportAsync("crashloop", workload, faultAt);
            await Claims.HealedAsync(healer, workload, incident, "CrashAfterTemplateChange");
            await Claims.RolledBackOnceAsync(healer, workload, before, faulty);
            Assert.Equal([$"{Claims.Rollback} confirmed"], await healer.OperationsAsync());
            await Claims.DetectedAsync(healer, incident, "KubePodCrashLooping");
            Assert.True(await healer.CountSignalsAsync(workload) > 2, "expected alerts of several pods in the incident");
            Claims.Explained(await healer.EvidenceAsync(incident), workload);
        });
    }

    [Fact]
    public async Task An_image_that_does_not_exist_and_a_limit_that_is_too_low_are_an_incident_each_and_both_are_rolled_back()
    {
        await using Workload pulling = await Workload.CreateAsync(
            "quotes", replicas: 3, autonomy: "approve", progressDeadline: TimeSpan.FromSeconds(10));
        await using Workload starving = await Workload.CreateAsync("thumbnails", replicas: 1, autonomy: "approve", manifest: "hungry.yaml");
        await using RealHealer healer = await RealHealer.StartWatchingAsync(output);
        await healer.ExplainAsync(pulling, () => healer.ExplainAsync(starving, async () =>
        {
            (JsonObject pulled, JsonObject fed) = (await pulling.GetAsync(), await starving.GetAsync());
            DateTime faultAt = DateTime.UtcNow;
            await pulling.SetMissingImageAsync();
            await starving.LimitMemoryAsync("20Mi");
            (long pullingFaulty, long starvingFaulty) = (await pulling.GenerationAsync(), await starving.GenerationAsync());

            // A person approves once the alerts are there: else the faults would be gone before those fired.
            foreach (Workload workload in new[] { starving, pulling })
            {
                await healer.UntilAlertJoinsAsync($" {workload.Namespace}/");
                await healer.ApproveAsync(workload);
            }

            JsonObject pullingIncident = await healer.UntilIncidentEndsAsync(pulling);
            JsonObject starvingIncident = await healer.UntilIncidentEndsAsync(starving);

            await healer.ReportAsync("stuck-rollout", pulling, faultAt);
            await Claims.HealedAsync(healer, pulling, pullingIncident, "ImagePullAfterTemplateChange");
            await Claims.RolledBackOnceAsync(healer, pulling, pulled, pullingFaulty);
            await Claims.DetectedAsync(healer, pullingIncident, "ImagePullBackOffPersistent");
            await healer.ReportAsync("out-of-memory", starving, faultAt);
            await Claims.HealedAsync(healer, starving, starvingIncident, "OutOfMemoryAfterTemplateChange");
            await Claims.RolledBackOnceAsync(healer, starving, fed, starvingFaulty);
            await Claims.DetectedAsync(healer, starvingIncident, "ContainerOOMKilling");
            Assert.Equal([$"{Claims.Rollback} confirmed", $"{Claims.Rollback} confirmed"], await healer.OperationsAsync());
        }));
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

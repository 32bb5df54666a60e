using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Heal.Cluster.Tests;

/// <summary>When no webhook arrives, the timer finds what fires.</summary>
[Collection(RealClusterCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class ReconcileTests(ITestOutputHelper output)
{
    [Fact]
    public async Task An_alert_whose_webhook_goes_astray_is_found_by_the_timer_and_healed()
    {
        await using Workload workload = await Workload.CreateAsync("parcels", replicas: 2, autonomy: "act");
        await using RealHealer healer = await RealHealer.StartAsync(output, webhook: Monitoring.Nobody);
        await healer.ExplainAsync(workload, async () =>
        {
            JsonObject before = await workload.GetAsync();
            DateTime faultAt = DateTime.UtcNow;
            await workload.MountBadConfigAsync();
            long faulty = await workload.GenerationAsync();

            JsonObject incident = await healer.UntilIncidentEndsAsync(workload);

            await healer.ReportAsync("reconcile", workload, faultAt);
            await Claims.HealedAsync(healer, workload, incident, "CrashAfterTemplateChange");
            await Claims.RolledBackOnceAsync(healer, workload, before, faulty);
            Assert.Equal("Reconcile", await healer.QueryAsync<string>(
                "SELECT string_agg(DISTINCT source, ', ') FROM heal.incident_signal "
                + "JOIN heal.incident USING (incident_id) WHERE namespace = $1",
                workload));
        });
    }
}

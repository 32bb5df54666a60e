using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Heal.Cluster.Tests;

/// <summary>One fault and several that complain, on a real Kubernetes.</summary>
[Collection(RealClusterCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class CascadeTests(ITestOutputHelper output)
{
    [Fact]
    public async Task What_crashes_for_want_of_its_database_is_not_touched_and_recovers_when_the_database_is_put_right()
    {
        await using Workload workload = await Workload.CreateAsync(
            "database", replicas: 1, autonomy: "act", manifest: "shared-database.yaml", others: 2);
        await using RealHealer healer = await RealHealer.StartAsync(output);
        await healer.ExplainAsync(workload, async () =>
        {
            DateTime faultAt = DateTime.UtcNow;
            await workload.MountBadConfigAsync();

            JsonObject incident = await healer.UntilIncidentEndsAsync($" {workload.Namespace}/{workload.Name}");

            await healer.ReportAsync("cascading-service-failure", workload, faultAt);
            Assert.Equal(("Healed", "CrashAfterTemplateChange"), Claims.Outcome(incident));
            await workload.RolloutAsync();
            Assert.Equal(["rollback_deployment confirmed"], await healer.OperationsAsync($"/{workload.Namespace}/"));
        });
    }
}

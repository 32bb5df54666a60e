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
        string[] dependents = ["orders", "invoices"];
        await using Workload workload = await Workload.CreateAsync(
            "database", replicas: 1, autonomy: "approve", manifest: "shared-database.yaml", others: dependents.Length);
        foreach (string dependent in dependents)
        {
            // Both of its revisions are healthy: there is one to go back to.
            await workload.ReleaseAsync(dependent);
        }

        await using RealHealer healer = await RealHealer.StartAsync(output);
        await healer.ExplainAsync(workload, async () =>
        {
            DateTime faultAt = DateTime.UtcNow;
            await workload.MountBadConfigAsync();

            // The database waits for a person until both have said that they wait for the database.
            foreach (string dependent in dependents)
            {
                JsonObject waits = await healer.UntilPhaseAsync($" {workload.Namespace}/{dependent}", "Wait");
                Assert.Contains("blocked: it stands on Service 'database'", (string?)waits["status"]!["detail"], StringComparison.Ordinal);
            }

            await healer.ApproveAsync($" {workload.Namespace}/{workload.Name}");
            JsonObject incident = await healer.UntilIncidentEndsAsync($" {workload.Namespace}/{workload.Name}");

            await healer.ReportAsync("cascading-service-failure", workload, faultAt);
            Assert.Equal(("Healed", "CrashAfterTemplateChange"), Claims.Outcome(incident));
            foreach (string dependent in dependents)
            {
                JsonObject ended = await healer.UntilIncidentEndsAsync($" {workload.Namespace}/{dependent}");
                Assert.Equal("NoActionNeeded", (string?)ended["outcome"]!["kind"]);
                Assert.Contains(
                    "nothing was done here, because it stands on Service 'database'", (string?)ended["outcome"]!["reason"],
                    StringComparison.Ordinal);
                JsonObject deployment = await Kubectl.GetAsync("deployment", dependent, "-n", workload.Namespace);
                Assert.Equal("RELEASE", (string?)deployment["spec"]!["template"]!["spec"]!["containers"]![0]!["env"]![0]!["name"]);
                Assert.Equal(2, (long)deployment["metadata"]!["generation"]!);
            }

            await workload.RolloutAsync();
            Assert.Equal(["rollback_deployment confirmed"], await healer.OperationsAsync());
        });
    }
}

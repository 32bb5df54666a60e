using System.Diagnostics;
using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Heal.Cluster.Tests;

/// <summary>
/// Faults that no rollback cures, on a real Kubernetes: an autoscaler at its ceiling, a drain that a budget forbids, a node that dies.
/// </summary>
[Collection(RealClusterCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class CapacityTests(ITestOutputHelper output)
{
    [Fact]
    public async Task An_autoscaler_at_its_ceiling_gets_a_higher_one_and_more_replicas_run()
    {
        await Command.RunAsync(Monitoring.Script("metrics-up.sh"));
        DateTime faultAt = DateTime.UtcNow;
        await using Workload workload = await Workload.CreateAsync("presses", replicas: 1, autonomy: "act", manifest: "autoscaled.yaml");
        await using RealHealer healer = await RealHealer.StartAsync(output);
        await healer.ExplainAsync(workload, async () =>
        {
            JsonObject incident = await healer.UntilIncidentEndsAsync(workload);

            await healer.ReportAsync("hpa-maxed", workload, faultAt);
            (string? kind, string? cause) = Claims.Outcome(incident);
            Assert.Equal("AutoscalerAtMaximum", cause);
            // This load is never satisfied: an alert that joins late finds the autoscaler at its new ceiling, and people are called.
            Assert.Contains(kind, new[] { "Healed", "Escalated" });
            JsonObject scaler = await workload.GetAsync("hpa");
            Assert.Equal(4, (int)scaler["spec"]!["maxReplicas"]!);
            Assert.True((int)scaler["status"]!["currentReplicas"]! > 2, "expected more replicas than the old ceiling allowed");
            Assert.Equal(["patch_hpa_max confirmed"], await healer.OperationsAsync($"{workload.Namespace}/HorizontalPodAutoscaler/"));
        });
    }

    [Fact]
    public async Task A_budget_that_alone_forbids_a_drain_gives_way_for_it_and_is_restored_when_the_drain_is_through()
    {
        await using Workload workload = await Workload.CreateAsync("quorum", replicas: 2, autonomy: "act", manifest: "budgeted.yaml");
        await using RealHealer healer = await RealHealer.StartAsync(output);
        await healer.ExplainAsync(workload, async () =>
        {
            await using Node node = await Node.OfPodAsync((await workload.GetPodsAsync())[0]);
            DateTime faultAt = DateTime.UtcNow;
            using Process drain = node.Drain();

            JsonObject incident = await healer.UntilIncidentEndsAsync(workload);

            await healer.ReportAsync("pdb-deadlock", workload, faultAt);
            Assert.Equal(("Healed", "DisruptionBudgetBlocks"), Claims.Outcome(incident));
            await drain.WaitForExitAsync().WaitAsync(RealHealer.Patience);
            Assert.True(drain.ExitCode == 0, $"the drain failed: {await drain.StandardError.ReadToEndAsync()}");
            await workload.RolloutAsync();
            Assert.DoesNotContain(node.Name, await NodesOfAsync(workload));
            await UntilAsync("the budget is as it was", async () =>
                (int?)(await workload.GetAsync("pdb"))["spec"]!["minAvailable"] == workload.Replicas);
            await UntilAsync("the ledger says that it is restored", async () =>
                (await healer.OperationsAsync($"{workload.Namespace}/PodDisruptionBudget/"))
                    .SequenceEqual(["relax_pdb confirmed", "relax_pdb_undo confirmed"]));
        });
    }

    [Fact]
    public async Task Pods_of_a_node_that_dies_are_moved_it_stays_cordoned_and_people_are_called_for_it()
    {
        await using Workload workload = await Workload.CreateAsync("sorting", replicas: 3, autonomy: "act", manifest: "budgeted.yaml");
        await Kubectl.RunAsync("delete", "pdb", workload.Name, "-n", workload.Namespace); // it would count the lost pod against the drain
        await using RealHealer healer = await RealHealer.StartAsync(output);
        await healer.ExplainAsync(workload, async () =>
        {
            await using Node node = await Node.OfPodAsync((await workload.GetPodsAsync())[0], autonomy: "act");
            DateTime faultAt = DateTime.UtcNow;
            await node.CrashAsync();

            JsonObject incident = await healer.UntilIncidentEndsAsync($"Node {node.Name}");

            await healer.ReportAsync("node-notready", node, faultAt);
            Assert.Equal(("Escalated", "NodeNotReady"), Claims.Outcome(incident));
            Assert.True(await node.IsCordonedAsync(), $"expected {node.Name} to be cordoned");
            IReadOnlyList<JsonObject> ready = [.. (await workload.GetPodsAsync()).Where(Workload.IsReady)];
            Assert.Equal(workload.Replicas, ready.Count(pod => (string?)pod["spec"]!["nodeName"] != node.Name));
            Assert.Contains("drain_node confirmed", await healer.OperationsAsync($"/Node/{node.Name}"));
        });
    }

    private static async Task<IReadOnlyList<string?>> NodesOfAsync(Workload workload) =>
        [.. (await workload.GetPodsAsync()).Select(pod => (string?)pod["spec"]!["nodeName"])];

    private static async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(RealHealer.Patience);
        while (!await holds())
        {
            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"Not within {RealHealer.Patience}: {what}.");
            }

            await Task.Delay(TimeSpan.FromSeconds(1));
        }
    }
}

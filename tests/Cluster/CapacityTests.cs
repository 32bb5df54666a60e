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
        await using Workload workload = await Workload.CreateAsync(
            "presses", replicas: 1, autonomy: "approve", manifest: "autoscaled.yaml");
        await using RealHealer healer = await RealHealer.StartWatchingAsync(output, ("AutoscalerAtMaximum", TimeSpan.FromSeconds(5)));
        await healer.ExplainAsync(workload, async () =>
        {
            DateTime faultAt = DateTime.UtcNow;
            // As much as three replicas are to do: a ceiling of four is enough.
            await workload.RunInAsync((await workload.GetPodsAsync())[0], "while :; do :; done");

            await healer.UntilAlertJoinsAsync($" {workload.Namespace}/");
            await healer.ApproveAsync(workload);
            JsonObject incident = await healer.UntilIncidentEndsAsync(workload);

            await healer.ReportAsync("hpa-maxed", workload, faultAt);
            Assert.Equal(("Healed", "AutoscalerAtMaximum"), Claims.Outcome(incident));
            JsonObject scaler = await workload.GetAsync("hpa");
            Assert.Equal(4, (int)scaler["spec"]!["maxReplicas"]!);
            Assert.True((int)scaler["status"]!["currentReplicas"]! > 2, "expected more replicas than the old ceiling allowed");
            Assert.Equal(["patch_hpa_max confirmed"], await healer.OperationsAsync());
            await Claims.DetectedAsync(healer, incident, "KubeHpaMaxedOut");
            Assert.Equal(1, await healer.CountIncidentsAsync(workload));
        });
    }

    [Fact]
    public async Task A_budget_that_alone_forbids_a_drain_gives_way_for_it_and_is_restored_when_the_drain_is_through()
    {
        await using Workload workload = await Workload.CreateAsync("quorum", replicas: 2, autonomy: "approve", manifest: "budgeted.yaml");
        await using RealHealer healer = await RealHealer.StartWatchingAsync(output, ("BudgetDeadlock", TimeSpan.FromSeconds(2)));
        await healer.ExplainAsync(workload, async () =>
        {
            await using Node node = await Node.OfPodAsync((await workload.GetPodsAsync())[0]);
            DateTime faultAt = DateTime.UtcNow;
            using Process drain = node.Drain();

            await healer.UntilAlertJoinsAsync($" {workload.Namespace}/");
            await healer.ApproveAsync(workload);
            JsonObject incident = await healer.UntilIncidentEndsAsync(workload);

            await healer.ReportAsync("pdb-deadlock", workload, faultAt);
            Assert.Equal(("Healed", "DisruptionBudgetBlocks"), Claims.Outcome(incident));
            await drain.WaitForExitAsync().WaitAsync(RealHealer.Patience);
            Assert.True(drain.ExitCode == 0, $"the drain failed: {await drain.StandardError.ReadToEndAsync()}");
            await workload.RolloutAsync();
            Assert.DoesNotContain(node.Name, await NodesOfAsync(workload));
            await RealHealer.UntilAsync("the budget is as it was", async () =>
                (int?)(await workload.GetAsync("pdb"))["spec"]!["minAvailable"] == workload.Replicas);
            await RealHealer.UntilAsync("the ledger says that it is restored, and nothing else", async () =>
                (await healer.OperationsAsync()).SequenceEqual(["relax_pdb confirmed", "relax_pdb_undo confirmed"]));
            await Claims.DetectedAsync(healer, incident, "KubePodDisruptionBudgetAtLimit");
            Assert.Equal(1, await healer.CountIncidentsAsync(workload));
        });
    }

    [Fact]
    public async Task Pods_of_a_node_that_dies_are_moved_it_stays_cordoned_and_people_are_called_for_it()
    {
        await using Workload workload = await Workload.CreateAsync("sorting", replicas: 3, autonomy: "act", manifest: "budgeted.yaml");
        // One may be missing, which the lost one is.
        await Kubectl.RunAsync("patch", "pdb", workload.Name, "-n", workload.Namespace, "-p", """{"spec":{"minAvailable":2}}""");
        await using RealHealer healer = await RealHealer.StartWatchingAsync(output, ("NodeNotReady", TimeSpan.FromSeconds(2)));
        await healer.ExplainAsync(workload, async () =>
        {
            await using Node node = await Node.OfPodAsync((await workload.GetPodsAsync())[0], autonomy: "act");
            DateTime faultAt = DateTime.UtcNow;
            await node.CrashAsync();

            await healer.UntilAlertJoinsAsync($"Node {node.Name}");
            JsonObject incident = await healer.UntilIncidentEndsAsync($"Node {node.Name}");

            await healer.ReportAsync("node-notready", node, faultAt);
            // The scenario ends with the node cordoned and its workloads elsewhere. A machine that is dead is not healed by that.
            Assert.Equal(("Escalated", "NodeNotReady"), Claims.Outcome(incident));
            Assert.Contains(
                $"what is wrong with Node {node.Name} itself is left to people", (string?)incident["outcome"]!["reason"],
                StringComparison.Ordinal);
            Assert.True(await node.IsCordonedAsync(), $"expected {node.Name} to be cordoned");
            Assert.True((await healer.OperationsAsync()).Contains("drain_node confirmed"), incident.ToJsonString());
            IReadOnlyList<JsonObject> ready = [.. (await workload.GetPodsAsync()).Where(Workload.IsReady)];
            Assert.Equal(workload.Replicas, ready.Count(pod => (string?)pod["spec"]!["nodeName"] != node.Name));
            Assert.Equal(2, (int?)(await workload.GetAsync("pdb"))["spec"]!["minAvailable"]);
            Assert.Equal(["drain_node confirmed"], await healer.OperationsAsync());
            await Claims.DetectedAsync(healer, incident, "KubeNodeNotReady");
        });
    }

    private static async Task<IReadOnlyList<string?>> NodesOfAsync(Workload workload) =>
        [.. (await workload.GetPodsAsync()).Select(pod => (string?)pod["spec"]!["nodeName"])];
}

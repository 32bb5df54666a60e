using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Actions on nodes, on what keeps pods on them, and on pods that hang on a dead one.</summary>
internal static class NodeCases
{
    public static readonly RecipeCase[] All =
    [
        new("relax_pdb", "relax_pdb")
        {
            Arrange = BlockedDrainAsync,
            With = _ => new() { ["extraReplica"] = "false" },
            Spoil = UncordonedAsync,
            Effects = async stall => (await stall.GetAsync(Kinds.PodDisruptionBudget, "web")).Whole("spec", "minAvailable") == 1 ? 1 : 0,
            Before = BudgetAndReplicasAsync,
            Meddle = stall => stall.PatchAsync(Kinds.PodDisruptionBudget, "web", """{"spec":{"minAvailable":0}}"""),
        },
        new("relax_pdb_by_another_replica", "relax_pdb")
        {
            Arrange = BlockedDrainAsync,
            Spoil = UncordonedAsync,
            Effects = async stall => await BudgetAndReplicasAsync(stall) == "2|3" ? 1 : 0,
            Before = BudgetAndReplicasAsync,
            Meddle = stall => stall.PatchAsync(Kinds.Deployment, "web", """{"spec":{"replicas":5}}"""),
        },
        new("cordon_node", "cordon_node")
        {
            Arrange = NodesAsync,
            With = Percent,
            Spoil = BudgetAsync,
            Effects = async stall => (await NodeAsync(stall)).IsTrue("spec", "unschedulable") ? 1 : 0,
            Before = async stall => RecipeCase.Text((await NodeAsync(stall)).At("spec", "unschedulable")),
        },
        new("uncordon_node", "uncordon_node")
        {
            Arrange = async stall =>
            {
                var target = await NodesAsync(stall);
                var tools = new ActionTools(stall.Client, stall.Store, new Rig.Allowed(), TimeProvider.System);
                var values = new Dictionary<string, string> { ["minHealthyPercent"] = "1" };
                var cordoned = await new RecipeAction(RecipeBook.Find("cordon_node"), tools).RunAsync(
                    new ActionRequest($"{stall.Namespace}/cordon", "i", "cordon_node", target, values, 0, ""), CancellationToken.None);
                Assert.True(cordoned.IsApplied, cordoned.Detail);
                return target;
            },
            Spoil = async stall =>
            {
                await stall.PatchAsync(Kinds.Node, $"{stall.Namespace}-a",
                    """{"metadata":{"annotations":{"heal.internal/operation":null}}}""", clusterWide: true);
                return "somebody's intent";
            },
            Effects = async stall => (await NodeAsync(stall)).IsTrue("spec", "unschedulable") ? 0 : 1,
            Before = async stall => RecipeCase.Text((await NodeAsync(stall)).At("spec", "unschedulable")),
        },
        new("taint_node", "taint_node")
        {
            Arrange = NodesAsync,
            With = Percent,
            Spoil = BudgetAsync,
            Effects = async stall => await SuspectAsync(stall) == "true" ? 1 : 0,
            Before = async stall => RecipeCase.Text((await NodeAsync(stall)).At("spec", "taints")),
            Meddle = stall => TaintAsync(stall, "theirs"),
        },
        new("untaint_node", "untaint_node")
        {
            Arrange = async stall =>
            {
                var target = await NodesAsync(stall);
                await TaintAsync(stall, "true");
                return target;
            },
            Spoil = async stall =>
            {
                await stall.SetStatusAsync(Kinds.Node, $"{stall.Namespace}-a", NotReady, clusterWide: true);
                return "it is not ready";
            },
            Effects = async stall => await SuspectAsync(stall) is null ? 1 : 0,
            Before = async stall => RecipeCase.Text((await NodeAsync(stall)).At("spec", "taints")),
        },
        new("drain_node", "drain_node")
        {
            Arrange = async stall =>
            {
                var target = await NodesAsync(stall);
                await stall.CordonAsync("b");
                await stall.DeployAsync("web", 2, extra: stall.OnNodes);
                await stall.CordonAsync("b", cordoned: false);
                stall.Notes["uids"] = string.Join(',', (await stall.ListAsync(Kinds.Pod, "app=web")).Select(pod => pod.Uid()));
                return target;
            },
            With = Percent,
            Spoil = async stall =>
            {
                await stall.CordonAsync("b");
                return "other nodes have room for 0 of the 2 pods";
            },
            Effects = async stall =>
            {
                var there = (await stall.ListAsync(Kinds.Pod, "app=web")).Where(pod => !pod.IsDeleting()).ToList();
                var old = stall.Notes["uids"].Split(',').Count(uid => there.Any(pod => pod.Uid() == uid));
                return !(await NodeAsync(stall)).IsTrue("spec", "unschedulable") && old == 2 ? 0 : old == 0 && there.Count == 2 ? 1 : -1;
            },
            Before = async stall => RecipeCase.Text((await NodeAsync(stall)).At("spec", "unschedulable")),
        },
        new("fence_node", "fence_node")
        {
            Arrange = async stall =>
            {
                var target = await NodesAsync(stall);
                stall.Controllers.Add(target.Name);
                await stall.SetStatusAsync(Kinds.Node, $"{stall.Namespace}-a", """
                    {"status":{"conditions":[{"type":"Ready","status":"Unknown","lastTransitionTime":"2020-01-01T00:00:00Z"}]}}
                    """, clusterWide: true);
                await TaintedAsync(stall);
                return target;
            },
            With = Percent,
            Spoil = stall =>
            {
                stall.Controllers.Remove($"{stall.Namespace}-a");
                return Task.FromResult("no provider has its power");
            },
            Effects = stall => Task.FromResult(
                stall.Controllers.State($"{stall.Namespace}-a") == "Off" ? stall.Controllers.Switched($"{stall.Namespace}-a") : 0),
            Before = async stall => stall.Controllers.State($"{stall.Namespace}-a")
                + RecipeCase.Text((await NodeAsync(stall)).At("spec", "taints")),
        },
        new("delete_stuck_pod", "delete_stuck_pod")
        {
            Arrange = async stall =>
            {
                await stall.AddNodesAsync();
                await stall.CordonAsync("b");
                await stall.DeployAsync("web", 1, extra: stall.OnNodes);
                return await DieAsync(stall, (await stall.ListAsync(Kinds.Pod, "app=web"))[0].Name());
            },
            Clock = new HourLater(),
            Spoil = UnprovenAsync,
            Effects = async stall => await stall.FindAsync(Kinds.Pod, stall.Notes["pod"]) is null ? 1 : 0,
        },
        new("delete_stuck_stateful_pod", "delete_stuck_stateful_pod")
        {
            Arrange = async stall =>
            {
                await stall.AddNodesAsync();
                await stall.CordonAsync("b");
                var set = await stall.CreateInAsync("""
                    {"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"db"},"spec":{"replicas":1,
                    "selector":{"matchLabels":{"app":"db"}},"template":{"metadata":{"labels":{"app":"db"}},
                    "spec":{"containers":[{"name":"app","image":"registry.example/app:1.0"}]}}}}
                    """);
                // The simulator has no controller of StatefulSets.
                if (stall.Kubelet is null) await stall.CreateInAsync($$"""
                    { "apiVersion": "v1", "kind": "Pod",
                      "metadata": { "name": "db-0", "labels": { "app": "db" }, "ownerReferences": [ { "apiVersion": "apps/v1",
                        "kind": "StatefulSet", "name": "db", "uid": "{{set.Uid()}}", "controller": true } ] },
                      "spec": { "nodeName": "{{stall.Namespace}}-a",
                        "containers": [ { "name": "app", "image": "registry.example/app:1.0" } ] } }
                    """);
                await stall.UntilAsync(Kinds.Pod, "db-0", Workloads.IsReady);
                return await DieAsync(stall, "db-0");
            },
            Clock = new HourLater(),
            Spoil = UnprovenAsync,
            Effects = async stall => (await stall.FindAsync(Kinds.Pod, "db-0")).Uid() == stall.Notes["uid"] ? 0 : 1,
        },
    ];

    private const string NotReady = """{"status":{"conditions":[{"type":"Ready","status":"Unknown","reason":"NodeStatusUnknown"}]}}""";

    private static async Task<TargetReference> BlockedDrainAsync(Stall stall)
    {
        await stall.AddNodesAsync();
        await stall.DeployAsync("web", 2, extra: stall.OnNodes);
        await stall.CreateInAsync("""
            {"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"web"},
            "spec":{"minAvailable":2,"selector":{"matchLabels":{"app":"web"}}}}
            """);
        await stall.UntilAsync(Kinds.PodDisruptionBudget, "web", live =>
            live.Whole("status", "observedGeneration") == 1 && live.Whole("status", "currentHealthy") == 2);
        var node = (await stall.ListAsync(Kinds.Pod, "app=web"))[0].Text("spec", "nodeName")!;
        await stall.CordonAsync(stall.Notes["side"] = node[^1..]);
        return stall.Target(TargetKinds.PodDisruptionBudget, "web");
    }

    private static async Task<string> UncordonedAsync(Stall stall)
    {
        await stall.CordonAsync("a", cordoned: false);
        await stall.CordonAsync("b", cordoned: false);
        return "no drain is intended";
    }

    private static async Task<string> BudgetAndReplicasAsync(Stall stall) => RecipeCase.Text(
        (await stall.GetAsync(Kinds.PodDisruptionBudget, "web")).At("spec", "minAvailable"),
        (await stall.GetAsync(Kinds.Deployment, "web")).At("spec", "replicas"));

    private static async Task<TargetReference> NodesAsync(Stall stall)
    {
        await stall.AddNodesAsync();

        // A real cluster's controller takes the taint of a new node away, and with it what was set since it read the node.
        if (stall.Kubelet is not null)
        {
            await stall.UntilAsync(Kinds.Node, $"{stall.Namespace}-a", live => !live.Items("spec", "taints").Any(taint =>
                taint.Text("key")!.StartsWith("node.kubernetes.io/", StringComparison.Ordinal)), clusterWide: true);
        }

        return stall.Target(TargetKinds.Node, $"{stall.Namespace}-a");
    }

    private static Task<System.Text.Json.Nodes.JsonObject> NodeAsync(Stall stall) =>
        stall.GetAsync(Kinds.Node, $"{stall.Namespace}-a", clusterWide: true);

    private static Dictionary<string, string> Percent(Stall stall) =>
        new() { ["minHealthyPercent"] = stall.Notes.GetValueOrDefault("percent", "20") };

    private static Task<string> BudgetAsync(Stall stall)
    {
        stall.Notes["percent"] = "100";
        return Task.FromResult("100 % are asked for");
    }

    private static async Task<string?> SuspectAsync(Stall stall) => (await NodeAsync(stall)).Items("spec", "taints")
        .FirstOrDefault(taint => taint.Text("key") == "heal.internal/suspect").Text("value");

    private static Task<JsonObject> TaintAsync(Stall stall, string value) => stall.PatchAsync(Kinds.Node, $"{stall.Namespace}-a", $$"""
        { "spec": { "taints": [ { "key": "stall", "value": "{{stall.Namespace}}", "effect": "NoSchedule" },
          { "key": "heal.internal/suspect", "value": "{{value}}", "effect": "NoSchedule" } ] } }
        """, clusterWide: true);

    // The node dies, somebody deletes the pod, and its kubelet does not answer.
    private static async Task<TargetReference> DieAsync(Stall stall, string pod)
    {
        await stall.SetStatusAsync(Kinds.Node, $"{stall.Namespace}-a", NotReady, clusterWide: true);
        if (stall.Kubelet is { } kubelet) await kubelet.LoseAsync(pod);
        await stall.UntilAsync(Kinds.Pod, pod, live => !live.HasCondition("Ready"));

        await TaintedAsync(stall);
        await stall.PatchAsync(Kinds.Node, $"{stall.Namespace}-a", $$"""
            { "spec": { "taints": [ { "key": "{{DeleteStuckPod.OutOfService}}", "value": "nodeshutdown", "effect": "NoExecute" } ] } }
            """, clusterWide: true);
        await stall.Client.DeleteAsync(Kinds.Pod, stall.Namespace, pod);
        Assert.True((await stall.GetAsync(Kinds.Pod, pod)).IsDeleting());
        (stall.Notes["pod"], stall.Notes["uid"]) = (pod, (await stall.GetAsync(Kinds.Pod, pod)).Uid());
        return stall.Target(TargetKinds.Pod, pod);
    }

    // A real cluster's controller writes all taints of a node that it has read before: what is set beside it may be gone again.
    private static Task TaintedAsync(Stall stall) => stall.Kubelet is null
        ? Task.CompletedTask
        : stall.UntilAsync(Kinds.Node, $"{stall.Namespace}-a", live => live.Items("spec", "taints").Any(taint =>
            taint.Text("key") == "node.kubernetes.io/unreachable"), clusterWide: true);

    /// <summary>Takes the mark off that proves that the node is dead, and says what is missed then.</summary>
    public static async Task<string> UnprovenAsync(Stall stall)
    {
        await stall.PatchAsync(Kinds.Node, $"{stall.Namespace}-a", """{"spec":{"taints":null}}""", clusterWide: true);
        return string.Create(CultureInfo.InvariantCulture, $"nothing proves that node {stall.Namespace}-a is dead");
    }
}

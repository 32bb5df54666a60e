using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Actions on what stands beside workloads: alerts, people, node pools, a service mesh, the store of the API server.</summary>
internal static class PlatformCases
{
    public static readonly RecipeCase[] All =
    [
        new("silence_alert", "silence_alert")
        {
            WritesToCluster = false,
            Arrange = async stall =>
            {
                stall.Desk.Firing[stall.Namespace] = 2;
                return await WebAsync(stall);
            },
            With = _ => new() { ["alert"] = "WebDown" },
            Spoil = stall =>
            {
                stall.Desk.Firing[stall.Namespace] = 21;
                return Task.FromResult("21 alerts would be silenced, 20 are allowed");
            },
            Effects = stall => Task.FromResult(stall.Desk.InForce(stall.Namespace).Count),
            Before = stall => Task.FromResult(stall.Desk.InForce(stall.Namespace).Count.ToString(CultureInfo.InvariantCulture)),
        },
        Message("notify", stall => stall.Desk.Messages.Values.Count(IsOf(stall))),
        Message("open_ticket", Open) with
        {
            Before = stall => Task.FromResult(Open(stall).ToString(CultureInfo.InvariantCulture)),
        },
        new("collect_diagnostics", "collect_diagnostics")
        {
            WritesToCluster = false,
            Arrange = WebAsync,
            Spoil = async stall =>
            {
                await EarlierAsync(stall, "collect_diagnostics", new ActionPorts
                {
                    Evidence = ShopFacts.Keeper(stall.Client, stall.Store, stall.Kept),
                });
                return "evidence of it was kept at";
            },
            Effects = async stall => (await stall.Kept.ListAsync(stall.Namespace, CancellationToken.None)).Count,
        },
        new("scale_node_pool", "scale_node_pool")
        {
            Arrange = PoolAsync,
            With = stall => new() { ["pool"] = $"{stall.Namespace}/workers" },
            Spoil = async stall =>
            {
                await stall.PatchAsync(ClusterApiPools.MachineDeployment, "workers", """{"spec":{"paused":true}}""");
                return "it is paused, which is somebody's intent";
            },
            Effects = async stall =>
                (await stall.GetAsync(ClusterApiPools.MachineDeployment, "workers")).Whole("spec", "replicas") == 2 ? 1 : 0,
            Before = async stall =>
                RecipeCase.Text((await stall.GetAsync(ClusterApiPools.MachineDeployment, "workers")).At("spec", "replicas")),
            Meddle = stall => stall.PatchAsync(ClusterApiPools.MachineDeployment, "workers", """{"spec":{"replicas":7}}"""),
        },
        new("remove_authz_policy", "remove_authz_policy")
        {
            Arrange = async stall =>
            {
                var target = await WebAsync(stall);
                await stall.CreateInAsync("""
                    {"apiVersion":"security.istio.io/v1","kind":"AuthorizationPolicy","metadata":{"name":"deny"},
                    "spec":{"selector":{"matchLabels":{"app":"web"}},"action":"DENY","rules":[{}]}}
                    """);
                await stall.CreateInAsync("""
                    {"apiVersion":"security.istio.io/v1","kind":"AuthorizationPolicy","metadata":{"name":"other"},
                    "spec":{"selector":{"matchLabels":{"app":"other"}},"action":"DENY","rules":[{}]}}
                    """);
                stall.Monitoring.Denied[stall.Namespace] = 5;

                // There is no mesh here: as long as the policy is there, requests are counted as denied.
                _ = stall.FollowAsync(RemoveAuthorizationPolicy.Policy, (live, deleted) =>
                {
                    if (live.Name() == "deny") stall.Monitoring.Denied[stall.Namespace] = deleted ? 0 : 5;
                    return Task.CompletedTask;
                });
                return target;
            },
            Spoil = async stall =>
            {
                await stall.CreateInAsync("""
                    {"apiVersion":"security.istio.io/v1","kind":"AuthorizationPolicy","metadata":{"name":"another"},"spec":{}}
                    """);
                return "2 policies that select its pods are that new";
            },
            Effects = async stall => await stall.FindAsync(RemoveAuthorizationPolicy.Policy, "deny") is null ? 1 : 0,
            Before = async stall => RecipeCase.Text((await stall.FindAsync(RemoveAuthorizationPolicy.Policy, "deny")).At("spec")),
        },
        new("defrag_etcd", "defrag_etcd")
        {
            WritesToCluster = false,
            Arrange = stall =>
            {
                stall.Etcd.Reset();
                return Task.FromResult(stall.Target(TargetKinds.Cluster, stall.Namespace));
            },
            Spoil = stall =>
            {
                stall.Etcd.Hurt(2, "alarm:NOSPACE");
                return Task.FromResult("is not healthy: alarm:NOSPACE");
            },
            Effects = stall =>
            {
                var times = Enumerable.Range(0, 3).Select(stall.Etcd.Defragmented).ToList();
                return Task.FromResult(times.All(count => count == 1) ? 1 : -times.Sum());
            },
        },
    ];

    public static async Task<TargetReference> WebAsync(Stall stall)
    {
        await stall.DeployAsync("web", 1);
        return stall.Target(TargetKinds.Deployment, "web");
    }

    private static RecipeCase Message(string id, Func<Stall, int> effects) => new(id, id)
    {
        WritesToCluster = false,
        Arrange = WebAsync,
        With = _ => new() { ["text"] = "look at it" },
        Spoil = async stall =>
        {
            await EarlierAsync(stall, id, new ActionPorts { Messenger = stall.Desk.NewMessenger() });
            return "people were told of it at";
        },
        Effects = stall => Task.FromResult(effects(stall)),
    };

    // Another incident has done it before.
    private static async Task EarlierAsync(Stall stall, string id, ActionPorts ports)
    {
        var recipe = RecipeBook.Find(id);
        var request = new ActionRequest($"{stall.Namespace}/earlier", "earlier", id, stall.Target(TargetKinds.Deployment, "web"),
            ActionParameters.Complete(recipe.Descriptor, new Dictionary<string, string>()), 0, "");
        var tools = new ActionTools(stall.Client, stall.Store, new Rig.Allowed(), TimeProvider.System, Given: ports);
        Assert.True((await new RecipeAction(recipe, tools).RunAsync(request, CancellationToken.None)).IsApplied);
    }

    private static Func<JsonObject, bool> IsOf(Stall stall) => message =>
        message.Text("target") == $"Deployment {stall.Namespace}/web" && message.Text("text") == "look at it";

    private static int Open(Stall stall)
    {
        var mine = stall.Desk.Messages.Values.Where(IsOf(stall)).ToList();
        return mine.Count(message => message.Text("action") == "trigger") - mine.Count(message => message.Text("action") == "resolve");
    }

    private static async Task<TargetReference> PoolAsync(Stall stall)
    {
        await stall.AddNodesAsync();
        await stall.CreateInAsync("""
            {"apiVersion":"cluster.x-k8s.io/v1beta1","kind":"MachineDeployment","metadata":{"name":"workers"},
            "spec":{"clusterName":"c","replicas":1}}
            """);
        await stall.SetStatusAsync(ClusterApiPools.MachineDeployment, "workers", """{"status":{"readyReplicas":1}}""");
        var body = JsonNode.Parse($$"""
            { "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "big" },
              "spec": { "replicas": 3, "selector": { "matchLabels": { "app": "big" } },
                "template": { "metadata": { "labels": { "app": "big" } },
                  "spec": { "nodeSelector": { "stall": "{{stall.Namespace}}" }, "tolerations": [ { "key": "stall", "operator": "Exists" } ],
                    "containers": [ { "name": "app", "image": "registry.example/app:1.0",
                      "resources": { "requests": { "cpu": "3" } } } ] } } } }
            """)!;
        await stall.CreateInAsync(body.ToJsonString());
        await stall.UntilAnyAsync(Kinds.Pod, pod =>
            pod.Condition("PodScheduled").Text("message")?.Contains("Insufficient cpu", StringComparison.Ordinal) == true);

        // Stands for Cluster API and its infrastructure.
        _ = stall.FollowAsync(ClusterApiPools.MachineDeployment, async (live, deleted) =>
        {
            var wanted = live.Whole("spec", "replicas") ?? 1;
            if (deleted || wanted == (live.Whole("status", "readyReplicas") ?? 0)) return;
            if (wanted > 1 && await stall.FindAsync(Kinds.Node, $"{stall.Namespace}-new", clusterWide: true) is null)
            {
                await stall.CreateAsync($$"""
                    { "apiVersion": "v1", "kind": "Node",
                      "metadata": { "name": "{{stall.Namespace}}-new", "labels": { "stall": "{{stall.Namespace}}" } },
                      "spec": { "taints": [ { "key": "stall", "value": "{{stall.Namespace}}", "effect": "NoSchedule" } ] },
                      "status": { "allocatable": { "cpu": "4", "memory": "8Gi", "pods": "110" },
                        "conditions": [ { "type": "Ready", "status": "True" } ] } }
                    """);
            }

            await stall.SetStatusAsync(
                ClusterApiPools.MachineDeployment, "workers", $$"""{ "status": { "readyReplicas": {{wanted}} } }""");
        });
        return stall.Target(TargetKinds.Deployment, "big");
    }
}

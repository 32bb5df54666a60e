using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using Heal.Simulator;

namespace Heal.Activities.Tests;

/// <summary>What clusters have since 1.20, and what actions must make of it.</summary>
public sealed class NewestReleaseTests(Shop shop) : IClassFixture<Shop>
{
    private const string Sidecar = """
        {"spec":{"template":{"spec":{"initContainers":[{"name":"proxy","image":"registry.example/app:1.0","restartPolicy":"Always",
        "resources":{"limits":{"memory":"128Mi"}}}]}}}}
        """;

    [Fact]
    public async Task A_sidecar_that_was_killed_for_memory_gets_a_higher_limit_where_it_is_listed()
    {
        var stall = await KilledAsync();

        var result = await RunAsync(stall, "raise_memory", TargetKinds.Deployment, "web");

        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        var live = await stall.GetAsync(Kinds.Deployment, "web");
        Assert.Equal("192Mi", live.Items("spec", "template", "spec", "initContainers").Single().Text("resources", "limits", "memory"));
        Assert.Equal("128Mi", live.Items("spec", "template", "spec", "containers").Single().Text("resources", "limits", "memory"));
    }

    [Fact]
    public async Task A_container_that_was_killed_under_another_limit_than_the_present_one_proves_nothing()
    {
        var stall = await KilledAsync();
        foreach (var pod in await stall.ListAsync(Kinds.Pod, "app=web"))
        {
            await stall.Client.PatchAsync<KubernetesObject>(Kinds.Pod, stall.Namespace, pod.Name(), Patch.Strategic(JsonNode.Parse("""
                {"spec":{"initContainers":[{"name":"proxy","resources":{"limits":{"memory":"140Mi"}}}]}}
                """)!), new WriteOptions { Subresource = "resize" });
        }

        await stall.UntilAnyAsync(Kinds.Pod, pod => pod.Items("status", "initContainerStatuses").Any(status =>
            status.Text("resources", "limits", "memory") == "140Mi"
            && status.Text("lastState", "terminated", "reason") == "OOMKilled"));

        var result = await RunAsync(stall, "raise_memory", TargetKinds.Deployment, "web");

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("ran with a memory limit of 140Mi, not with 128Mi", result.Detail);
    }

    [Fact]
    public async Task What_sidecars_and_pods_as_a_whole_request_is_no_room_for_more()
    {
        var stall = await shop.OpenAsync();
        await stall.AddNodesAsync();
        await stall.CordonAsync("b");
        await stall.DeployAsync("web", 1, extra: Placed(stall, """
            "initContainers":[{"name":"proxy","image":"registry.example/app:1.0","restartPolicy":"Always",
              "resources":{"requests":{"cpu":"1900m"}}}]
            """));

        // 4 processors, of which the first pod has 1950m: one more fits, two do not.
        var two = await RunAsync(stall, "scale_workload", TargetKinds.Deployment, "web", new() { ["by"] = "2" });
        Assert.True(two.Status == ActionStatus.Refused, $"{two.Status}: {two.Detail}");
        Assert.Contains("the nodes have room for 1 more pods, 2 are wanted", two.Detail);
    }

    [Fact]
    public async Task The_claim_of_a_replica_is_found_where_replicas_are_not_counted_from_zero()
    {
        var stall = await shop.OpenAsync();
        var target = await ClaimCases.LostAsync(stall, snapshot: true, first: 1);

        var result = await RunAsync(stall, "recreate_pvc_statefulset", target.Kind, target.Name, new() { ["snapshot"] = "before" });

        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        Assert.NotEqual(stall.Notes["uid"], (await stall.GetAsync(Kinds.PersistentVolumeClaim, target.Name)).Uid());
        Assert.Equal(2, (await stall.GetAsync(Kinds.StatefulSet, "db")).Whole("spec", "replicas"));
    }

    [Fact]
    public async Task A_Job_that_another_controller_manages_is_run_again_there()
    {
        var stall = await shop.OpenAsync();
        await stall.CreateInAsync("""
            {"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"import","labels":{"heal.internal/idempotent":"true"}},
            "spec":{"managedBy":"kueue.x-k8s.io/multikueue","template":{"spec":{"restartPolicy":"Never",
            "containers":[{"name":"app","image":"registry.example/app:1.0"}]}}}}
            """);
        await stall.SetStatusAsync(Kinds.Job, "import", """{"status":{"conditions":[{"type":"Failed","status":"True"}]}}""");

        var result = await RunAsync(stall, "rerun_job", TargetKinds.Job, "import");

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("kueue.x-k8s.io/multikueue manages it", result.Detail);
    }

    [Fact]
    public async Task What_an_admission_policy_denies_is_refused_in_its_words_and_nothing_is_changed()
    {
        var stall = await shop.OpenAsync();
        await stall.DeployAsync("web", 2);
        await stall.AddFaultAsync("""
            {"api":{"action":"status","status":422,"reason":"Invalid","method":"PATCH","path":"/apis/apps/v1/namespaces/$ns/*","message":
            "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'freeze' with binding 'b' denied request: no changes today"}}
            """);

        var result = await RunAsync(stall, "rollout_restart", TargetKinds.Deployment, "web");

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("ValidatingAdmissionPolicy 'freeze'", result.Detail);
        Assert.Contains("no changes today", result.Detail);
        Assert.Equal(1, (await stall.GetAsync(Kinds.Deployment, "web")).Whole("metadata", "generation"));
    }

    [Fact]
    public async Task A_pod_that_is_not_ready_is_evicted_where_its_budget_lets_unhealthy_ones_go()
    {
        var stall = await shop.OpenAsync();
        await stall.DeployAsync("web", 2);
        await stall.CreateInAsync("""
            {"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"web"},
            "spec":{"minAvailable":2,"unhealthyPodEvictionPolicy":"AlwaysAllow","selector":{"matchLabels":{"app":"web"}}}}
            """);
        var sick = (await stall.ListAsync(Kinds.Pod, "app=web"))[0].Name();
        await stall.PatchAsync(Kinds.Pod, sick, """{"metadata":{"labels":{"sick":"yes"}}}""");
        await stall.AddFaultAsync("""{"match":{"namespace":"$ns","podLabels":{"sick":"yes"}},"neverReady":{}}""");
        await stall.UntilAsync(Kinds.PodDisruptionBudget, "web", live =>
            live.Whole("status", "currentHealthy") == 1 && live.Whole("status", "disruptionsAllowed") == 0);

        var result = await RunAsync(stall, "restart_pod", TargetKinds.Deployment, "web");

        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        Assert.DoesNotContain(await stall.ListAsync(Kinds.Pod, "app=web"), pod => pod.Name() == sick && !pod.IsDeleting());
    }

    [Fact]
    public async Task An_action_does_not_act_on_a_part_of_what_it_would_have_to_look_at()
    {
        await using var simulator = await SimulatorServer.StartAsync(new SimulatorOptions
        {
            Objects = [.. Enumerable.Range(0, ActionTools.MaxListed + 1).Select(number => JsonNode.Parse($$"""
                { "apiVersion": "v1", "kind": "ConfigMap",
                  "metadata": { "name": "m{{number.ToString(CultureInfo.InvariantCulture)}}", "namespace": "crowd" } }
                """)!.AsObject())],
        });
        using var client = new ClusterAddress(new Uri(simulator.Url), null).Connect();
        var tools = new ActionTools(client, shop.Store, new Rig.Allowed(), TimeProvider.System);

        var result = await Permissions.GuardAsync("any", "crowd/1", async () =>
        {
            var some = await tools.ListAsync(Kinds.ConfigMap, "crowd", CancellationToken.None);
            return new ActionResult("crowd/1", ActionStatus.Applied, $"acted on {some.Count} of them");
        });

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains($"there are more than {ActionTools.MaxListed} objects of ConfigMap in namespace 'crowd'", result.Detail);
    }

    private async Task<Stall> KilledAsync()
    {
        var stall = await shop.OpenAsync();
        await stall.DeployAsync("web", 2, extra: Sidecar);
        await stall.AddFaultAsync("""{"match":{"namespace":"$ns","container":"proxy"},"memory":{"needs":"150Mi","afterSeconds":1}}""");
        await stall.UntilAnyAsync(Kinds.Pod, pod => pod.Items("status", "initContainerStatuses").Any(status =>
            status.Text("lastState", "terminated", "reason") == "OOMKilled"));
        return stall;
    }

    private static string Placed(Stall stall, string more)
    {
        var extra = JsonNode.Parse(stall.OnNodes)!;
        foreach (var (name, value) in JsonNode.Parse($"{{{more}}}")!.AsObject())
        {
            extra["spec"]!["template"]!["spec"]![name] = value?.DeepClone();
        }

        return extra.ToJsonString();
    }

    private Task<ActionResult> RunAsync(
        Stall stall, string id, string kind, string name, Dictionary<string, string>? values = null)
    {
        var recipe = RecipeBook.Find(id);
        var tools = new ActionTools(
            new WatchedClient(shop.Client), shop.Store, new Rig.Allowed(), TimeProvider.System, Given: shop.Ports);
        return new RecipeAction(recipe, tools).RunAsync(
            new ActionRequest($"{stall.Namespace}/1", stall.Namespace, id, stall.Target(kind, name),
                ActionParameters.Complete(recipe.Descriptor, values ?? []), 0, ""),
            CancellationToken.None);
    }
}

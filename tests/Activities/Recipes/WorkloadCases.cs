using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Actions on Deployments and their pods.</summary>
internal static class WorkloadCases
{
    public static readonly RecipeCase[] All =
    [
        new("restart_pod", "restart_pod")
        {
            Arrange = async stall =>
            {
                await stall.DeployAsync("web", 2);
                await NotePodsAsync(stall);
                return stall.Target(TargetKinds.Deployment, "web");
            },
            Spoil = stall =>
            {
                stall.Notes["pod"] = "nobody";
                return Task.FromResult("has no pod 'nobody'");
            },
            With = stall => stall.Notes.TryGetValue("pod", out var pod) ? new() { ["pod"] = pod } : [],
            Effects = GonePodsAsync,
        },
        new("rollout_restart", "rollout_restart")
        {
            Arrange = async stall =>
            {
                await stall.DeployAsync("web", 2);
                return stall.Target(TargetKinds.Deployment, "web");
            },
            Spoil = async stall =>
            {
                await stall.PatchAsync(Kinds.Deployment, "web", """{"spec":{"paused":true}}""");
                return "paused";
            },
            Effects = async stall =>
            {
                var live = await stall.GetAsync(Kinds.Deployment, "web");
                var noted = live.Text("spec", "template", "metadata", "annotations", RolloutRestart.Note);
                return noted?.StartsWith("2001", StringComparison.Ordinal) == true ? 0 : live.Whole("metadata", "generation")!.Value - 1;
            },
            Before = async stall => RecipeCase.Text((await stall.GetAsync(Kinds.Deployment, "web")).At("spec", "template")),
            Meddle = stall => stall.PatchAsync(Kinds.Deployment, "web",
                """{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"2001-01-01T00:00:00Z"}}}}}"""),
        },
        new("scale_workload", "scale_workload")
        {
            Arrange = async stall =>
            {
                await stall.DeployAsync("web", 2);
                return stall.Target(TargetKinds.Deployment, "web");
            },
            Spoil = async stall =>
            {
                await stall.CreateInAsync("""
                    {"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"web"},
                    "spec":{"minReplicas":1,"maxReplicas":3,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"}}}
                    """);
                return "HorizontalPodAutoscaler web scales it";
            },
            Effects = async stall => (await stall.GetAsync(Kinds.Deployment, "web")).Whole("spec", "replicas") is 2 or 7 ? 0 : 1,
            Before = async stall => RecipeCase.Text((await stall.GetAsync(Kinds.Deployment, "web")).At("spec", "replicas")),
            Meddle = stall => stall.PatchAsync(Kinds.Deployment, "web", """{"spec":{"replicas":7}}"""),
        },
        new("pause_rollout", "pause_rollout")
        {
            Arrange = async stall =>
            {
                await stall.DeployAsync("web", 2);
                await stall.PatchAsync(Kinds.Deployment, "web",
                    """{"spec":{"template":{"spec":{"containers":[{"name":"app","image":"registry.example/app:missing"}]}}}}""");
                await stall.UntilAsync(Kinds.Deployment, "web", live =>
                    live.Whole("status", "observedGeneration") == 2 && live.Whole("status", "updatedReplicas") == 1);
                return stall.Target(TargetKinds.Deployment, "web");
            },
            Spoil = async stall =>
            {
                await stall.PatchAsync(Kinds.Deployment, "web",
                    """{"spec":{"template":{"spec":{"containers":[{"name":"app","image":"registry.example/app:1.0"}]}}}}""");
                await stall.UntilAsync(Kinds.Deployment, "web", live => Workloads.Unfinished(live) is null);
                return "no rollout is under way";
            },
            Effects = async stall => (await stall.GetAsync(Kinds.Deployment, "web")).IsTrue("spec", "paused") ? 1 : 0,
            Before = async stall => RecipeCase.Text((await stall.GetAsync(Kinds.Deployment, "web")).At("spec", "paused")),
        },
        new("resume_rollout", "resume_rollout")
        {
            Arrange = async stall =>
            {
                await stall.DeployAsync("web", 2);
                var target = stall.Target(TargetKinds.Deployment, "web");
                await stall.PatchAsync(Kinds.Deployment, "web",
                    """{"spec":{"template":{"spec":{"containers":[{"name":"app","image":"registry.example/app:missing"}]}}}}""");
                await stall.UntilAsync(Kinds.Deployment, "web", live => live.Whole("status", "observedGeneration") == 2);
                var tools = new ActionTools(stall.Client, stall.Store, new Rig.Allowed(), TimeProvider.System);
                var paused = await new RecipeAction(RecipeBook.Find("pause_rollout"), tools).RunAsync(
                    new ActionRequest($"{stall.Namespace}/pause", "i", "pause_rollout", target, new Dictionary<string, string>(), 0, ""),
                    CancellationToken.None);
                Assert.True(paused.IsApplied, paused.Detail);
                return target;
            },
            Spoil = async stall =>
            {
                await stall.PatchAsync(Kinds.Deployment, "web",
                    """{"metadata":{"annotations":{"heal.internal/operation":"unknown"}}}""");
                return "somebody's intent";
            },
            Effects = async stall => (await stall.GetAsync(Kinds.Deployment, "web")).IsTrue("spec", "paused") ? 0 : 1,
            Before = async stall => RecipeCase.Text((await stall.GetAsync(Kinds.Deployment, "web")).At("spec", "paused")),
        },
        new("raise_memory", "raise_memory")
        {
            Arrange = async stall =>
            {
                await stall.DeployAsync("web", 2);
                await stall.AddFaultAsync("""{"match":{"namespace":"$ns"},"memory":{"needs":"150Mi","afterSeconds":1}}""");
                var pod = (await stall.ListAsync(Kinds.Pod, "app=web"))[0].Name();
                await stall.UntilAsync(Kinds.Pod, pod, live => live.Items("status", "containerStatuses")
                    .Any(status => status.Text("lastState", "terminated", "reason") == "OOMKilled"));
                return stall.Target(TargetKinds.Deployment, "web");
            },
            Spoil = stall =>
            {
                stall.Notes["container"] = "sidecar";
                return Task.FromResult("no container of a running pod was killed for memory");
            },
            With = stall => stall.Notes.TryGetValue("container", out var name) ? new() { ["container"] = name } : [],
            Effects = stall => TemplateEffectsAsync(stall, "memory", "192Mi"),
            Before = async stall => RecipeCase.Text((await stall.GetAsync(Kinds.Deployment, "web")).At("spec", "template")),
            Meddle = stall => LimitAsync(stall, "100m", "999Mi"),
        },
        new("raise_cpu", "raise_cpu")
        {
            Arrange = async stall =>
            {
                await stall.DeployAsync("web", 2);
                foreach (var pod in await stall.ListAsync(Kinds.Pod, "app=web")) await stall.CreateInAsync(Usage(pod.Name(), "95m"));
                return stall.Target(TargetKinds.Deployment, "web");
            },
            Spoil = async stall =>
            {
                foreach (var pod in await stall.ListAsync(Kinds.Pod, "app=web"))
                {
                    await stall.PatchAsync(new("metrics.k8s.io", "PodMetrics"), pod.Name(),
                        """{"containers":[{"name":"app","usage":{"cpu":"10m","memory":"1Mi"}}]}""");
                }

                return "no container is close to its CPU limit";
            },
            Effects = stall => TemplateEffectsAsync(stall, "cpu", "150m"),
            Before = async stall => RecipeCase.Text((await stall.GetAsync(Kinds.Deployment, "web")).At("spec", "template")),
            Meddle = stall => LimitAsync(stall, "777m", "128Mi"),
        },
        new("patch_hpa_max", "patch_hpa_max")
        {
            Arrange = async stall =>
            {
                await stall.DeployAsync("web", 2);
                await stall.CreateInAsync("""
                    {"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler",
                    "metadata":{"name":"web","annotations":{"simulator/wanted-replicas":"5"}},
                    "spec":{"minReplicas":1,"maxReplicas":2,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"}}}
                    """);
                await stall.UntilAsync(Kinds.HorizontalPodAutoscaler, "web", live =>
                    live.Whole("status", "currentReplicas") == 2 && live.Condition("ScalingLimited").Text("reason") == "TooManyReplicas");
                return stall.Target(TargetKinds.HorizontalPodAutoscaler, "web");
            },
            Spoil = async stall =>
            {
                await stall.PatchAsync(
                    Kinds.HorizontalPodAutoscaler, "web", """{"metadata":{"annotations":{"simulator/wanted-replicas":"2"}}}""");
                await stall.UntilAsync(Kinds.HorizontalPodAutoscaler, "web", live => !live.HasCondition("ScalingLimited"));
                return "it does not say that it wants more";
            },
            Effects = async stall =>
                (await stall.GetAsync(Kinds.HorizontalPodAutoscaler, "web")).Whole("spec", "maxReplicas") is 2 or 9 ? 0 : 1,
            Before = async stall =>
                RecipeCase.Text((await stall.GetAsync(Kinds.HorizontalPodAutoscaler, "web")).At("spec", "maxReplicas")),
            Meddle = stall => stall.PatchAsync(Kinds.HorizontalPodAutoscaler, "web", """{"spec":{"maxReplicas":9}}"""),
        },
        new("patch_config", "patch_config")
        {
            Arrange = async stall =>
            {
                await stall.CreateInAsync(
                    """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings"},"data":{"mode":"broken","other":"1"}}""");
                await stall.DeployAsync("web", 2, extra: """
                    {"spec":{"template":{"spec":{"volumes":[{"name":"settings","configMap":{"name":"settings"}}]}}}}
                    """);
                return stall.Target(TargetKinds.Deployment, "web");
            },
            With = _ => new() { ["configMap"] = "settings", ["key"] = "mode", ["value"] = "normal", ["bad"] = "broken" },
            Spoil = async stall =>
            {
                await stall.PatchAsync(Kinds.ConfigMap, "settings", """{"immutable":true}""");
                return "immutable";
            },
            Effects = async stall =>
                (await stall.GetAsync(Kinds.ConfigMap, "settings")).Text("data", "mode") != "normal" ? 0
                : (await stall.GetAsync(Kinds.Deployment, "web")).Whole("metadata", "generation")!.Value - 1,
            Before = async stall => RecipeCase.Text(
                (await stall.GetAsync(Kinds.ConfigMap, "settings")).At("data"),
                (await stall.GetAsync(Kinds.Deployment, "web")).At("spec", "template")),
            Meddle = stall => stall.PatchAsync(Kinds.ConfigMap, "settings", """{"data":{"mode":"theirs"}}"""),
        },
    ];

    private static async Task NotePodsAsync(Stall stall)
    {
        var pods = await stall.ListAsync(Kinds.Pod, "app=web");
        stall.Notes["uids"] = string.Join(',', pods.Select(pod => pod.Uid()));
    }

    private static async Task<int> GonePodsAsync(Stall stall)
    {
        var now = (await stall.ListAsync(Kinds.Pod, "app=web")).Where(pod => !pod.IsDeleting()).Select(pod => pod.Uid()).ToHashSet();
        return stall.Notes["uids"].Split(',').Count(uid => !now.Contains(uid));
    }

    private static async Task<int> TemplateEffectsAsync(Stall stall, string resource, string wanted)
    {
        var live = await stall.GetAsync(Kinds.Deployment, "web");
        var limit = live.Items("spec", "template", "spec", "containers").First().Text("resources", "limits", resource);
        return limit == wanted ? live.Whole("metadata", "generation")!.Value - 1 : 0;
    }

    private static Task<JsonObject> LimitAsync(Stall stall, string cpu, string memory) => stall.PatchAsync(Kinds.Deployment, "web", $$"""
        { "spec": { "template": { "spec": { "containers": [ {
          "name": "app", "image": "registry.example/app:1.0",
          "resources": { "requests": { "cpu": "50m", "memory": "64Mi" }, "limits": { "cpu": "{{cpu}}", "memory": "{{memory}}" } }
        } ] } } } }
        """);

    private static string Usage(string pod, string cpu) => $$"""
        { "apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics", "metadata": { "name": "{{pod}}" },
          "containers": [ { "name": "app", "usage": { "cpu": "{{cpu}}", "memory": "10Mi" } } ] }
        """;
}

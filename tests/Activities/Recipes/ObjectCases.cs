using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Actions on Services, policies, Jobs, volumes and single pods.</summary>
internal static class ObjectCases
{
    public static readonly RecipeCase[] All =
    [
        new("quarantine_pod", "quarantine_pod")
        {
            Arrange = async stall =>
            {
                await stall.DeployAsync("web", 2, extra: """{"spec":{"template":{"metadata":{"labels":{"tier":"front"}}}}}""");
                await ServiceAsync(stall, "web");
                await stall.UntilAsync(Kinds.Endpoints, "web", live => live.Items("subsets").Sum(item =>
                    item.Items("addresses").Count()) == 2);

                // Neither lets the pod keep its traffic: the one is left with its label, the other denies.
                await PolicyAsync(stall, "front", """{"matchLabels":{"tier":"front"}}""", """ "ingress":[{}],"egress":[{}] """);
                await PolicyAsync(stall, "deny", "{}", """ "policyTypes":["Ingress","Egress"] """);
                stall.Notes["pod"] = (await stall.ListAsync(Kinds.Pod, "app=web"))[0].Name();

                // When it is back, its ReplicaSet has one too many, and may choose this one: it is to be seen all the same.
                await stall.PatchAsync(Kinds.Pod, stall.Notes["pod"], """{"metadata":{"finalizers":["test.internal/look"]}}""");
                return stall.Target(TargetKinds.Pod, stall.Notes["pod"]);
            },
            Spoil = async stall =>
            {
                await stall.PatchAsync(Kinds.Pod, stall.Notes["pod"], """{"metadata":{"labels":{"heal.internal/quarantine":"x"}}}""");
                return "it is in quarantine already";
            },
            Effects = async stall =>
            {
                var policies = (await stall.ListAsync(Kinds.NetworkPolicy, "heal.internal/quarantine")).Count;
                var pod = await stall.GetAsync(Kinds.Pod, stall.Notes["pod"]);
                var marked = pod.Label("heal.internal/quarantine") is { Length: > 1 } && pod.Label("tier") is null;
                return marked && policies == 1 ? 1 : policies;
            },
            Before = async stall => RecipeCase.Text((await stall.GetAsync(Kinds.Pod, stall.Notes["pod"])).At("metadata", "labels"))
                + (await stall.ListAsync(Kinds.NetworkPolicy)).Count,
        },
        new("fix_service_selector", "fix_service_selector")
        {
            Arrange = async stall =>
            {
                await stall.DeployAsync("web", 2);
                await ServiceAsync(stall, "wbe");
                return stall.Target(TargetKinds.Service, "web");
            },
            Spoil = async stall =>
            {
                await stall.PatchAsync(Kinds.Service, "web", """{"spec":{"selector":{"app":"web"}}}""");
                await stall.UntilAsync(Kinds.Endpoints, "web", live => live.Items("subsets").Any());
                return "it has endpoints";
            },
            Effects = async stall => (await stall.GetAsync(Kinds.Service, "web")).Text("spec", "selector", "app") == "web" ? 1 : 0,
            Before = async stall => RecipeCase.Text((await stall.GetAsync(Kinds.Service, "web")).At("spec", "selector")),
            Meddle = stall => stall.PatchAsync(Kinds.Service, "web", """{"spec":{"selector":{"app":"theirs"}}}"""),
        },
        new("fix_service_target_port", "fix_service_target_port")
        {
            Arrange = async stall =>
            {
                await stall.DeployAsync("web", 2, extra: """
                    {"spec":{"template":{"spec":{"containers":[{"name":"app","image":"registry.example/app:1.0",
                    "ports":[{"name":"http","containerPort":8080,"protocol":"TCP"},{"name":"dns","containerPort":53,"protocol":"UDP"}]}]}}}}
                    """);
                await stall.CreateInAsync("""
                    {"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},"spec":{"selector":{"app":"web"},"ports":[
                    {"name":"main","port":80,"protocol":"TCP","targetPort":"htp"},
                    {"name":"dns","port":53,"protocol":"UDP","targetPort":53}]}}
                    """);
                return stall.Target(TargetKinds.Service, "web");
            },
            Spoil = async stall =>
            {
                await stall.PatchAsync(Kinds.Service, "web", """{"spec":{"ports":[{"name":"main","port":80,"targetPort":8080}]}}""");
                return "0 of its ports name a target that web has not";
            },
            Effects = async stall => (await PortsAsync(stall)).First().Text("targetPort") == "http" ? 1 : 0,
            Before = async stall => RecipeCase.Text((await stall.GetAsync(Kinds.Service, "web")).At("spec", "ports")),
            Meddle = stall => stall.PatchAsync(Kinds.Service, "web",
                """{"spec":{"ports":[{"name":"main","port":80,"protocol":"TCP","targetPort":"theirs"}]}}"""),
        },
        new("remove_network_policy_rule", "remove_network_policy_rule")
        {
            Arrange = async stall =>
            {
                await stall.DeployAsync("web", 2);
                await stall.CreateInAsync("""
                    {"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"deny"},
                    "spec":{"podSelector":{"matchLabels":{"app":"web"}},"policyTypes":["Ingress"]}}
                    """);
                await stall.AddFaultAsync("""{"match":{"namespace":"$ns"},"neverReady":{}}""");
                await stall.UntilAsync(Kinds.Deployment, "web", live => (live.Whole("status", "readyReplicas") ?? 0) == 0);
                _ = EnforceAsync(stall);
                return stall.Target(TargetKinds.Deployment, "web");
            },
            Spoil = async stall =>
            {
                await stall.CreateInAsync("""
                    {"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"another"},
                    "spec":{"podSelector":{},"policyTypes":["Ingress"]}}
                    """);
                return "2 policies that select its pods are that new";
            },
            Effects = async stall => await stall.FindAsync(Kinds.NetworkPolicy, "deny") is null ? 1 : 0,
            Before = async stall => RecipeCase.Text((await stall.FindAsync(Kinds.NetworkPolicy, "deny")).At("spec")),
        },
        new("rerun_job", "rerun_job")
        {
            Arrange = async stall =>
            {
                await FailedJobAsync(stall);
                await stall.PatchAsync(Kinds.ConfigMap, "job",
                    """{"metadata":{"annotations":{"simulator/crash":"exitCode=0;after=1s"}}}""");
                return stall.Target(TargetKinds.Job, "import");
            },
            Spoil = async stall =>
            {
                await stall.PatchAsync(Kinds.Job, "import", """{"metadata":{"labels":{"heal.internal/idempotent":null}}}""");
                return "it is not marked";
            },
            Effects = async stall => (await stall.ListAsync(Kinds.Job)).Count(job => !job.IsDeleting()) - 1,
            Before = async stall => RecipeCase.Text((await stall.ListAsync(Kinds.Job)).Count(job => !job.IsDeleting())),
        },
        new("delete_failed_job", "delete_failed_job")
        {
            Arrange = async stall =>
            {
                await FailedJobAsync(stall);
                return stall.Target(TargetKinds.Job, "import");
            },
            Spoil = async stall =>
            {
                await stall.Client.DeleteAsync(Kinds.Job, stall.Namespace, "import");
                await stall.PatchAsync(Kinds.ConfigMap, "job", """{"metadata":{"annotations":{"simulator/crash":null}}}""");
                await JobAsync(stall);
                return "it has not failed for good";
            },
            Effects = async stall => await stall.FindAsync(Kinds.Job, "import") is null ? 1 : 0,
        },
        new("backup", "backup")
        {
            Arrange = async stall =>
            {
                var target = await ClaimAsync(stall);
                await stall.CreateInAsync("""
                    {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"job",
                    "annotations":{"simulator/crash":"exitCode=0;after=1s"}},"data":{"a":"b"}}
                    """);
                await stall.CreateInAsync($$$"""
                    {"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"nightly","labels":{"heal.internal/backup":"true"}},
                    "spec":{"schedule":"0 3 * * *","jobTemplate":{"metadata":{"labels":{"backs":"up"}},"spec":{"ttlSecondsAfterFinished":60,
                    "template":{"spec":{
                    "restartPolicy":"Never","volumes":[{"name":"data","persistentVolumeClaim":{"claimName":"{{{target.Name}}}"}}],
                    "containers":[{"name":"copy","image":"registry.example/copy:1.0",
                    "envFrom":[{"configMapRef":{"name":"job"} }] }] } } } } } }
                    """);
                return target;
            },
            Spoil = async stall =>
            {
                await stall.PatchAsync(Kinds.CronJob, "nightly", """{"metadata":{"labels":{"heal.internal/backup":null}}}""");
                return "0 CronJobs with the label heal.internal/backup=true mount it, one is expected";
            },
            Effects = async stall => (await stall.ListAsync(Kinds.Job, "backs=up")).Count(job => !job.IsDeleting()),
            Before = async stall => RecipeCase.Text((await stall.ListAsync(Kinds.Job)).Count(job => !job.IsDeleting())),
        },
        new("expand_pvc", "expand_pvc")
        {
            Arrange = ClaimAsync,
            Spoil = async stall =>
            {
                await stall.PatchAsync(Kinds.StorageClass, stall.Namespace, """{"allowVolumeExpansion":false}""", clusterWide: true);
                return "does not allow expansion";
            },
            Effects = async stall =>
                (await stall.GetAsync(Kinds.PersistentVolumeClaim, "data")).Text("spec", "resources", "requests", "storage") == "1536Mi"
                    ? 1 : 0,
            Meddle = stall => stall.PatchAsync(
                Kinds.PersistentVolumeClaim, "data", """{"spec":{"resources":{"requests":{"storage":"9Gi"}}}}"""),
        },
        new("snapshot_pvc", "snapshot_pvc")
        {
            Arrange = async stall =>
            {
                await stall.CreateAsync("""
                    {"apiVersion":"snapshot.storage.k8s.io/v1","kind":"VolumeSnapshotClass","metadata":{"name":"$ns"},
                    "driver":"$ns.csi.example"}
                    """);
                return await ClaimAsync(stall);
            },
            Spoil = async stall =>
            {
                await stall.Client.DeleteAsync(Kinds.VolumeSnapshotClass, null, stall.Namespace);
                return "no VolumeSnapshotClass";
            },
            Effects = async stall => (await stall.ListAsync(Kinds.VolumeSnapshot)).Count,
            Before = async stall => RecipeCase.Text((await stall.ListAsync(Kinds.VolumeSnapshot)).Count),
        },
    ];

    private static async Task<IEnumerable<JsonObject>> PortsAsync(Stall stall) =>
        (await stall.GetAsync(Kinds.Service, "web")).Items("spec", "ports");

    /// <summary>A NetworkPolicy with this selector and these fields beside it.</summary>
    public static Task<JsonObject> PolicyAsync(Stall stall, string name, string selector, string fields) => stall.CreateInAsync($$"""
        { "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "{{name}}" },
          "spec": { "podSelector": {{selector}}, {{fields}} } }
        """);

    private static Task<JsonObject> ServiceAsync(Stall stall, string app) => stall.CreateInAsync($$"""
        { "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web" },
          "spec": { "selector": { "app": "{{app}}" }, "ports": [ { "port": 80 } ] } }
        """);

    // There is no network here: what a plugin would do to the pods, a fault does as long as the policy is there.
    private static async Task EnforceAsync(Stall stall)
    {
        try
        {
            await foreach (var change in stall.Client.WatchAsync<KubernetesObject>(Kinds.NetworkPolicy, stall.Namespace))
            {
                if (change.Type == WatchEventType.Deleted && change.Object.Metadata.Name == "deny") await stall.RemoveFaultAsync();
            }
        }
        catch (Exception e) when (e is KubernetesUnreachableException or ObjectDisposedException or OperationCanceledException)
        {
            // The cluster of the test is gone.
        }
    }

    public static async Task FailedJobAsync(Stall stall, string name = "import")
    {
        await stall.CreateInAsync("""
            {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"job","annotations":{"simulator/crash":"exitCode=1;after=1s"}},
            "data":{"a":"b"}}
            """);
        await JobAsync(stall, name);
        await stall.UntilAsync(Kinds.Job, name, live => live.HasCondition("Failed"));
    }

    private static Task<JsonObject> JobAsync(Stall stall, string name = "import") => stall.CreateInAsync($$"""
        { "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "{{name}}", "labels": { "heal.internal/idempotent": "true" } },
          "spec": { "backoffLimit": 0, "template": { "spec": { "restartPolicy": "Never",
            "containers": [ { "name": "app", "image": "registry.example/app:1.0", "envFrom": [ { "configMapRef": { "name": "job" } } ] } ]
          } } } }
        """);

    private static async Task<TargetReference> ClaimAsync(Stall stall)
    {
        await stall.CreateAsync("""
            {"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{"name":"$ns"},"provisioner":"$ns.csi.example",
            "allowVolumeExpansion":true}
            """);
        await stall.CreateInAsync("""
            {"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data"},"spec":{"storageClassName":"$ns",
            "accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}
            """);
        await stall.UntilAsync(Kinds.PersistentVolumeClaim, "data", live => live.Text("status", "phase") == "Bound");
        return stall.Target(TargetKinds.PersistentVolumeClaim, "data");
    }
}

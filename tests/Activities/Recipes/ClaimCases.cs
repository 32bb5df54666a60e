using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Claims of StatefulSets whose volumes are lost, and a stand-in for the StatefulSet controller, which the simulator does
/// not have; a real cluster has its own.</summary>
internal static class ClaimCases
{
    public static readonly RecipeCase[] All =
    [
        new("recreate_pvc_statefulset_empty", "recreate_pvc_statefulset")
        {
            Arrange = stall => LostAsync(stall, snapshot: false),
            With = _ => new() { ["dataLossAccepted"] = "true" },
            Spoil = async stall =>
            {
                await SnapshotAsync(stall);
                return "VolumeSnapshot before of it is ready to use";
            },
            Effects = EffectsAsync,
        },
        new("recreate_pvc_statefulset_from_snapshot", "recreate_pvc_statefulset")
        {
            Arrange = stall => LostAsync(stall, snapshot: true),
            With = _ => new() { ["snapshot"] = "before" },
            Spoil = async stall =>
            {
                await stall.Client.DeleteAsync(Kinds.VolumeSnapshot, stall.Namespace, "before");
                return "VolumeSnapshot before does not exist";
            },
            Effects = async stall =>
            {
                var claim = await stall.FindAsync(Kinds.PersistentVolumeClaim, "data-db-1");
                if (claim is null || claim.Uid() == stall.Notes["uid"]) return 0;
                var replicas = (await stall.GetAsync(Kinds.StatefulSet, "db")).Whole("spec", "replicas");
                return claim.Text("spec", "dataSource", "name") == "before" && replicas == 2 ? await EffectsAsync(stall) : -1;
            },
        },
    ];

    /// <param name="first">The number of the first replica.</param>
    public static async Task<TargetReference> LostAsync(Stall stall, bool snapshot, int first = 0)
    {
        await stall.CreateAsync("""
            {"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{"name":"$ns"},"provisioner":"$ns.csi.example"}
            """);
        await stall.CreateInAsync($$$"""
            {"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"db"},"spec":{"replicas":2,
            "ordinals":{"start":{{{first}}} },"serviceName":"db","selector":{"matchLabels":{"app":"db"}},
            "template":{"metadata":{"labels":{"app":"db"}},
            "spec":{"containers":[{"name":"app","image":"registry.example/app:1.0"}]} },
            "volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"storageClassName":"$ns","accessModes":["ReadWriteOnce"],
            "resources":{"requests":{"storage":"1Gi"} } }}]}}
            """);
        if (stall.Kubelet is null)
        {
            _ = FollowAsync(stall, Kinds.StatefulSet);
            _ = FollowAsync(stall, Kinds.Pod);
            _ = FollowAsync(stall, Kinds.PersistentVolumeClaim);
        }

        await stall.UntilAsync(Kinds.PersistentVolumeClaim, "data-db-1", live => live.Text("status", "phase") == "Bound");
        await stall.UntilAsync(Kinds.Pod, "db-1", Workloads.IsReady);
        if (snapshot) await SnapshotAsync(stall);

        // The simulated driver makes no PersistentVolume, so none is there; the pod that used it is not well either.
        if (stall.Kubelet is not null) await LoseAsync(stall);
        stall.Notes["uid"] = (await stall.GetAsync(Kinds.PersistentVolumeClaim, "data-db-1")).Uid();
        await stall.PatchAsync(Kinds.Pod, "db-1", """{"metadata":{"labels":{"volume":"lost"}}}""");
        await stall.AddFaultAsync("""{"match":{"namespace":"$ns","podLabels":{"volume":"lost"}},"neverReady":{}}""");
        await stall.UntilAsync(Kinds.Pod, "db-1", live => !Workloads.IsReady(live));
        return stall.Target(TargetKinds.PersistentVolumeClaim, "data-db-1");
    }

    // Somebody deletes the volume by force: the cluster's own controller says of its claim that it is lost.
    private static async Task LoseAsync(Stall stall)
    {
        var volume = (await stall.GetAsync(Kinds.PersistentVolumeClaim, "data-db-1")).Text("spec", "volumeName")!;
        await stall.Client.DeleteAsync(Kinds.PersistentVolume, null, volume);
        await stall.PatchAsync(Kinds.PersistentVolume, volume, """{"metadata":{"finalizers":null}}""", clusterWide: true);
        await stall.UntilAsync(Kinds.PersistentVolumeClaim, "data-db-1", live => live.Text("status", "phase") == "Lost");
    }

    private static async Task SnapshotAsync(Stall stall)
    {
        await stall.CreateAsync("""
            {"apiVersion":"snapshot.storage.k8s.io/v1","kind":"VolumeSnapshotClass","metadata":{"name":"$ns"},"driver":"$ns.csi.example"}
            """);
        await stall.CreateInAsync("""
            {"apiVersion":"snapshot.storage.k8s.io/v1","kind":"VolumeSnapshot","metadata":{"name":"before"},
            "spec":{"volumeSnapshotClassName":"$ns","source":{"persistentVolumeClaimName":"data-db-1"}}}
            """);
        await stall.UntilAsync(Kinds.VolumeSnapshot, "before", live => live.IsTrue("status", "readyToUse"));
    }

    private static async Task<int> EffectsAsync(Stall stall)
    {
        var claim = await stall.FindAsync(Kinds.PersistentVolumeClaim, "data-db-1");
        return claim is not null && claim.Uid() != stall.Notes["uid"] ? 1 : 0;
    }

    private static Task FollowAsync(Stall stall, ResourceKind kind) => stall.FollowAsync(kind, async (_, _) =>
    {
        try
        {
            await ReconcileAsync(stall);
        }
        catch (KubernetesApiException)
        {
            // Two of the three watches met: the next change looks again.
        }
    });

    private static async Task ReconcileAsync(Stall stall)
    {
        if (await stall.FindAsync(Kinds.StatefulSet, "db") is not { } set) return;
        var replicas = set.Whole("spec", "replicas") ?? 1;
        var first = set.Whole("spec", "ordinals", "start") ?? 0;
        for (var i = first; i < first + replicas; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"db-{i}");
            var claim = await stall.FindAsync(Kinds.PersistentVolumeClaim, $"data-{name}");
            if (claim.IsDeleting()) continue;
            if (claim is null)
            {
                var body = set.Items("spec", "volumeClaimTemplates").First().DeepClone().AsObject();
                body["apiVersion"] = "v1";
                body["kind"] = "PersistentVolumeClaim";
                body["metadata"]!["name"] = $"data-{name}";
                await stall.CreateInAsync(body.ToJsonString(), "kube-controller-manager");
            }

            if (await stall.FindAsync(Kinds.Pod, name) is not null) continue;
            var pod = set.At("spec", "template")!.DeepClone().AsObject();
            pod["apiVersion"] = "v1";
            pod["kind"] = "Pod";
            pod["metadata"]!["name"] = name;
            pod["metadata"]!["ownerReferences"] = new JsonArray(new JsonObject
            {
                ["apiVersion"] = "apps/v1", ["kind"] = "StatefulSet", ["name"] = "db", ["uid"] = set.Uid(), ["controller"] = true,
            });
            await stall.CreateInAsync(pod.ToJsonString(), "kube-controller-manager");
        }

        var surplus = (await stall.ListAsync(Kinds.Pod, "app=db")).Where(pod => !pod.IsDeleting()
            && int.Parse(pod.Name().Split('-')[1], CultureInfo.InvariantCulture) >= first + replicas);
        foreach (var pod in surplus) await stall.Client.DeleteAsync(Kinds.Pod, stall.Namespace, pod.Name());
    }
}

using System.Text.Json.Nodes;

namespace Heal.Activities.Tests;

/// <summary>
/// Stands for a driver of volumes that has no disks: gives each claim a PersistentVolume, which the cluster's own controller binds, makes
/// it bigger when it is asked to, and calls snapshots done.
/// </summary>
internal static class StandInStorage
{
    public static async Task ProvideAsync(Stall stall, JsonObject claim)
    {
        if (claim.IsDeleting()) return;
        var asked = claim.Text("spec", "resources", "requests", "storage")!;
        var name = $"pv-{claim.Uid()}";
        if (claim.Text("status", "phase") == "Pending" && await stall.FindAsync(Kinds.PersistentVolume, name, clusterWide: true) is null)
        {
            await stall.CreateAsync($$"""
                { "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": "{{name}}" },
                  "spec": { "capacity": { "storage": "{{asked}}" }, "accessModes": [ "ReadWriteOnce" ],
                    "storageClassName": "{{claim.Text("spec", "storageClassName")}}", "persistentVolumeReclaimPolicy": "Retain",
                    "csi": { "driver": "none.example", "volumeHandle": "{{name}}" },
                    "claimRef": { "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "{{stall.Namespace}}",
                      "name": "{{claim.Name()}}", "uid": "{{claim.Uid()}}" } } }
                """);
        }
        else if (claim.Text("status", "phase") == "Bound" && claim.Text("status", "capacity", "storage") != asked)
        {
            await stall.PatchAsync(
                Kinds.PersistentVolume, name, $$"""{ "spec": { "capacity": { "storage": "{{asked}}" } } }""", "resizer", clusterWide: true);
            await stall.SetStatusAsync(
                Kinds.PersistentVolumeClaim, claim.Name(), $$"""{ "status": { "capacity": { "storage": "{{asked}}" } } }""");
        }
    }

    public static Task SnapshotAsync(Stall stall, JsonObject snapshot) => snapshot.IsTrue("status", "readyToUse")
        ? Task.CompletedTask
        : stall.SetStatusAsync(Kinds.VolumeSnapshot, snapshot.Name(), """{"status":{"readyToUse":true}}""");
}

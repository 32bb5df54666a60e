using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;

namespace Heal.Simulator.Controllers;

/// <summary>
/// Stands for a CSI driver: binds claims of a StorageClass that exists, grows them where the class allows it, makes snapshots ready. There
/// are no bytes behind them.
/// </summary>
internal sealed class VolumeController(Registry registry) : IController
{
    public IEnumerable<ObjectKey> Concerned(StoredObject changed)
    {
        if (changed.Type == ResourceCatalog.PersistentVolumeClaims || changed.Type == ResourceCatalog.VolumeSnapshots)
            return [changed.Key];
        return changed.Type == FurtherResources.StorageClasses
            ? registry.Store.Everything().Where(o => o.Type == ResourceCatalog.PersistentVolumeClaims).Select(o => o.Key).ToList() : [];
    }

    public TimeSpan? Reconcile(ObjectKey key)
    {
        if (registry.Store.Find(key.Type, key.Namespace, key.Name)?.Json is not { } o || o.IsDeleting())
            return null;
        if (key.Type == ResourceCatalog.VolumeSnapshots)
            Snapshot(key, o);
        else
            Claim(key, o);
        return null;
    }

    private void Claim(ObjectKey key, JsonObject claim)
    {
        var asked = claim.At("spec", "resources", "requests", "storage")?.ToString();
        if (registry.Store.Find(FurtherResources.StorageClasses, "", claim.Text("spec", "storageClassName") ?? "")?.Json is not { } storage
            || Quantity.Parse(asked) is not { } size)
            return;
        var bound = claim.Text("status", "phase") == "Bound";
        var has = Quantity.Parse(claim.Text("status", "capacity", "storage")) ?? 0;
        if (bound && (size <= has || storage.Flag("allowVolumeExpansion") != true))
            return;
        if (!bound)
            registry.Update(key.Type, key.Namespace, key.Name, o =>
            {
                o.Ensure("spec")["volumeName"] = $"pvc-{claim.Uid()}";
                return o;
            }, WriteContext.Controllers);
        registry.Update(key.Type, key.Namespace, key.Name, o =>
        {
            var status = o.Ensure("status");
            status["phase"] = "Bound";
            status["accessModes"] = o.At("spec", "accessModes")?.DeepClone();
            status["capacity"] = new JsonObject { ["storage"] = asked };
            return o;
        }, WriteContext.ControllerStatus);
    }

    private void Snapshot(ObjectKey key, JsonObject snapshot)
    {
        var claim = snapshot.Text("spec", "source", "persistentVolumeClaimName") ?? "";
        if (registry.Store.Find(ResourceCatalog.PersistentVolumeClaims, key.Namespace, claim)?.Json is not { } source
            || registry.Store.Find(ResourceCatalog.VolumeSnapshotClasses, "", snapshot.Text("spec",
                "volumeSnapshotClassName") ?? "") is null)
            return;
        registry.Update(key.Type, key.Namespace, key.Name, o =>
        {
            var status = o.Ensure("status");
            status["readyToUse"] = source.Text("status", "phase") == "Bound";
            status["restoreSize"] = source.Text("status", "capacity", "storage");
            return o;
        }, WriteContext.ControllerStatus);
    }
}

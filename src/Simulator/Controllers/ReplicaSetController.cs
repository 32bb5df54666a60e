using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;

namespace Heal.Simulator.Controllers;

/// <summary>Keeps as many pods as a ReplicaSet asks for, and counts them. Lets go of pods that do not match any more, and takes
/// orphans that do.</summary>
internal sealed class ReplicaSetController(Registry registry, EventRecorder events) : IController
{
    /// <summary>Pods made or deleted for one ReplicaSet in one turn.</summary>
    public const int Burst = 500;

    private const string Component = "replicaset-controller";

    public IEnumerable<ObjectKey> Concerned(StoredObject changed)
    {
        if (changed.Type == ResourceCatalog.ReplicaSets)
            return [changed.Key];
        if (changed.Type == ResourceCatalog.Pods && changed.Json.ControllerReference() is null)
            return registry.Store.List(ResourceCatalog.ReplicaSets, changed.Key.Namespace).Items
                .Where(s => LabelSelector.FromObject(s.Json.At("spec", "selector")).Matches(changed.Json)).Select(s => s.Key);
        return changed.Type == ResourceCatalog.Pods && changed.Json.ControllerReference() is { } owner && owner.Text("kind") == "ReplicaSet"
            ? [new ObjectKey(ResourceCatalog.ReplicaSets, changed.Key.Namespace, owner.Text("name") ?? "")] : [];
    }

    public TimeSpan? Reconcile(ObjectKey key)
    {
        if (registry.Store.Find(key.Type, key.Namespace, key.Name) is not { } stored)
            return null;
        var set = stored.Json;
        Release(set);
        var pods = OwnedPods(registry.Store, set);
        if (!set.IsDeleting())
            Adjust(set, pods);
        return WriteStatus(key, set, OwnedPods(registry.Store, set));
    }

    /// <summary>The pods that count: owned, not finished, not being deleted.</summary>
    public static List<JsonObject> OwnedPods(ObjectStore store, JsonObject set)
        => [.. store.List(ResourceCatalog.Pods, set.Namespace()).Items.Select(p => p.Json)
            .Where(p => p.IsControlledBy(set) && !p.IsDeleting() && p.Text("status", "phase") is not ("Succeeded" or "Failed"))];

    /// <summary>A pod whose labels do not match any more is let go; one that matches again is taken back.</summary>
    private void Release(JsonObject set)
    {
        var selector = LabelSelector.FromObject(set.At("spec", "selector"));
        foreach (var pod in registry.Store.List(ResourceCatalog.Pods, set.Namespace()).Items.Select(p => p.Json).ToList())
        {
            var owned = pod.IsControlledBy(set);
            var matches = selector.Matches(pod);
            if (owned == matches || pod.IsDeleting() || (!owned && pod.ControllerReference() is not null))
                continue;
            registry.Update(ResourceCatalog.Pods, set.Namespace(), pod.Name(), o =>
            {
                var references = o.At("metadata", "ownerReferences") as JsonArray ?? [];
                if (owned)
                    references.RemoveAll(r => r.Text("uid") == set.Uid());
                else
                    references.Add(Metadata.ReferenceTo(set, controller: true));
                if (references.Count == 0)
                    o.Meta().Remove("ownerReferences");
                else if (references.Parent is null)
                    o.Meta()["ownerReferences"] = references;
                return o;
            }, WriteContext.Controllers);
        }
    }

    private void Adjust(JsonObject set, List<JsonObject> pods)
    {
        var missing = (int)(set.Number("spec", "replicas") ?? 1) - pods.Count;
        for (var i = 0; i < Math.Min(missing, Burst); i++)
        {
            var made = registry.Create(ResourceCatalog.Pods, set.Namespace(), NewPod(set), WriteContext.Controllers);
            events.Normal(set, Component, "SuccessfulCreate", $"Created pod: {made.Key.Name}");
        }
        foreach (var pod in pods.OrderBy(Value).ThenByDescending(p => p.Text("metadata", "creationTimestamp"), StringComparer.Ordinal)
            .Take(Math.Clamp(-missing, 0, Burst)))
        {
            registry.Delete(new ObjectKey(ResourceCatalog.Pods, pod.Namespace(), pod.Name()), new DeleteOptions());
            events.Normal(set, Component, "SuccessfulDelete", $"Deleted pod: {pod.Name()}");
        }
    }

    /// <summary>What is lost least comes first: unassigned, pending, not ready.</summary>
    private static int Value(JsonObject pod)
        => (pod.Text("spec", "nodeName") is null ? 0 : 4)
            + (pod.Text("status", "phase") == "Running" ? 2 : 0)
            + (Conditions.IsTrue(pod, "Ready") ? 1 : 0);

    private static JsonObject NewPod(JsonObject set)
    {
        var pod = set.Object("spec", "template")?.Copy() ?? [];
        var meta = pod.Meta();
        meta.Remove("creationTimestamp");
        meta["generateName"] = $"{set.Name()}-";
        meta["ownerReferences"] = new JsonArray(Metadata.ReferenceTo(set, controller: true));
        return pod;
    }

    private TimeSpan? WriteStatus(ObjectKey key, JsonObject set, List<JsonObject> pods)
    {
        var ready = pods.Where(p => Conditions.IsTrue(p, "Ready")).ToList();
        var minReady = registry.Clock.ScaleSeconds(set.Number("spec", "minReadySeconds") ?? 0);
        var waits = ready.Select(p => ReadySince(p) + minReady - registry.Clock.Now).ToList();
        var leaving = registry.Store.List(ResourceCatalog.Pods, key.Namespace).Items
            .Count(p => p.Json.IsControlledBy(set) && p.Json.IsDeleting());
        var available = waits.Count(w => minReady == TimeSpan.Zero || w <= TimeSpan.Zero);
        registry.Update(key.Type, key.Namespace, key.Name, o =>
        {
            var status = new JsonObject { ["replicas"] = pods.Count, ["observedGeneration"] = o.Number("metadata", "generation") };
            foreach (var (name, count) in new[]
            {
                ("fullyLabeledReplicas", pods.Count), ("readyReplicas", ready.Count), ("availableReplicas", available),
                ("terminatingReplicas", leaving),
            })
            {
                if (count > 0)
                    status[name] = count;
            }
            o["status"] = status;
            return o;
        }, WriteContext.ControllerStatus);
        return available < ready.Count ? waits.Where(w => w > TimeSpan.Zero).Min() : null;
    }

    private static DateTimeOffset ReadySince(JsonObject pod)
        => DateTimeOffset.TryParse(Conditions.Find(pod, "Ready").Text("lastTransitionTime"), out var at) ? at : DateTimeOffset.MinValue;
}

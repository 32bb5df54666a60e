using Heal.Simulator.Objects;
using Heal.Simulator.Storage;

namespace Heal.Simulator.Controllers;

/// <summary>Marks the pods of a node that is not ready, or not there any more, as not ready: its kubelet does not say so itself.</summary>
internal sealed class NodeLifecycleController(Registry registry) : IController
{
    public IEnumerable<ObjectKey> Concerned(StoredObject changed)
        => changed.Type == ResourceCatalog.Nodes ? PodsOf(registry, changed.Key.Name) : [];

    public TimeSpan? Reconcile(ObjectKey key)
    {
        if (registry.Store.Find(key.Type, key.Namespace, key.Name)?.Json is not { } pod
            || IsAlive(registry, pod.Text("spec", "nodeName")) || !Conditions.IsTrue(pod, "Ready"))
            return null;
        registry.Update(key.Type, key.Namespace, key.Name, o =>
        {
            Conditions.Set(o, "Ready", false, "NodeNotReady", null, registry.Clock.Timestamp());
            return o;
        }, WriteContext.ControllerStatus);
        return null;
    }

    public static IEnumerable<ObjectKey> PodsOf(Registry registry, string node)
        => registry.Store.Everything().Where(o => o.Type == ResourceCatalog.Pods && o.Json.Text("spec", "nodeName") == node)
            .Select(o => o.Key).ToList();

    /// <summary>Whether a node's kubelet answers.</summary>
    public static bool IsAlive(Registry registry, string? node)
        => node is not null && registry.Store.Find(ResourceCatalog.Nodes, "", node) is { } found && Conditions.IsTrue(found.Json, "Ready");
}

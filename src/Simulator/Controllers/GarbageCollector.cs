using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;

namespace Heal.Simulator.Controllers;

/// <summary>
/// Follows ownerReferences: deletes what no owner is left for; for a foreground deletion the dependents first; for an orphaning one cuts
/// the references.
/// </summary>
internal sealed class GarbageCollector(Registry registry) : IController
{
    public IEnumerable<ObjectKey> Concerned(StoredObject changed)
    {
        yield return changed.Key;
        foreach (var owner in changed.Json.Items("metadata", "ownerReferences"))
        {
            if (ResourceCatalog.FindKind(owner.Text("apiVersion"), owner.Text("kind")) is { } type)
                yield return new ObjectKey(type, type.Namespaced ? changed.Key.Namespace : "", owner.Text("name") ?? "");
        }
        if (registry.Store.Find(changed.Type, changed.Key.Namespace, changed.Key.Name)?.Json.Uid() == changed.Json.Uid())
            yield break;
        foreach (var dependent in DependentsOf(changed.Json.Uid()))
            yield return dependent.Key;
    }

    public TimeSpan? Reconcile(ObjectKey key)
    {
        if (registry.Store.Find(key.Type, key.Namespace, key.Name) is not { } stored)
            return null;
        if (stored.Json.IsDeleting())
            Finish(stored);
        else if (stored.Json.Items("metadata", "ownerReferences").ToList() is { Count: > 0 } owners
            && owners.All(o => IsGone(o, key.Namespace)))
            registry.Delete(key, new DeleteOptions(Uid: stored.Json.Uid()));
        return null;
    }

    private void Finish(StoredObject stored)
    {
        var finalizers = stored.Json.Finalizers();
        if (finalizers.Contains(Registry.OrphanFinalizer))
        {
            foreach (var dependent in DependentsOf(stored.Json.Uid()))
                Release(dependent, stored.Json.Uid());
            RemoveFinalizer(stored.Key, Registry.OrphanFinalizer);
        }
        if (!finalizers.Contains(Registry.ForegroundFinalizer))
            return;
        var dependents = DependentsOf(stored.Json.Uid());
        foreach (var dependent in dependents.Where(d => !d.Json.IsDeleting()))
            registry.Delete(dependent.Key, new DeleteOptions(Propagation: "Foreground"));
        if (DependentsOf(stored.Json.Uid()).Count == 0)
            RemoveFinalizer(stored.Key, Registry.ForegroundFinalizer);
    }

    private void Release(StoredObject dependent, string owner)
        => registry.Update(dependent.Type, dependent.Key.Namespace, dependent.Key.Name, o =>
        {
            (o.At("metadata", "ownerReferences") as JsonArray)?.RemoveAll(r => r.Text("uid") == owner);
            return o;
        }, WriteContext.Controllers);

    private void RemoveFinalizer(ObjectKey key, string finalizer)
        => registry.Update(key.Type, key.Namespace, key.Name, o =>
        {
            (o.At("metadata", "finalizers") as JsonArray)?.RemoveAll(f => f?.ToString() == finalizer);
            return o;
        }, WriteContext.Controllers);

    private bool IsGone(JsonObject reference, string ns)
    {
        // An owner of a type that is not served cannot be looked up; the dependent is left alone.
        if (ResourceCatalog.FindKind(reference.Text("apiVersion"), reference.Text("kind")) is not { } type)
            return false;
        var owner = registry.Store.Find(type, type.Namespaced ? ns : "", reference.Text("name") ?? "");
        return owner is null || owner.Json.Uid() != reference.Text("uid");
    }

    private List<StoredObject> DependentsOf(string uid)
        => [.. registry.Store.Everything().Where(o => o.Json.Items("metadata", "ownerReferences").Any(r => r.Text("uid") == uid))];
}

using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;

namespace Heal.Simulator.Controllers;

/// <summary>
/// Rolls Deployments out through ReplicaSets. An old template written back finds its old ReplicaSet again and raises that set's revision.
/// Simpler than the real one: no adoption of orphans, and a Deployment scaled in mid-rollout grows on the new side only.
/// </summary>
internal sealed class DeploymentController(Registry registry, EventRecorder events) : IController
{
    public const string Revision = "deployment.kubernetes.io/revision";
    public const string RevisionHistory = "deployment.kubernetes.io/revision-history";
    public const string HashLabel = "pod-template-hash";

    private const string Component = "deployment-controller";

    private readonly DeploymentProgress _progress = new(registry.Clock);

    public IEnumerable<ObjectKey> Concerned(StoredObject changed)
    {
        if (changed.Type == ResourceCatalog.Deployments)
            return [changed.Key];
        if (changed.Type == ResourceCatalog.ReplicaSets && changed.Json.ControllerReference() is { } owner)
            return [new ObjectKey(ResourceCatalog.Deployments, changed.Key.Namespace, owner.Text("name") ?? "")];
        // A Recreate rollout waits for the last old pod to be gone, which no ReplicaSet reports.
        return changed.Type == ResourceCatalog.Pods && changed.Json.ControllerReference().Text("name") is { } set
            && changed.Json.Label(HashLabel) is { } hash && set.EndsWith($"-{hash}", StringComparison.Ordinal)
            ? [new ObjectKey(ResourceCatalog.Deployments, changed.Key.Namespace, set[..^(hash.Length + 1)])] : [];
    }

    public TimeSpan? Reconcile(ObjectKey key)
    {
        if (registry.Store.Find(key.Type, key.Namespace, key.Name)?.Json is not { } deployment)
        {
            _progress.Forget(key);
            return null;
        }
        var paused = deployment.Flag("spec", "paused") == true;
        if (!deployment.IsDeleting())
        {
            var current = FindNew(deployment, Sets(deployment));
            if (!paused)
                current = EnsureNew(deployment, current);
            if (paused)
                ScaleActive(deployment, current);
            else
                Roll(deployment, current!);
        }
        var sets = Sets(deployment);
        var next = FindNew(deployment, sets);
        var again = _progress.WriteStatus(registry, key, sets, next);
        if (!deployment.IsDeleting() && !paused && DeploymentProgress.IsComplete(registry.Get(key.Type, key.Namespace, key.Name).Json))
            CleanUp(deployment, sets, next);
        return again;
    }

    private List<JsonObject> Sets(JsonObject deployment)
        => [.. registry.Store.List(ResourceCatalog.ReplicaSets, deployment.Namespace()).Items
            .Select(s => s.Json)
            .Where(s => s.IsControlledBy(deployment))];

    private static JsonObject? FindNew(JsonObject deployment, List<JsonObject> sets)
    {
        var wanted = Bare(deployment);
        return sets.Where(s => JsonAccess.Same(Bare(s), wanted))
            .OrderBy(s => s.Text("metadata", "creationTimestamp"), StringComparer.Ordinal)
            .FirstOrDefault();
    }

    private static JsonObject Bare(JsonObject owner)
    {
        var template = owner.Object("spec", "template")?.Copy() ?? [];
        template.Object("metadata", "labels")?.Remove(HashLabel);
        template.Object("metadata")?.Remove("creationTimestamp");
        return template;
    }

    private static long RevisionOf(JsonObject o)
        => long.TryParse(o.Annotation(Revision), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0;

    private JsonObject EnsureNew(JsonObject deployment, JsonObject? current)
    {
        var old = Sets(deployment).Where(s => s.Uid() != current?.Uid()).ToList();
        var revision = old.Select(RevisionOf).DefaultIfEmpty().Max() + 1;
        if (current is null)
            current = CreateSet(deployment, revision, old);
        else if (RevisionOf(current) < revision)
        {
            var before = current.Annotation(Revision);
            current = Update(current, o =>
            {
                var notes = o.Meta().Ensure("annotations");
                if (before is not null)
                    notes[RevisionHistory] = notes.Text(RevisionHistory) is { Length: > 0 } history ? $"{history},{before}" : before;
                notes[Revision] = revision.ToString(CultureInfo.InvariantCulture);
            });
        }
        var shown = current.Annotation(Revision);
        if (deployment.Annotation(Revision) != shown)
            Update(deployment, o => o.Meta().Ensure("annotations")[Revision] = shown);
        return current;
    }

    private JsonObject CreateSet(JsonObject deployment, long revision, List<JsonObject> old)
    {
        var template = Bare(deployment);
        var hash = Names.Hash(template.ToJsonString());
        template.Meta().Ensure("labels")[HashLabel] = hash;
        var selector = deployment.Object("spec", "selector")!.Copy();
        selector.Ensure("matchLabels")[HashLabel] = hash;
        var (surge, _) = RolloutMath.Limits(deployment);
        var wanted = Wanted(deployment);
        var isRecreate = deployment.Text("spec", "strategy", "type") == "Recreate";
        var total = old.Sum(s => (int)(s.Number("spec", "replicas") ?? 0));
        var replicas = isRecreate ? 0 : RolloutMath.NewReplicas(wanted, surge, 0, total);
        var annotations = deployment.Object("metadata", "annotations")?.Copy() ?? [];
        annotations.Remove("kubectl.kubernetes.io/last-applied-configuration");
        annotations[Revision] = revision.ToString(CultureInfo.InvariantCulture);
        annotations["deployment.kubernetes.io/desired-replicas"] = $"{wanted}";
        annotations["deployment.kubernetes.io/max-replicas"] = $"{wanted + surge}";
        var made = registry.Create(ResourceCatalog.ReplicaSets, deployment.Namespace(), new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{deployment.Name()}-{hash}",
                ["labels"] = template.Object("metadata", "labels")!.DeepClone(),
                ["annotations"] = annotations,
                ["ownerReferences"] = new JsonArray(Metadata.ReferenceTo(deployment, controller: true)),
            },
            ["spec"] = new JsonObject
            {
                ["replicas"] = replicas,
                ["minReadySeconds"] = deployment.Number("spec", "minReadySeconds") ?? 0,
                ["selector"] = selector,
                ["template"] = template,
            },
        }, WriteContext.Controllers);
        if (replicas > 0)
            events.Normal(deployment, Component, "ScalingReplicaSet", $"Scaled up replica set {made.Key.Name} from 0 to {replicas}");
        return made.Json;
    }

    private static int Wanted(JsonObject deployment) => (int)(deployment.Number("spec", "replicas") ?? 1);

    private static int Replicas(JsonObject set) => (int)(set.Number("spec", "replicas") ?? 0);

    private static int Available(JsonObject set) => (int)(set.Number("status", "availableReplicas") ?? 0);

    private void ScaleActive(JsonObject deployment, JsonObject? current)
    {
        var active = current ?? Sets(deployment).OrderByDescending(RevisionOf).FirstOrDefault(s => Replicas(s) > 0);
        if (active is not null)
        {
            var others = Sets(deployment).Where(s => s.Uid() != active.Uid()).Sum(Replicas);
            if (others == 0)
                Scale(deployment, active, Wanted(deployment));
        }
    }

    private void Roll(JsonObject deployment, JsonObject current)
    {
        var wanted = Wanted(deployment);
        var old = Sets(deployment).Where(s => s.Uid() != current.Uid()).OrderBy(RevisionOf).ToList();
        if (deployment.Text("spec", "strategy", "type") == "Recreate")
        {
            foreach (var set in old)
                Scale(deployment, set, 0);
            if (!HasPodsOf(deployment, old))
                Scale(deployment, current, wanted);
            return;
        }
        var (surge, unavailable) = RolloutMath.Limits(deployment);
        var total = old.Sum(Replicas) + Replicas(current);
        current = Scale(deployment, current, RolloutMath.NewReplicas(wanted, surge, Replicas(current), total));
        total = old.Sum(Replicas) + Replicas(current);
        var removable = RolloutMath.OldToRemove(wanted, unavailable, total, Replicas(current), Available(current));
        removable = RemoveUnhealthy(deployment, old, removable);
        var spare = old.Sum(Available) + Available(current) - (wanted - unavailable);
        foreach (var set in Sets(deployment).Where(s => s.Uid() != current.Uid()).OrderBy(RevisionOf))
        {
            var down = Math.Min(Math.Min(Replicas(set), removable), Math.Max(0, spare));
            Scale(deployment, set, Replicas(set) - down);
            removable -= down;
            spare -= down;
        }
    }

    /// <summary>Old pods that are not available serve nobody: they go first.</summary>
    private int RemoveUnhealthy(JsonObject deployment, List<JsonObject> old, int removable)
    {
        foreach (var set in old)
        {
            var unhealthy = Math.Min(removable, Math.Max(0, Replicas(set) - Available(set)));
            Scale(deployment, set, Replicas(set) - unhealthy);
            removable -= unhealthy;
        }
        return removable;
    }

    private bool HasPodsOf(JsonObject deployment, List<JsonObject> sets)
        => registry.Store.List(ResourceCatalog.Pods, deployment.Namespace()).Items.Any(p => sets.Exists(s => p.Json.IsControlledBy(s)));

    private JsonObject Scale(JsonObject deployment, JsonObject set, int replicas)
    {
        var before = Replicas(set);
        if (before == replicas)
            return set;
        var next = Update(set, o =>
        {
            o.Ensure("spec")["replicas"] = replicas;
            var notes = o.Meta().Ensure("annotations");
            notes["deployment.kubernetes.io/desired-replicas"] = $"{Wanted(deployment)}";
            notes["deployment.kubernetes.io/max-replicas"] = $"{Wanted(deployment) + RolloutMath.Limits(deployment).Surge}";
        });
        events.Normal(deployment, Component, "ScalingReplicaSet",
            $"Scaled {(replicas > before ? "up" : "down")} replica set {set.Name()} from {before} to {replicas}");
        return next;
    }

    private void CleanUp(JsonObject deployment, List<JsonObject> sets, JsonObject? current)
    {
        var limit = (int)(deployment.Number("spec", "revisionHistoryLimit") ?? 10);
        var idle = sets
            .Where(s => s.Uid() != current?.Uid() && !s.IsDeleting())
            .Where(s => Replicas(s) == 0 && (s.Number("status", "replicas") ?? 0) == 0)
            .OrderBy(RevisionOf).ToList();
        foreach (var set in idle.Take(Math.Max(0, idle.Count - limit)))
            registry.Delete(new ObjectKey(ResourceCatalog.ReplicaSets, set.Namespace(), set.Name()), new DeleteOptions());
    }

    private JsonObject Update(JsonObject o, Action<JsonObject> change)
    {
        var type = o.Text("kind") == "Deployment" ? ResourceCatalog.Deployments : ResourceCatalog.ReplicaSets;
        return registry.Update(type, o.Namespace(), o.Name(), copy =>
        {
            change(copy);
            return copy;
        }, WriteContext.Controllers).Json;
    }
}

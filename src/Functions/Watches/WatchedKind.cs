using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Caching;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Functions.Watches;

/// <summary>
/// One kind that is watched, and how its objects come out of the shared cache. Kinds with a model are asked for with it, so that everybody
/// shares one watch.
/// </summary>
/// <param name="Observed">The kind as detectors call it.</param>
/// <param name="Kind">The kind as the server calls it; the first that it serves.</param>
internal sealed record WatchedKind(string Observed, IReadOnlyList<ResourceKind> Kind, bool IsNamespaced, IWatchedObjects Objects)
{
    /// <summary>What the detectors look at, in the order in which it helps to have it.</summary>
    public static IReadOnlyList<WatchedKind> All { get; } =
    [
        Of<Namespace>(TargetKinds.Namespace, isNamespaced: false),
        Of<Node>(TargetKinds.Node, isNamespaced: false),
        Of<Deployment>(TargetKinds.Deployment),
        Of<StatefulSet>(TargetKinds.StatefulSet),
        Of<DaemonSet>(TargetKinds.DaemonSet),
        new(TargetKinds.ReplicaSet, [ResourceKind.Of<ReplicaSet>()], true, new WatchedObjects<KubernetesObject>(MetadataOnly: true)),
        Untyped(TargetKinds.Job, KnownKinds.Job),
        Untyped(TargetKinds.HorizontalPodAutoscaler, KnownKinds.HorizontalPodAutoscaler),
        Untyped(TargetKinds.PodDisruptionBudget, KnownKinds.PodDisruptionBudget),
        Untyped(TargetKinds.Service, KnownKinds.Service),
        Untyped(ObservedKinds.Backends, KnownKinds.EndpointSlice, KnownKinds.Endpoints),
        Untyped(TargetKinds.ResourceQuota, KnownKinds.ResourceQuota),
        Untyped(TargetKinds.PersistentVolumeClaim, KnownKinds.PersistentVolumeClaim),
        Of<Pod>(TargetKinds.Pod),
    ];

    private static WatchedKind Of<T>(string observed, bool isNamespaced = true) where T : KubernetesObject =>
        new(observed, [ResourceKind.Of<T>()], isNamespaced, new WatchedObjects<T>(MetadataOnly: false));

    private static WatchedKind Untyped(string observed, params ResourceKind[] kinds) =>
        new(observed, kinds, true, new WatchedObjects<KubernetesObject>(MetadataOnly: false));
}

/// <summary>What came of the objects of a kind.</summary>
/// <param name="Seen">The object; null when it is one of the others.</param>
/// <param name="Gone">The object in its last state.</param>
/// <param name="Synced">Set once all objects that there were have come.</param>
/// <param name="Usage">What was measured of a volume.</param>
/// <param name="At">When it reached us, as a timestamp of the clock.</param>
/// <param name="Begins">
/// From here to its <see cref="Synced"/> everything that there is comes: what was seen before and does not come is gone.
/// </param>
internal readonly record struct Sighting(
    KubernetesObject? Seen, KubernetesObject? Gone, string? Synced, VolumeUsage? Usage, long At, WatchedScope? Begins = null);

/// <summary>What one watch is about.</summary>
/// <param name="Kind">As detectors call it.</param>
/// <param name="Namespace">Null: all of them.</param>
internal sealed record WatchedScope(string Kind, string? Namespace)
{
    public string Name => $"{Kind} {Namespace ?? "*"}";
}

internal interface IWatchedObjects
{
    Task FollowAsync(
        KubernetesCaches caches, ResourceKind kind, WatchedScope scope, Func<Sighting, ValueTask> tell, TimeProvider time,
        CancellationToken cancellationToken);
}

internal sealed record WatchedObjects<T>(bool MetadataOnly) : IWatchedObjects where T : KubernetesObject
{
    public async Task FollowAsync(
        KubernetesCaches caches, ResourceKind kind, WatchedScope scope, Func<Sighting, ValueTask> tell, TimeProvider time,
        CancellationToken cancellationToken)
    {
        string? ns = scope.Namespace;
        IObjectCache<T> cache = caches.Of<T>(kind, new CacheScope { Namespace = ns, MetadataOnly = MetadataOnly });
        await cache.WaitForSyncAsync(cancellationToken);
        // The queue is opened before the present is read: what happens between the two comes twice rather than never.
        using CacheSubscription<T> changes = cache.Subscribe(new SubscriptionOptions { IncludeExisting = false });
        // A consumer that fell too far behind begins anew, and has missed deletions.
        await tell(new Sighting(null, null, null, null, time.GetTimestamp(), scope));
        foreach (T present in ns is null ? cache.All() : cache.InNamespace(ns))
        {
            await tell(new Sighting(present, null, null, null, time.GetTimestamp()));
        }

        await tell(new Sighting(null, null, scope.Name, null, time.GetTimestamp()));
        await foreach (ObjectChange<T> change in changes.ReadAllAsync(cancellationToken))
        {
            await tell(new Sighting(change.New, change.New is null ? change.Old : null, null, null, change.Observed));
        }
    }
}

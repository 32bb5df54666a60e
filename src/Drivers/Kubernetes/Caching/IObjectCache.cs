using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes.Caching;

/// <summary>
/// The objects of one kind and scope in memory, kept current by one list and one watch however many use it. Reads cost no request.
/// What is read is as old as <see cref="CacheStatus.Age"/> says, and trimmed (<see cref="CacheOptions.Trim"/>): before an act, read
/// the object itself. Thread-safe.
/// </summary>
public interface IObjectCache<T> where T : KubernetesObject
{
    /// <summary>How far it can be trusted now.</summary>
    CacheStatus Status { get; }

    /// <summary>Waits until the first list is complete.</summary>
    Task WaitForSyncAsync(CancellationToken cancellationToken = default);

    /// <summary>One object; null when there is none, or none that is known yet.</summary>
    T? Get(string? ns, string name);

    T? GetByUid(string uid);

    IReadOnlyList<T> All();

    IReadOnlyList<T> InNamespace(string ns);

    /// <summary>Those that name this object as an owner (any of them, not only the controller).</summary>
    IReadOnlyList<T> OwnedBy(string uid);

    IReadOnlyList<T> WithLabel(string key, string value);

    /// <summary>Those whose spec.nodeName this is.</summary>
    IReadOnlyList<T> OnNode(string node);

    /// <summary>Opens a queue of changes: what is known now, and everything after it, without a gap and without a repetition.</summary>
    CacheSubscription<T> Subscribe(SubscriptionOptions? options = null);

    /// <summary>Subscribes, and follows the changes until cancelled.</summary>
    /// <exception cref="SlowConsumerException">The consumer fell too far behind.</exception>
    IAsyncEnumerable<ObjectChange<T>> ChangesAsync(SubscriptionOptions? options = null, CancellationToken cancellationToken = default);
}

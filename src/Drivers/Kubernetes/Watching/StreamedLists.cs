using System.Collections.Concurrent;

namespace Heal.Drivers.Kubernetes.Watching;

/// <summary>
/// Of which kinds a server does not stream what exists at the beginning of a watch, as its answers have shown. By kind, because an
/// aggregated API is served by a program of its own, older or newer than the API server before it. A "no" is believed as long as other
/// discovery answers (<see cref="KubernetesClientOptions.DiscoveryLifetime"/>): a server may have been upgraded since. Thread-safe.
/// </summary>
internal sealed class StreamedLists(KubernetesClientOptions options, TimeProvider time)
{
    private readonly ConcurrentDictionary<ResourceKind, long> _refused = new();

    public bool MayAsk(ResourceKind kind) => options.StreamLists
        && !(_refused.TryGetValue(kind, out var at) && time.GetElapsedTime(at) < options.DiscoveryLifetime);

    public void Refuse(ResourceKind kind) => _refused[kind] = time.GetTimestamp();
}

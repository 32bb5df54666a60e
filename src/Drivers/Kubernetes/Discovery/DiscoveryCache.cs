using System.Collections.Concurrent;
using System.Text.Json;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Transport;

namespace Heal.Drivers.Kubernetes.Discovery;

/// <summary>
/// Which version, plural and scope a kind has on this server. Asks per group and only for the groups in use, so that a broken
/// aggregated API harms nobody else. Believed for <see cref="KubernetesClientOptions.DiscoveryLifetime"/>; a kind that is not there
/// is asked for again after <see cref="NegativeLifetime"/>.
/// </summary>
internal sealed class DiscoveryCache(ApiTransport transport)
{
    public static readonly TimeSpan NegativeLifetime = TimeSpan.FromSeconds(10);

    /// <summary>Kinds, and documents, that are remembered. Names of kinds come out of the cluster's objects as well (owner references), so
    /// that there is no end to them; beyond this many all are asked for again.</summary>
    public const int MaximumKnown = 1_000;

    private readonly ConcurrentDictionary<ResourceKind, Entry> _entries = new();
    // Kinds share documents: the core group's holds twenty of those that we use.
    private readonly ConcurrentDictionary<string, (object? Document, long Read)> _documents = new();

    /// <exception cref="KubernetesNotFoundException">The server does not serve the kind.</exception>
    public async Task<ApiResource> GetAsync(string verb, ResourceKind kind, CancellationToken cancellationToken) =>
        await FindAsync(kind, cancellationToken) ?? throw ErrorReader.KindNotServed(verb, kind);

    public async Task<ApiResource?> FindAsync(ResourceKind kind, CancellationToken cancellationToken)
    {
        if (_entries.TryGetValue(kind, out var known) && IsFresh(known))
            return known.Resource;
        // Two callers may ask at once: both get the same answer, and no caller waits on another's cancelled request.
        var entry = new Entry(await AskAsync(kind, cancellationToken), transport.Time.GetTimestamp());
        Remember(_entries, kind, entry);
        return entry.Resource;
    }

    /// <summary>The server did not know the URL that we made of an entry: forget it.</summary>
    public void Forget(ResourceKind kind)
    {
        _entries.TryRemove(kind, out _);
        var group = kind.Group.Length == 0 ? "api/" : $"apis/{Uri.EscapeDataString(kind.Group)}";
        foreach (var path in _documents.Keys.Where(p => p.StartsWith(group, StringComparison.Ordinal)))
            _documents.TryRemove(path, out _);
    }

    private static void Remember<TKey, TValue>(ConcurrentDictionary<TKey, TValue> known, TKey key, TValue value) where TKey : notnull
    {
        if (known.Count >= MaximumKnown)
            known.Clear();
        known[key] = value;
    }

    private bool IsFresh(Entry entry) => IsFresh(entry.Asked, entry.Resource is not null);

    private bool IsFresh(long asked, bool isThere) =>
        transport.Time.GetElapsedTime(asked) < (isThere ? transport.Options.DiscoveryLifetime : NegativeLifetime);

    private async Task<ApiResource?> AskAsync(ResourceKind kind, CancellationToken cancellationToken)
    {
        foreach (var version in await VersionsAsync(kind, cancellationToken))
        {
            var path = kind.Group.Length == 0
                ? $"api/{Uri.EscapeDataString(version)}"
                : $"apis/{Uri.EscapeDataString(kind.Group)}/{Uri.EscapeDataString(version)}";
            var list = await ReadAsync<ApiResourceListDocument>(path, cancellationToken);
            var match = list?.Resources.Find(r => r.Kind == kind.Kind && !r.Name.Contains('/', StringComparison.Ordinal));
            if (match is not null)
                return new ApiResource(kind.Group, version, kind.Kind, match.Name, match.Namespaced, match.Verbs)
                {
                    Subresources = Subresources(list!, match.Name, kind.Group, version),
                };
        }

        return null;
    }

    private static List<ApiSubresource> Subresources(ApiResourceListDocument list, string plural, string group, string version) =>
        [.. list.Resources
            .Where(r => r.Name.StartsWith(plural + '/', StringComparison.Ordinal))
            .Select(r => new ApiSubresource(r.Name[(plural.Length + 1)..], ApiVersion(r, group, version), r.Kind, r.Verbs))];

    private static string ApiVersion(ApiResourceDocument resource, string group, string version) => string.IsNullOrEmpty(resource.Version)
        ? group.Length == 0 ? version : $"{group}/{version}"
        : string.IsNullOrEmpty(resource.Group) ? resource.Version : $"{resource.Group}/{resource.Version}";

    /// <summary>Versions to look into, best first.</summary>
    private async Task<IReadOnlyList<string>> VersionsAsync(ResourceKind kind, CancellationToken cancellationToken)
    {
        if (kind.Version is not null)
            return [kind.Version];
        if (kind.Group.Length == 0)
            return ["v1"];
        var group = await ReadAsync<ApiGroupDocument>($"apis/{Uri.EscapeDataString(kind.Group)}", cancellationToken);
        if (group is null)
            return [];
        var all = group.Versions.Select(v => v.Version);
        return VersionPreference.Order(
            kind, group.PreferredVersion is { } preferred ? [.. all.Prepend(preferred.Version).Distinct()] : [.. all]);
    }

    private async Task<T?> ReadAsync<T>(string path, CancellationToken cancellationToken) where T : class
    {
        // A kind that is not in a document may have come since, with a CustomResourceDefinition: no older than a "no" may be.
        if (_documents.TryGetValue(path, out var known) && IsFresh(known.Read, isThere: false))
            return (T?)known.Document;
        var document = await AskAsync<T>(path, cancellationToken);
        Remember(_documents, path, (document, transport.Time.GetTimestamp()));
        return document;
    }

    private async Task<T?> AskAsync<T>(string path, CancellationToken cancellationToken) where T : class
    {
        try
        {
            return await transport.CallAsync(ApiCalls.Document(path), ParseAsync, cancellationToken);
        }
        catch (KubernetesNotFoundException)
        {
            return null;
        }

        async Task<T?> ParseAsync(Stream stream, CancellationToken token) => await JsonSerializer.DeserializeAsync<T>(
            new LimitedStream(stream, new ByteBudget(transport.Options.MaxResponseBytes)), KubernetesJson.Options, token);
    }

    private sealed record Entry(ApiResource? Resource, long Asked);
}

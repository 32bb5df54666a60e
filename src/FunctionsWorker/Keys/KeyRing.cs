using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;

namespace Microsoft.Azure.Functions.Worker.Keys;

/// <summary>
/// Who may call what: the configured keys, and those of the store, of which a configured one of the same name takes the place.
/// Keeps digests only, compares all of a kind in constant time, and never shows a key but that of the links.
/// </summary>
internal sealed class KeyRing
{
    /// <summary>Longer ones are not looked at. Characters.</summary>
    public const int MaxLength = 256;

    private const string Header = "x-functions-key";
    private const string Query = "code";

    private readonly KeySet _configuredSet;
    private readonly ImmutableArray<StoredKey> _configured;
    private volatile Snapshot _keys;
    private volatile bool _isRead;

    public KeyRing(KeySet configured)
    {
        _configuredSet = configured;
        _configured = [.. configured.All().Select(static key => StoredKey.Of(key.Id, key.Value))];
        _keys = new(_configured);
    }

    /// <summary>Whether the keys of the store are known; until they have been read once, only configured ones are.</summary>
    public bool IsRead => _isRead;

    /// <summary>The key for links that lead to the management API; null when the host has none.</summary>
    public string? LinkKey => _keys.LinkKey;

    public static string? KeyOf(HttpRequest request)
    {
        string header = request.Headers[Header].ToString();
        string key = header.Length > 0 ? header : request.Query[Query].ToString();
        return key.Length > 0 ? key : null;
    }

    /// <summary>Takes over what the store says now.</summary>
    public void Load(IEnumerable<StoredKey> stored)
    {
        _keys = new([.. _configured, .. stored.Where(key => !_configuredSet.Has(key.Id))]);
        _isRead = true;
    }

    public bool Allows(string? key, AuthorizationLevel level, string? function = null)
    {
        if (level == AuthorizationLevel.Anonymous)
        {
            return true;
        }

        if (key is null || key.Length > MaxLength)
        {
            return false;
        }

        Snapshot keys = _keys;
        bool allowed = Contains(keys.Master, key);
        if (level == AuthorizationLevel.System)
        {
            allowed |= Contains(keys.System, key);
        }

        if (level == AuthorizationLevel.Function)
        {
            allowed |= Contains(keys.Host, key);
            allowed |= function is not null && keys.Functions.TryGetValue(function, out ImmutableArray<StoredKey> own)
                && Contains(own, key);
        }

        return allowed;
    }

    private static bool Contains(ImmutableArray<StoredKey> keys, string value)
    {
        bool found = false;
        foreach (StoredKey candidate in keys)
        {
            // No early exit: the time must not tell which key came close.
            found |= candidate.Matches(value);
        }

        return found;
    }

    /// <summary>The keys as they were read at one time; replaced as a whole.</summary>
    private sealed class Snapshot
    {
        public Snapshot(ImmutableArray<StoredKey> keys)
        {
            Master = Of(keys, KeyKind.Master);
            Host = Of(keys, KeyKind.Host);
            System = Of(keys, KeyKind.System);
            Functions = Of(keys, KeyKind.Function)
                .GroupBy(static key => key.Id.Function, StringComparer.OrdinalIgnoreCase)
                .ToImmutableDictionary(
                    static group => group.Key, static group => group.ToImmutableArray(), StringComparer.OrdinalIgnoreCase);
            LinkKey = System.FirstOrDefault(static key => key.Readable is not null)?.Readable;
        }

        public ImmutableArray<StoredKey> Master { get; }

        public ImmutableArray<StoredKey> Host { get; }

        public ImmutableArray<StoredKey> System { get; }

        public ImmutableDictionary<string, ImmutableArray<StoredKey>> Functions { get; }

        public string? LinkKey { get; }

        private static ImmutableArray<StoredKey> Of(ImmutableArray<StoredKey> keys, KeyKind kind) =>
            [.. keys.Where(key => key.Id.Kind == kind)];
    }
}

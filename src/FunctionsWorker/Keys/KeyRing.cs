using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Microsoft.Azure.Functions.Worker.Keys;

/// <summary>
/// Who may call what. Keeps digests only, compares all of them in constant time, and never shows a key.
/// </summary>
internal sealed class KeyRing(KeySet keys)
{
    /// <summary>The system key of the durable management API.</summary>
    public const string DurableTaskSystemKey = "durabletask_extension";

    private const string Header = "x-functions-key";
    private const string Query = "code";

    private readonly ImmutableArray<byte[]> _master = Digests(keys.Master is null ? [] : [keys.Master]);
    private readonly ImmutableArray<byte[]> _host = Digests(keys.Host.Values);
    private readonly ImmutableArray<byte[]> _system = Digests(keys.System.Values);
    private readonly Dictionary<string, ImmutableArray<byte[]>> _functions = keys.Functions.ToDictionary(
        static f => f.Key, static f => Digests(f.Value.Values), StringComparer.OrdinalIgnoreCase);

    /// <summary>The key for links that lead to the management API; null when the host has none.</summary>
    public string? LinkKey { get; } = keys.System.GetValueOrDefault(DurableTaskSystemKey);

    public static string? KeyOf(HttpRequest request)
    {
        string header = request.Headers[Header].ToString();
        string key = header.Length > 0 ? header : request.Query[Query].ToString();
        return key.Length > 0 ? key : null;
    }

    public bool Allows(string? key, AuthorizationLevel level, string? function = null)
    {
        if (level == AuthorizationLevel.Anonymous)
        {
            return true;
        }

        if (key is null)
        {
            return false;
        }

        byte[] digest = Digest(key);
        bool allowed = Contains(_master, digest);
        if (level == AuthorizationLevel.System)
        {
            allowed |= Contains(_system, digest);
        }

        if (level == AuthorizationLevel.Function)
        {
            allowed |= Contains(_host, digest);
            allowed |= function is not null && _functions.TryGetValue(function, out ImmutableArray<byte[]> own) && Contains(own, digest);
        }

        return allowed;
    }

    private static bool Contains(ImmutableArray<byte[]> digests, byte[] digest)
    {
        bool found = false;
        foreach (byte[] candidate in digests)
        {
            // No early exit: the time must not tell which key came close.
            found |= CryptographicOperations.FixedTimeEquals(candidate, digest);
        }

        return found;
    }

    private static ImmutableArray<byte[]> Digests(IEnumerable<string> keys) => [.. keys.Select(Digest)];

    private static byte[] Digest(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}

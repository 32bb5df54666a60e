using System.Security.Cryptography;
using System.Text;

namespace Microsoft.Azure.Functions.Worker.Keys;

internal enum KeyKind
{
    /// <summary>Opens everything.</summary>
    Master = 0,

    /// <summary>Opens every function of level Function.</summary>
    Host = 1,

    /// <summary>Opens what an extension serves, and functions of level System.</summary>
    System = 2,

    /// <summary>Opens one function.</summary>
    Function = 3,
}

/// <summary>Which key. The names of keys and functions know no case: two that differ in nothing else are one.</summary>
/// <param name="Function">The function's name for <see cref="KeyKind.Function"/>, else empty.</param>
internal sealed record KeyId(KeyKind Kind, string Function, string Name)
{
    /// <summary>The name of the only master key.</summary>
    public const string MasterName = "_master";

    /// <summary>The system key of the durable management API, which the host writes into links.</summary>
    public const string DurableTaskName = "durabletask_extension";

    public static KeyId Master { get; } = new(KeyKind.Master, "", MasterName);

    public static KeyId DurableTask { get; } = new(KeyKind.System, "", DurableTaskName);

    public bool Equals(KeyId? other) => other is not null
        && Kind == other.Kind
        && string.Equals(Function, other.Function, StringComparison.OrdinalIgnoreCase)
        && string.Equals(Name, other.Name, StringComparison.OrdinalIgnoreCase);

    public override int GetHashCode() => HashCode.Combine(
        Kind, Function.GetHashCode(StringComparison.OrdinalIgnoreCase), Name.GetHashCode(StringComparison.OrdinalIgnoreCase));

    public override string ToString() => Kind == KeyKind.Function ? $"{Kind} key '{Name}' of '{Function}'" : $"{Kind} key '{Name}'";
}

/// <summary>
/// A key as it is kept: SHA-256 of a salt of its own and the key. One round is enough: a made key has 256 random bits, which nobody
/// guesses however fast the hash is; the salt keeps equal or weak keys that people chose from being looked up in a table.
/// </summary>
/// <param name="Readable">The key itself; only of the one that the host writes into its replies.</param>
internal sealed record StoredKey(KeyId Id, byte[] Salt, byte[] Hash, string? Readable)
{
    private const int SaltBytes = 16;
    private const int KeyBytes = 32;

    /// <summary>A key of 256 random bits, in 64 hexadecimal digits.</summary>
    public static string NewValue() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(KeyBytes));

    public static StoredKey Of(KeyId id, string value)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(SaltBytes);
        byte[] hash = new byte[SHA256.HashSizeInBytes];
        Digest(salt, value, hash);
        return new(id, salt, hash, id == KeyId.DurableTask ? value : null);
    }

    /// <summary>Takes the same time whatever the key is.</summary>
    public bool Matches(string value)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        Digest(Salt, value, hash);
        return CryptographicOperations.FixedTimeEquals(Hash, hash);
    }

    // Neither hash nor key belongs into a log.
    public override string ToString() => Id.ToString();

    private static void Digest(byte[] salt, string value, Span<byte> hash)
    {
        Span<byte> text = stackalloc byte[salt.Length + Encoding.UTF8.GetMaxByteCount(Math.Min(value.Length, KeyRing.MaxLength))];
        salt.CopyTo(text);
        int length = Encoding.UTF8.GetBytes(value.AsSpan(0, Math.Min(value.Length, KeyRing.MaxLength)), text[salt.Length..]);
        SHA256.HashData(text[..(salt.Length + length)], hash);
    }
}

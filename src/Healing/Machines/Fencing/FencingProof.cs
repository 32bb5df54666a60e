using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace Heal.Healing;

/// <summary>What a witness looked at.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WitnessKind>))]
public enum WitnessKind
{
    /// <summary>The host's power is off: nothing runs on it.</summary>
    Power,

    /// <summary>The host's hypervisor, asked by another way than the usual one, has the guests off.</summary>
    Hypervisor,

    /// <summary>Nobody holds the locks that an emulator holds on the image files that it writes.</summary>
    DiskLocks,
}

/// <summary>A guest that a statement is about.</summary>
/// <param name="RunId">The id of the run that the witness ended; null when it found the guest off, or cannot tell.</param>
public sealed record FencedGuest(string Uuid, string Name, int? RunId);

/// <summary>What a witness says: none of these guests runs on that host any more.</summary>
/// <param name="Witness">Its name in the settings of that host, for example <c>hypervisor</c>.</param>
/// <param name="Observed">In a sentence.</param>
/// <param name="IssuedAt">From when on it was so: taken before the look that showed it.</param>
public sealed record FencingStatement(
    string Host, IReadOnlyList<FencedGuest> Guests, string Witness, WitnessKind Kind, string Observed, DateTimeOffset IssuedAt,
    DateTimeOffset ExpiresAt)
{
    // A later form of the bytes begins with another number, so that no signature of one is one of the other.
    private const byte Form = 1;

    /// <summary>What is signed: every text with its length before it, so that no two statements have the same bytes. The order of the
    /// guests does not matter.</summary>
    public byte[] ToBytes()
    {
        using var bytes = new MemoryStream();
        bytes.WriteByte(Form);
        Write(Host);
        Write(Witness);
        Write(Kind.ToString());
        Write(Observed);
        WriteNumber(IssuedAt.UtcTicks);
        WriteNumber(ExpiresAt.UtcTicks);
        WriteNumber(Guests.Count);
        foreach (var guest in Guests.OrderBy(item => item.Uuid, StringComparer.Ordinal).ThenBy(item => item.Name, StringComparer.Ordinal))
        {
            Write(guest.Uuid);
            Write(guest.Name);
            WriteNumber(guest.RunId ?? -1L);
        }

        return bytes.ToArray();

        void Write(string text)
        {
            var encoded = Encoding.UTF8.GetBytes(text);
            WriteNumber(encoded.Length);
            bytes.Write(encoded);
        }

        void WriteNumber(long number)
        {
            Span<byte> eight = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64BigEndian(eight, number);
            bytes.Write(eight);
        }
    }
}

/// <summary>A statement that was signed when it was made, and is worth something only until it expires.</summary>
/// <param name="Signature">HMAC-SHA256 (RFC 2104) of <see cref="FencingStatement.ToBytes"/>, in hexadecimal digits.</param>
public sealed record FencingProof(FencingStatement Statement, string Signature);

/// <summary>Signs proofs and knows its own signature. Shows its bytes to nobody.</summary>
public sealed class FencingKey
{
    /// <summary>As long as what HMAC-SHA256 gives: shorter ones weaken it (RFC 2104, section 3).</summary>
    public const int LeastBytes = 32;

    private readonly byte[] _key;

    private FencingKey(byte[] key) => _key = key;

    /// <param name="base64">For example what <c>openssl rand -base64 32</c> prints.</param>
    /// <param name="fault">What is wrong with it, without it; null when nothing is.</param>
    public static FencingKey? Read(string base64, out string? fault)
    {
        var bytes = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64.Trim(), bytes, out var length))
        {
            fault = "something that is no base64";
            return null;
        }

        fault = length < LeastBytes ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{length} bytes") : null;
        return fault is null ? new FencingKey(bytes[..length]) : null;
    }

    public FencingProof Sign(FencingStatement statement) =>
        new(statement, Convert.ToHexStringLower(HMACSHA256.HashData(_key, statement.ToBytes())));

    /// <summary>Nothing of the key.</summary>
    public override string ToString() => nameof(FencingKey);

    /// <summary>In constant time: how long it takes tells nothing of the right signature.</summary>
    public bool HasSigned(FencingProof proof) => CryptographicOperations.FixedTimeEquals(
        Encoding.ASCII.GetBytes(Sign(proof.Statement).Signature), Encoding.ASCII.GetBytes(proof.Signature));
}

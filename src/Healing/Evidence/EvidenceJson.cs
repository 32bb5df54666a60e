using System.Security.Cryptography;
using System.Text.Json;

namespace Heal.Healing;

/// <summary>A bundle as bytes, and back. The same bundle always gives the same bytes, so that equal hashes mean equal evidence.</summary>
public static class EvidenceJson
{
    /// <summary>
    /// The shape that this program writes. 2: any kind of target, with owners, siblings, related objects, usage and changes. Raised when a
    /// field changes its meaning; a field that is new and may be absent needs no new number.
    /// </summary>
    public const int Schema = 2;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { MaxDepth = 64 };

    public static byte[] Write(EvidenceBundle bundle) => JsonSerializer.SerializeToUtf8Bytes(bundle, Options);

    /// <exception cref="JsonException">It is no bundle.</exception>
    /// <exception cref="EvidenceSchemaException">It was written by a newer program.</exception>
    public static EvidenceBundle Read(ReadOnlySpan<byte> json)
    {
        var bundle = JsonSerializer.Deserialize<EvidenceBundle>(json, Options)
            ?? throw new JsonException("Expected an evidence bundle, got null.");
        return bundle.Schema <= Schema ? bundle : throw new EvidenceSchemaException(bundle.Schema);
    }

    public static string Hash(ReadOnlySpan<byte> json) => Convert.ToHexStringLower(SHA256.HashData(json));
}

/// <summary>The bundle has a shape that this program does not know.</summary>
public sealed class EvidenceSchemaException(int schema) : Exception(
    $"Evidence bundle: expected schema {EvidenceJson.Schema} or older, got {schema}. A newer program wrote it: read it with that one.")
{
    public int Schema { get; } = schema;
}

using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace DurableTask.Core.Payloads;

/// <summary>What stands where a large payload was: it names the format and the payload. No JSON text begins like one.</summary>
internal static class PayloadToken
{
    private const string Prefix = "\u0001payload:gzip:";
    private const int IdLength = 2 * SHA256.HashSizeInBytes;

    /// <param name="owner">An instance or an entity.</param>
    /// <param name="writing">Null for a payload that is the same as every other of this owner with this text; else which writing of it
    /// this is, for one that nothing else may refer to.</param>
    public static (string Token, StoredPayload Payload) Create(string owner, string text, string? writing = null)
    {
        byte[] content = Encoding.UTF8.GetBytes(text);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        if (writing is not null)
        {
            // No owner begins like this: an entity's id does with "@", and an instance's holds no control character.
            hash.AppendData(Encoding.UTF8.GetBytes(writing + '\u0001'));
        }

        hash.AppendData(Encoding.UTF8.GetBytes(owner));
        hash.AppendData([0]);
        hash.AppendData(content);
        var id = Convert.ToHexStringLower(hash.GetHashAndReset());
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(content);
        }

        return (Prefix + id, new StoredPayload(id, owner, compressed.ToArray()));
    }

    /// <summary>True for a text of a caller's that could be taken for a token: it has to be stored apart too.</summary>
    public static bool IsLikeToken(string text) => text.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>The id in a token; null when the text is none.</summary>
    public static string? IdIn(string? text) =>
        text is { Length: > 0 } && text[0] == Prefix[0] && text.Length == Prefix.Length + IdLength && IsLikeToken(text)
            ? text[Prefix.Length..]
            : null;

    public static string Read(byte[] data)
    {
        using var gzip = new GZipStream(new MemoryStream(data), CompressionMode.Decompress);
        using var reader = new StreamReader(gzip, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}

using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using YamlDotNet.Core;

namespace Heal.Activities;

/// <summary>A versioned copy of an object: where it is, to be read again. The ledger keeps that, and not what it holds.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "from")]
[JsonDerivedType(typeof(HelmManifest), "helm")]
[JsonDerivedType(typeof(GitManifest), "git")]
internal abstract record ManifestSource
{
    private const int HashBytes = 8;

    /// <summary>The object as the copy has it, ready to be created; null when it is not there (any more).</summary>
    public abstract Task<JsonObject?> ReadAsync(ActionTools tools, ObjectAddress address, CancellationToken cancellationToken);

    public abstract string Describe();

    public static string Hash(JsonObject manifest) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(manifest.ToJsonString())).AsSpan(0, HashBytes));

    /// <summary>The object among the documents of a text; null also when the text is no YAML.</summary>
    protected static JsonObject? Find(string text, ObjectAddress address)
    {
        try
        {
            return ManifestReader.Read(text).FirstOrDefault(item => Is(item, address)) is { } found ? Ready(found) : null;
        }
        catch (Exception e) when (e is YamlException or InvalidCastException or ArgumentException)
        {
            return null;
        }
    }

    private static bool Is(JsonObject item, ObjectAddress address)
    {
        var version = item.Text("apiVersion") ?? "";
        var group = version.Contains('/', StringComparison.Ordinal) ? version.Split('/')[0] : "";
        return item.Text("kind") == address.Kind && group == address.Group && item.Name() == address.Name
            && (item.Text("metadata", "namespace") ?? address.Namespace) == address.Namespace;
    }

    // As the server would keep it: texts of a Secret are written in base64.
    private static JsonObject Ready(JsonObject manifest)
    {
        var body = CreateEffect.BodyOf(manifest);
        if (body["stringData"] is not JsonObject plain || body.Text("kind") != "Secret") return body;
        if (body["data"] is not JsonObject data) body["data"] = data = new JsonObject();
        foreach (var (key, value) in plain)
        {
            data[key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(value?.ToString() ?? ""));
        }

        body.Remove("stringData");
        return body;
    }
}

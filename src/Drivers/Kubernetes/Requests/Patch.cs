using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Heal.Drivers.Kubernetes;

/// <summary>A change of parts of an object, in one of the three formats that the server knows beside apply.</summary>
public sealed class Patch
{
    private Patch(string mediaType, JsonNode body, bool isIdempotent)
    {
        MediaType = mediaType;
        Body = body;
        IsIdempotent = isIdempotent;
    }

    public string MediaType { get; }

    public JsonNode Body { get; }

    /// <summary>Whether sending it twice does what sending it once does; only then is it retried.</summary>
    public bool IsIdempotent { get; }

    /// <summary>RFC 6902: operations in order, all or none. Sent at most once. Begin with a Test to make it conditional.</summary>
    public static Patch Json(params IEnumerable<JsonPatchOperation> operations) => new(
        "application/json-patch+json",
        new JsonArray([.. operations.Select(o => o.ToJson())]),
        isIdempotent: false);

    /// <summary>
    /// RFC 7396: fields overwrite, null removes, lists are replaced as a whole. metadata.resourceVersion makes it conditional.
    /// </summary>
    public static Patch Merge(JsonNode body) => new("application/merge-patch+json", body, isIdempotent: true);

    /// <summary>As merge, but lists with a merge key (containers by name) are merged. Built-in kinds only.</summary>
    public static Patch Strategic(JsonNode body) => new("application/strategic-merge-patch+json", body, isIdempotent: true);
}

/// <summary>One operation of a JSON patch. Paths are JSON pointers: escape names with <see cref="PathTo"/>.</summary>
public sealed record JsonPatchOperation(
    [property: JsonPropertyName("op")] string Op,
    [property: JsonPropertyName("path")] string Path,
    [property: JsonPropertyName("value")] JsonNode? Value)
{
    public static JsonPatchOperation Add(string path, JsonNode? value) => new("add", path, value);

    public static JsonPatchOperation Replace(string path, JsonNode? value) => new("replace", path, value);

    public static JsonPatchOperation Remove(string path) => new("remove", path, null);

    public static JsonPatchOperation Test(string path, JsonNode? value) => new("test", path, value);

    /// <summary>Joins names to a pointer: PathTo("metadata", "annotations", "a/b") is "/metadata/annotations/a~1b".</summary>
    public static string PathTo(params IEnumerable<string> names) => string.Concat(names.Select(name =>
        "/" + name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)));

    internal JsonObject ToJson()
    {
        var json = new JsonObject { ["op"] = Op, ["path"] = Path };
        if (Op != "remove")
            json["value"] = Value?.DeepClone();
        return json;
    }
}

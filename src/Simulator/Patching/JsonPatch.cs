using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Simulator.Api;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Patching;

/// <summary>
/// RFC 6902. A malformed document is 400; an operation that does not fit the object, a failed test too, is 422, as in the real server.
/// </summary>
internal static class JsonPatch
{
    /// <summary>Operations in one document; the real server has the same limit.</summary>
    public const int OperationLimit = 10_000;

    public static JsonObject Apply(JsonObject target, JsonNode? document)
    {
        if (document is not JsonArray operations)
            throw ApiException.BadRequest("error decoding patch: a JSON patch is an array of operations");
        if (operations.Count > OperationLimit)
            throw new ApiException(413, "RequestEntityTooLarge",
                $"The allowed maximum operations in a JSON patch is {OperationLimit}, got {operations.Count}");
        var root = new JsonObject { ["root"] = target };
        foreach (var operation in operations)
            ApplyOne(root, operation as JsonObject ?? throw ApiException.BadRequest("error decoding patch: an operation is an object"));
        return root["root"] as JsonObject ?? throw ApiException.Unprocessable("the patch replaced the object by something else");
    }

    private static void ApplyOne(JsonObject root, JsonObject operation)
    {
        var path = Pointer(operation.Text("path"));
        switch (operation.Text("op"))
        {
            case "add": Add(root, path, Value(operation)); break;
            case "replace": Remove(root, path); Add(root, path, Value(operation)); break;
            case "remove": Remove(root, path); break;
            case "move": Add(root, path, Remove(root, Pointer(operation.Text("from")))); break;
            case "copy": Add(root, path, Read(root, Pointer(operation.Text("from")))?.DeepClone()); break;
            case "test":
                if (!JsonAccess.Same(Read(root, path), operation["value"]))
                    throw ApiException.Unprocessable(
                        $"the server rejected our request due to an error in our request: testing path {operation.Text("path")} failed");
                break;
            default: throw ApiException.BadRequest($"error decoding patch: unknown op '{operation.Text("op")}'");
        }
    }

    private static JsonNode? Value(JsonObject operation)
        => operation.ContainsKey("value")
            ? operation["value"]?.DeepClone()
            : throw ApiException.BadRequest("error decoding patch: missing 'value'");

    private static string[] Pointer(string? text)
    {
        if (text is null || (text.Length > 0 && text[0] != '/'))
            throw ApiException.BadRequest($"error decoding patch: '{text}' is not a JSON pointer");
        var parts = text.Split('/').Select(p => p
            .Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal));
        return ["root", .. parts.Skip(1)];
    }

    private static JsonNode? Read(JsonNode root, string[] path)
    {
        JsonNode? at = root;
        foreach (var part in path)
        {
            at = at switch
            {
                JsonObject o when o.TryGetPropertyValue(part, out var child) => child,
                JsonArray a => a[Index(a, part, a.Count - 1, path)],
                _ => throw Missing(path),
            };
        }
        return at;
    }

    private static void Add(JsonNode root, string[] path, JsonNode? value)
    {
        switch (Read(root, path[..^1]))
        {
            case JsonObject o: o[path[^1]] = value; break;
            case JsonArray a when path[^1] == "-": a.Add(value); break;
            case JsonArray a: a.Insert(Index(a, path[^1], a.Count, path), value); break;
            default: throw Missing(path);
        }
    }

    private static JsonNode? Remove(JsonNode root, string[] path)
    {
        var removed = Read(root, path);
        switch (Read(root, path[..^1]))
        {
            case JsonObject o: o.Remove(path[^1]); break;
            case JsonArray a: a.RemoveAt(Index(a, path[^1], a.Count - 1, path)); break;
            default: throw Missing(path);
        }
        return removed;
    }

    private static int Index(JsonArray array, string text, int last, string[] path)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var i) && i <= last && array.Count >= 0
            ? i
            : throw Missing(path);

    private static ApiException Missing(string[] path)
        => ApiException.Unprocessable(
            $"the server rejected our request due to an error in our request: path /{string.Join('/', path.Skip(1))} does not exist");
}

using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Heal.Simulator.Patching;

namespace Heal.Simulator.Ownership;

/// <summary>
/// The fields of an object as paths, in the elements of FieldsV1 (<c>f:name</c>, <c>k:{"name":"web"}</c>, <c>v:"value"</c>, <c>.</c>).
/// Coarser than the real one in one point: only items of associative lists own their existence (<c>.</c>), plain maps do not.
/// </summary>
internal static class FieldSet
{
    private const char Separator = '\u001f';

    private static readonly string[] SystemMetadata =
    [
        "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
        "deletionGracePeriodSeconds", "selfLink", "managedFields", "generateName",
    ];

    /// <summary>Path to value for every leaf; an item's existence has no value.</summary>
    public static Dictionary<string, JsonNode?> Of(JsonObject o)
    {
        var found = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        var kind = o.Text("kind") ?? "";
        foreach (var (name, value) in o)
        {
            if (name is "apiVersion" or "kind" || value is null)
                continue;
            if (name == "metadata")
            {
                foreach (var (field, child) in (JsonObject)value)
                {
                    if (!SystemMetadata.Contains(field))
                        Walk(child, kind, ["metadata", field], $"f:metadata{Separator}f:{field}", found);
                }
            }
            else
                Walk(value, kind, [name], $"f:{name}", found);
        }
        return found;
    }

    public static JsonObject ToFieldsV1(IEnumerable<string> paths)
    {
        var root = new JsonObject();
        foreach (var path in paths.Order(StringComparer.Ordinal))
        {
            var at = root;
            foreach (var element in path.Split(Separator))
                at = at.Ensure(element);
        }
        return root;
    }

    public static HashSet<string> FromFieldsV1(JsonNode? fields)
    {
        var paths = new HashSet<string>(StringComparer.Ordinal);
        Collect(fields as JsonObject, "", paths);
        return paths;
    }

    /// <summary>The path in the notation of conflict messages: <c>.spec.containers[name="web"].image</c>.</summary>
    public static string Readable(string path)
        => string.Concat(path.Split(Separator).Where(e => e != ".").Select(e => e[0] switch
        {
            'f' => $".{e[2..]}",
            'k' => $"[{string.Join(",", (JsonNode.Parse(e[2..]) as JsonObject ?? []).Select(p => $"{p.Key}={p.Value?.ToJsonString()}"))}]",
            _ => $"[={e[2..]}]",
        }));

    /// <summary>Takes the field, or the list item, at that path out of the object.</summary>
    public static void RemoveAt(JsonObject o, string path)
    {
        var elements = path.Split(Separator);
        if (elements[^1] == ".")
            elements = elements[..^1];
        JsonNode? at = o;
        foreach (var element in elements[..^1])
            at = Step(at, element);
        if (at is JsonObject parent)
            parent.Remove(elements[^1][2..]);
        else if (at is JsonArray list && Step(list, elements[^1]) is { } item)
            list.Remove(item);
    }

    private static JsonNode? Step(JsonNode? at, string element) => (at, element[0]) switch
    {
        (JsonObject o, 'f') => o[element[2..]],
        (JsonArray a, 'k') => a.FirstOrDefault(i => (JsonNode.Parse(element[2..]) as JsonObject ?? [])
            .All(p => JsonAccess.Same(p.Value, i.At(p.Key)))),
        (JsonArray a, 'v') => a.FirstOrDefault(i => i?.ToJsonString() == element[2..]),
        _ => null,
    };

    private static void Walk(JsonNode? value, string kind, string[] path, string prefix, Dictionary<string, JsonNode?> found)
    {
        if (value is JsonObject { Count: > 0 } o && !ListSchema.IsAtomicObject(kind, path))
        {
            foreach (var (name, child) in o)
                Walk(child, kind, [.. path, name], $"{prefix}{Separator}f:{name}", found);
        }
        else if (value is JsonArray set && ListSchema.IsSet(path))
        {
            foreach (var item in set)
                found[$"{prefix}{Separator}v:{item?.ToJsonString()}"] = null;
        }
        else if (value is JsonArray list && ListSchema.Keys(kind, path) is { Length: > 0 } keys)
            WalkItems(list, keys, kind, path, prefix, found);
        else
            found[prefix] = value;
    }

    private static void WalkItems(
        JsonArray list, string[] keys, string kind, string[] path, string prefix, Dictionary<string, JsonNode?> found)
    {
        foreach (var item in list.OfType<JsonObject>())
        {
            var id = new JsonObject();
            foreach (var key in keys.Where(k => item[k] is not null))
                id[key] = item[key]!.DeepClone();
            var at = $"{prefix}{Separator}k:{id.ToJsonString(Wire.Options)}";
            found[$"{at}{Separator}."] = null;
            foreach (var (name, child) in item)
                Walk(child, kind, [.. path, name], $"{at}{Separator}f:{name}", found);
        }
    }

    private static void Collect(JsonObject? node, string prefix, HashSet<string> paths)
    {
        foreach (var (element, child) in node ?? [])
        {
            var path = prefix.Length == 0 ? element : $"{prefix}{Separator}{element}";
            if (child is JsonObject { Count: > 0 } o)
                Collect(o, path, paths);
            else
                paths.Add(path);
        }
    }
}

using System.Text.Json.Nodes;
using Heal.Simulator.Api;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Patching;

/// <summary>
/// Strategic merge: like a merge patch, but the associative lists of <see cref="ListSchema"/> merge item by item.
/// Directives: <c>$patch</c> (delete, replace, merge), <c>$retainKeys</c>, <c>$deleteFromPrimitiveList/x</c>, <c>$setElementOrder/x</c>.
/// </summary>
internal static class StrategicMergePatch
{
    public static JsonObject Apply(JsonObject target, JsonObject patch, string kind) => Merge(target, patch, kind, []);

    private static JsonObject Merge(JsonObject target, JsonObject patch, string kind, string[] path)
    {
        switch (patch.Text("$patch"))
        {
            case "replace": return Clean(patch);
            case "delete": return [];
            case null or "merge": break;
            case var other: throw ApiException.BadRequest($"Unknown patch type found: {other}; expected replace, delete or merge");
        }
        if (patch["$retainKeys"] is JsonArray retained)
            Retain(target, retained);
        foreach (var (name, change) in patch)
        {
            if (name is "$patch" or "$retainKeys" || name.StartsWith("$setElementOrder/", StringComparison.Ordinal))
                continue;
            if (name.StartsWith("$deleteFromPrimitiveList/", StringComparison.Ordinal))
                DeleteValues(target, name["$deleteFromPrimitiveList/".Length..], change as JsonArray);
            else
                MergeField(target, name, change, kind, [.. path, name]);
        }
        foreach (var (name, order) in patch.Where(p => p.Key.StartsWith("$setElementOrder/", StringComparison.Ordinal)))
        {
            var field = name["$setElementOrder/".Length..];
            SetOrder(target, field, order as JsonArray ?? [], ListSchema.Keys(kind, [.. path, field]));
        }
        return target;
    }

    private static void MergeField(JsonObject target, string name, JsonNode? change, string kind, string[] path)
    {
        switch (change)
        {
            case null:
                target.Remove(name);
                break;
            case JsonObject o:
                var merged = Merge(target[name] as JsonObject ?? [], o, kind, path);
                if (o.Text("$patch") == "delete")
                    target.Remove(name);
                else if (!ReferenceEquals(merged, target[name]))
                    target[name] = merged;
                break;
            case JsonArray a when ListSchema.IsSet(path):
                MergeSet(target, name, a);
                break;
            case JsonArray a when ListSchema.Keys(kind, path) is { Length: > 0 } keys:
                target[name] = MergeList(target[name] as JsonArray, a, keys[0], kind, path);
                break;
            default:
                target[name] = change.DeepClone();
                break;
        }
    }

    private static JsonArray MergeList(JsonArray? current, JsonArray patch, string key, string kind, string[] path)
    {
        var items = current?.Select(i => i?.DeepClone()).ToList() ?? [];
        if (patch.OfType<JsonObject>().Any(p => p.Text("$patch") == "replace"))
            return new JsonArray([.. patch.OfType<JsonObject>().Where(p => p.Text("$patch") != "replace").Select(Clean)]);
        foreach (var change in patch)
        {
            if (change is not JsonObject o || o[key] is not { } id)
                throw ApiException.BadRequest($"map: {change?.ToJsonString() ?? "null"} does not contain declared merge key: {key}");
            var at = items.FindIndex(i => JsonAccess.Same(i.At(key), id));
            if (o.Text("$patch") == "delete")
                items.RemoveAll(i => JsonAccess.Same(i.At(key), id));
            else if (at >= 0)
                items[at] = Merge((JsonObject)items[at]!, o, kind, path);
            else
                items.Add(Merge([], o, kind, path));
        }
        return new JsonArray([.. items]);
    }

    private static void MergeSet(JsonObject target, string name, JsonArray added)
    {
        var list = target[name] as JsonArray ?? [];
        foreach (var value in added.Where(v => !list.Any(x => JsonAccess.Same(x, v))).ToList())
            list.Add(value?.DeepClone());
        if (!ReferenceEquals(list, target[name]))
            target[name] = list;
    }

    private static void DeleteValues(JsonObject target, string field, JsonArray? values)
    {
        if (target[field] is JsonArray list && values is not null)
            list.RemoveAll(x => values.Any(v => JsonAccess.Same(x, v)));
    }

    private static void Retain(JsonObject target, JsonArray names)
    {
        var kept = names.Select(n => n?.ToString()).ToHashSet();
        foreach (var name in target.Select(p => p.Key).Where(k => !kept.Contains(k)).ToList())
            target.Remove(name);
    }

    /// <summary>
    /// Items that the patch orders take that order; items that only the server has keep their place as far as there is one.
    /// </summary>
    private static void SetOrder(JsonObject target, string field, JsonArray order, string[] keys)
    {
        if (target[field] is not JsonArray list)
            return;
        int Rank(JsonNode? item) =>
            order.ToList().FindIndex(o => keys.Length == 0
                ? JsonAccess.Same(o, item)
                : JsonAccess.Same(o.At(keys[0]), item.At(keys[0])));
        var items = list.Select(i => i?.DeepClone()).ToList();
        var result = items.Where(i => Rank(i) >= 0).OrderBy(Rank).ToList();
        foreach (var (index, item) in items.Index().Where(x => Rank(x.Item) < 0))
            result.Insert(Math.Min(index, result.Count), item);
        target[field] = new JsonArray([.. result]);
    }

    private static JsonObject Clean(JsonObject patch)
    {
        var copy = patch.Copy();
        copy.Remove("$patch");
        return copy;
    }
}

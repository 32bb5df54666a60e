using System.Text.Json.Nodes;

namespace Heal.Activities;

/// <summary>
/// What must change on a live object for it to go from one manifest to another: only what the manifests differ in, so that what others
/// have set beside them stays. Lists whose items have names are compared item by item.
/// </summary>
internal static class ManifestDiff
{
    public static IReadOnlyList<FieldChange> Between(JsonObject live, JsonObject now, JsonObject wanted)
    {
        var changes = new List<FieldChange>();
        foreach (var name in now.Select(field => field.Key).Union(wanted.Select(field => field.Key)))
        {
            if (name is "apiVersion" or "kind" or "status") continue;
            Compare(live, now[name], wanted[name], [name], changes);
        }

        return changes;
    }

    private static void Compare(
        JsonObject live, JsonNode? now, JsonNode? wanted, IReadOnlyList<string> path, List<FieldChange> changes)
    {
        if (FieldChange.Same(now, wanted)) return;
        if (now is JsonObject left && wanted is JsonObject right)
        {
            foreach (var name in left.Select(field => field.Key).Union(right.Select(field => field.Key)))
            {
                Compare(live, left[name], right[name], [.. path, name], changes);
            }

            return;
        }

        if (now is JsonArray had && wanted is JsonArray wants && Named(had) && Named(wants))
        {
            foreach (var name in had.Concat(wants).Select(item => item.Text("name")!).Distinct(StringComparer.Ordinal))
            {
                Compare(live, Item(had, name), Item(wants, name), [.. path, $"[name={name}]"], changes);
            }

            return;
        }

        var change = FieldChange.Of(live, wanted?.DeepClone(), path);
        if (!change.IsNew(live)) changes.Add(change);
    }

    private static bool Named(JsonArray items) =>
        items.Count > 0 && items.All(item => item.Text("name") is { } name && name.IndexOfAny(['[', ']', ',', '=']) < 0)
        && items.Select(item => item.Text("name")).Distinct(StringComparer.Ordinal).Count() == items.Count;

    private static JsonNode? Item(JsonArray items, string name) => items.FirstOrDefault(item => item.Text("name") == name);
}

using System.Text.Json.Nodes;
using Heal.Simulator.Api;
using Heal.Simulator.Objects;
using Heal.Simulator.Patching;

namespace Heal.Simulator.Ownership;

/// <summary>
/// Server-side apply. The manager owns exactly what it applied; a field that somebody else owns with another value is a conflict (409)
/// unless forced; a field that the manager applied before, applies no more, and that nobody else owns, is removed.
/// </summary>
internal static class ServerSideApply
{
    /// <summary>Live (null: create) merged with what is applied, with its managedFields written.</summary>
    public static JsonObject Merge(JsonObject? live, JsonObject applied, string manager, bool force, string time)
    {
        if (applied.At("metadata", "managedFields") is JsonArray { Count: > 0 })
            throw ApiException.BadRequest("metadata.managedFields must be nil");
        applied.Meta().Remove("managedFields");
        var fields = FieldSet.Of(applied);
        var wanted = fields.Keys.ToHashSet(StringComparer.Ordinal);
        var managed = live is null ? new ManagedFields() : ManagedFields.Read(live);
        var merged = StrategicMergePatch.Apply(live?.Copy() ?? [], WithoutEmpty(applied), applied.Text("kind") ?? "");
        if (live is not null)
            Settle(managed, live, fields, manager, force);

        var before = managed.Applied(manager)?.Fields ?? [];
        var unwanted = before.Where(f => !wanted.Contains(f) && !managed.Others(manager).Any(e => e.Fields.Contains(f)));
        foreach (var gone in unwanted.OrderDescending(StringComparer.Ordinal))
        {
            // An item goes as a whole only when nobody owns anything else in it.
            if (!gone.EndsWith('.')
                || !managed.Others(manager).Any(e => e.Fields.Any(f => f.StartsWith(gone[..^1], StringComparison.Ordinal))))
                FieldSet.RemoveAt(merged, gone);
        }
        managed.RecordApply(wanted, manager, applied.Text("apiVersion") ?? "", time);
        managed.Write(merged);
        return merged;
    }

    private static void Settle(ManagedFields managed, JsonObject live, Dictionary<string, JsonNode?> fields, string manager, bool force)
    {
        var current = FieldSet.Of(live);
        var changed = fields
            .Where(f => !current.TryGetValue(f.Key, out var was) || !JsonAccess.Same(was, f.Value))
            .Select(f => f.Key)
            .ToHashSet();
        var conflicts = managed.Others(manager)
            .SelectMany(e => e.Fields.Where(changed.Contains).Select(f => (Entry: e, Field: f))).ToList();
        if (conflicts.Count > 0 && !force)
            throw Conflict(conflicts);
        foreach (var (entry, field) in conflicts)
            entry.Fields.Remove(field);
    }

    private static ApiException Conflict(List<(ManagedFields.Entry Entry, string Field)> conflicts)
    {
        var causes = conflicts.Select(c => (JsonNode)new JsonObject
        {
            ["reason"] = "FieldManagerConflict",
            ["message"] = $"conflict with {Describe(c.Entry)}",
            ["field"] = FieldSet.Readable(c.Field),
        });
        var lines = conflicts.GroupBy(c => Describe(c.Entry))
            .Select(g => g.Count() == 1
                ? $"conflict with {g.Key}: {FieldSet.Readable(g.First().Field)}"
                : $"conflicts with {g.Key}:\n{string.Join('\n', g.Select(c => $"- {FieldSet.Readable(c.Field)}"))}");
        var word = conflicts.Count == 1 ? "conflict" : "conflicts";
        return new ApiException(409, "Conflict", $"Apply failed with {conflicts.Count} {word}: {string.Join('\n', lines)}",
            new JsonObject { ["causes"] = new JsonArray([.. causes]) });
    }

    private static string Describe(ManagedFields.Entry entry)
        => entry.Operation == "Apply" ? $"\"{entry.Manager}\""
            : $"\"{entry.Manager}\""
                + (entry.Subresource.Length > 0 ? $" with subresource \"{entry.Subresource}\"" : "")
                + $" using {entry.ApiVersion}";

    /// <summary>In an applied configuration a null is "no opinion", not "delete".</summary>
    private static JsonObject WithoutEmpty(JsonObject o)
    {
        var copy = new JsonObject();
        foreach (var (name, value) in o.Where(p => p.Value is not null))
            copy[name] = value is JsonObject child ? WithoutEmpty(child) : value!.DeepClone();
        return copy;
    }
}

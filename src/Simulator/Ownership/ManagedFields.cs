using System.Text.Json.Nodes;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Ownership;

/// <summary>Who owns which field: <c>metadata.managedFields</c> read, changed and written back.</summary>
internal sealed class ManagedFields
{
    private readonly List<Entry> _entries = [];

    public static ManagedFields Read(JsonObject o)
    {
        var managed = new ManagedFields();
        foreach (var e in o.Items("metadata", "managedFields").Where(e => e.Text("manager") is not null))
        {
            managed._entries.Add(new Entry(e.Text("manager")!, e.Text("operation") ?? "Update", e.Text("subresource") ?? "",
                e.Text("apiVersion") ?? "", e.Text("time") ?? "", FieldSet.FromFieldsV1(e["fieldsV1"])));
        }
        return managed;
    }

    public IEnumerable<Entry> Others(string manager)
        => _entries.Where(e => !(e.Manager == manager && e.Operation == "Apply" && e.Subresource.Length == 0));

    public Entry? Applied(string manager)
        => _entries.FirstOrDefault(e => e.Manager == manager && e.Operation == "Apply" && e.Subresource.Length == 0);

    /// <summary>A plain write: the writer takes what it changed from everybody; what is gone is owned by nobody.</summary>
    public void RecordUpdate(JsonObject? before, JsonObject after, string manager, string subresource, string time)
    {
        var old = before is null ? [] : FieldSet.Of(before);
        var now = FieldSet.Of(after);
        var changed = now.Where(p => !old.TryGetValue(p.Key, out var was) || !JsonAccess.Same(was, p.Value)).Select(p => p.Key).ToHashSet();
        foreach (var entry in _entries)
            entry.Fields.RemoveWhere(f => changed.Contains(f) || !now.ContainsKey(f));
        if (changed.Count > 0)
            Take(manager, "Update", subresource, after.Text("apiVersion") ?? "", time).Fields.UnionWith(changed);
        _entries.RemoveAll(e => e.Fields.Count == 0);
    }

    public void RecordApply(IReadOnlySet<string> fields, string manager, string apiVersion, string time)
    {
        var mine = Take(manager, "Apply", "", apiVersion, time);
        mine.Fields.Clear();
        mine.Fields.UnionWith(fields);
        _entries.RemoveAll(e => e.Fields.Count == 0);
    }

    public void Write(JsonObject o)
    {
        o.Meta().Remove("managedFields");
        if (_entries.Count > 0)
            o.Meta()["managedFields"] = new JsonArray([.. _entries.Select(e => e.ToJson())]);
    }

    private Entry Take(string manager, string operation, string subresource, string apiVersion, string time)
    {
        var at = _entries.FindIndex(e => e.Manager == manager && e.Operation == operation && e.Subresource == subresource);
        var entry = new Entry(manager, operation, subresource, apiVersion, time, at >= 0 ? _entries[at].Fields : []);
        if (at >= 0)
            _entries[at] = entry;
        else
            _entries.Add(entry);
        return entry;
    }

    internal sealed record Entry(
        string Manager, string Operation, string Subresource, string ApiVersion, string Time, HashSet<string> Fields)
    {
        public JsonObject ToJson()
        {
            var json = new JsonObject
            {
                ["manager"] = Manager,
                ["operation"] = Operation,
                ["apiVersion"] = ApiVersion,
                ["time"] = Time,
                ["fieldsType"] = "FieldsV1",
                ["fieldsV1"] = FieldSet.ToFieldsV1(Fields),
            };
            if (Subresource.Length > 0)
                json["subresource"] = Subresource;
            return json;
        }
    }
}

using System.Text.Json.Nodes;
using Heal.Simulator.Api;

namespace Heal.Simulator.Objects;

/// <summary>A field selector over the few fields that the real server indexes; any other field is refused with 400, as there.</summary>
internal sealed class FieldSelector
{
    public static readonly FieldSelector Everything = new([]);

    private static readonly string[] PodFields =
    [
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase", "status.podIP",
        "status.nominatedNodeName",
    ];
    private static readonly string[] EventFields =
    [
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
        "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
    ];

    private readonly IReadOnlyList<(string[] Path, bool Equal, string Value)> _terms;

    private FieldSelector(IReadOnlyList<(string[], bool, string)> terms) => _terms = terms;

    public bool IsEmpty => _terms.Count == 0;

    public bool Matches(JsonObject o) => _terms.All(t => string.Equals(Read(o, t.Path), t.Value, StringComparison.Ordinal) == t.Equal);

    public static FieldSelector Parse(string? query, ResourceType type)
    {
        if (string.IsNullOrWhiteSpace(query))
            return Everything;
        var terms = new List<(string[], bool, string)>();
        foreach (var part in query.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var at = part.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
                throw ApiException.BadRequest($"invalid selector: '{query}'; can't understand '{part}'");
            var equal = part[at - 1] != '!';
            var field = part[..(equal ? at : at - 1)];
            var value = part[(at + 1)..].TrimStart('=');
            if (!IsKnown(type, field))
                throw ApiException.BadRequest($"field label not supported: {field}");
            terms.Add((field == "source" ? ["source", "component"] : field.Split('.'), equal, value));
        }
        return new FieldSelector(terms);
    }

    private static bool IsKnown(ResourceType type, string field)
        => field is "metadata.name" or "metadata.namespace"
            || (type == ResourceCatalog.Pods && PodFields.Contains(field))
            || (type == ResourceCatalog.Events && EventFields.Contains(field))
            || (type == ResourceCatalog.Namespaces && field == "status.phase")
            || (type == ResourceCatalog.Nodes && field == "spec.unschedulable")
            || (type == ResourceCatalog.ReplicaSets && field == "status.replicas")
            || (type == ResourceCatalog.Secrets && field == "type")
            || (type == ResourceCatalog.Jobs && field == "status.successful");

    private static string Read(JsonObject o, string[] path) => o.At(path)?.ToString() ?? (path[^1] == "unschedulable" ? "false" : "");
}

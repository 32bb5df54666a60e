using System.Globalization;
using System.Text.Json.Nodes;

namespace Heal.Healing;

/// <summary>
/// What one pod template changed against another, as paths with old and new value. List items are matched by their identity (containers,
/// volumes and variables by name, mounts by path, ports by number), so that an insertion does not look like a change of everything after
/// it.
/// Values of variables with a secret's name are left out.
/// </summary>
public static class TemplateDiff
{
    private static readonly string[] Identities = ["name", "mountPath", "containerPort", "key", "ip"];

    /// <returns>The differences in the order of their paths, at most <see cref="EvidenceLimits.Changes"/>, and how many were left
    /// out.</returns>
    public static (IReadOnlyList<Difference> Differences, int Omitted) Compare(JsonObject old, JsonObject current)
    {
        var found = new SortedDictionary<string, (string? Old, string? New)>(StringComparer.Ordinal);
        Walk("", PodTemplates.Normalise(old), PodTemplates.Normalise(current), secret: false, found);
        var differences = found
            .Take(EvidenceLimits.Changes)
            .Select((item, index) => new Difference(
                string.Create(CultureInfo.InvariantCulture, $"change/{index + 1}"), item.Key, item.Value.Old, item.Value.New))
            .ToList();
        return (differences, Math.Max(0, found.Count - differences.Count));
    }

    private static void Walk(
        string path, JsonNode? old, JsonNode? current, bool secret, SortedDictionary<string, (string? Old, string? New)> found)
    {
        if (JsonNode.DeepEquals(old, current)) return;
        if (old is JsonObject oldFields && current is JsonObject newFields)
        {
            var hides = secret || IsSecretVariable(oldFields) || IsSecretVariable(newFields);
            foreach (var name in oldFields.Select(f => f.Key).Union(newFields.Select(f => f.Key), StringComparer.Ordinal))
            {
                Walk(Join(path, name), oldFields[name], newFields[name], hides, found);
            }
        }
        else if (old is JsonArray oldItems && current is JsonArray newItems && Identity(oldItems, newItems) is { } identity)
        {
            var before = oldItems.ToDictionary(item => Text(item![identity]), item => item);
            var after = newItems.ToDictionary(item => Text(item![identity]), item => item);
            foreach (var key in before.Keys.Union(after.Keys, StringComparer.Ordinal))
            {
                Walk($"{path}[{key}]", before.GetValueOrDefault(key), after.GetValueOrDefault(key), secret, found);
            }
        }
        else
        {
            found[SafeText.Line(path, EvidenceLimits.ChangeLength)] = (Show(old, secret), Show(current, secret));
        }
    }

    private static string? Show(JsonNode? value, bool secret)
    {
        if (value is null) return null;
        if (secret) return Scrubber.Redacted;
        var copy = value.DeepClone();
        HideVariables(copy);
        return SafeText.Line(Scrubber.Scrub(Text(copy)), EvidenceLimits.ChangeLength);
    }

    // A container that is new as a whole brings its variables along.
    private static void HideVariables(JsonNode? node)
    {
        if (node is JsonArray items)
        {
            foreach (var item in items) HideVariables(item);
        }
        else if (node is JsonObject fields)
        {
            if (IsSecretVariable(fields) && fields["value"] is not null) fields["value"] = Scrubber.Redacted;
            foreach (var field in fields) HideVariables(field.Value);
        }
    }

    private static bool IsSecretVariable(JsonObject item) =>
        item["value"] is not null && item["name"] is JsonValue name && name.TryGetValue<string>(out var text)
            && Scrubber.IsSecretName(text);

    // The first field that every item of both lists has, with no value twice in a list.
    private static string? Identity(JsonArray old, JsonArray current) =>
        Identities.FirstOrDefault(name => IsIdentity(old, name) && IsIdentity(current, name));

    private static bool IsIdentity(JsonArray items, string name)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return items.All(item => item is JsonObject fields && fields[name] is JsonValue value && seen.Add(Text(value)));
    }

    private static string Text(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue<string>(out var text) ? text : node?.ToJsonString() ?? "";

    private static string Join(string path, string name)
    {
        var step = name.Contains('.', StringComparison.Ordinal) || name.Contains('/', StringComparison.Ordinal) ? $"[{name}]" : name;
        return path.Length == 0 ? step : step[0] == '[' ? path + step : $"{path}.{step}";
    }
}

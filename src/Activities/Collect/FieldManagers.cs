using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Reads from managedFields who wrote what, and when.</summary>
internal static class FieldManagers
{
    private const int MaxEntries = 100;
    private const int NameLength = 100;

    /// <summary>All managers with the time of their last write, the latest first.</summary>
    public static IReadOnlyList<(string Name, DateTimeOffset? At)> All(ObjectMeta metadata) => Of(metadata, _ => true);

    /// <summary>Who last wrote into the pod template; null when the server does not say.</summary>
    public static string? OfTemplate(ObjectMeta metadata) =>
        Of(metadata, fields => fields["f:spec"]?["f:template"] is not null) is [var (name, _), ..] ? name : null;

    /// <summary>Who wrote anything but the status, the latest first.</summary>
    public static IReadOnlyList<(string Name, DateTimeOffset? At)> OfSpec(ObjectMeta metadata) =>
        Of(metadata, fields => fields.Any(field => field.Key != "f:status"));

    /// <summary>Who wrote a field, the latest first. Inside of lists the whole list counts.</summary>
    public static IReadOnlyList<(string Name, DateTimeOffset? At)> OfField(ObjectMeta metadata, IReadOnlyList<string> path) =>
        Of(metadata, fields => Owns(fields, path));

    private static bool Owns(JsonObject fields, IReadOnlyList<string> path)
    {
        JsonNode? node = fields;
        foreach (var step in path.TakeWhile(step => !step.StartsWith('[')))
        {
            node = (node as JsonObject)?[$"f:{step}"];
            if (node is null) return false;
        }

        return true;
    }

    /// <summary>When a ConfigMap's content was last written; null when the server does not say.</summary>
    public static DateTimeOffset? DataWrittenAt(ObjectMeta metadata) =>
        Of(metadata, fields => fields["f:data"] is not null || fields["f:binaryData"] is not null) is [var (_, at), ..] ? at : null;

    /// <summary>Who last wrote what is wanted (spec or data), and when; null when the server does not say, or nobody has since the
    /// creation.</summary>
    public static (string Name, DateTimeOffset At)? WantedAt(ObjectMeta metadata) =>
        Of(metadata, fields => fields["f:spec"] is not null || fields["f:data"] is not null || fields["f:binaryData"] is not null)
            .Where(item => item.At is not null).Select(item => ((string, DateTimeOffset)?)(item.Name, item.At!.Value)).FirstOrDefault();

    private static List<(string Name, DateTimeOffset? At)> Of(ObjectMeta metadata, Func<JsonObject, bool> wrote)
    {
        var found = new List<(string Name, DateTimeOffset? At)>();
        if (metadata.ManagedFields is not JsonArray entries) return found;
        foreach (var entry in entries.OfType<JsonObject>().Take(MaxEntries))
        {
            if (entry["fieldsV1"] is not JsonObject fields || !wrote(fields)) continue;
            var name = entry["manager"] is JsonValue manager && manager.TryGetValue<string>(out var text) ? SafeText.Line(text, NameLength)
                : "unknown";
            found.Add((name, Time(entry["time"])));
        }

        // Times have whole seconds. Within one, the later entry is the better guess: servers list by time, then append or sort by name.
        found.Reverse();
        return [.. found.OrderByDescending(item => item.At ?? DateTimeOffset.MinValue)];
    }

    private static DateTimeOffset? Time(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue<string>(out var text)
        && DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : null;
}

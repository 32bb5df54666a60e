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

    /// <summary>When a ConfigMap's content was last written; null when the server does not say.</summary>
    public static DateTimeOffset? DataWrittenAt(ObjectMeta metadata) =>
        Of(metadata, fields => fields["f:data"] is not null || fields["f:binaryData"] is not null) is [var (_, at), ..] ? at : null;

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

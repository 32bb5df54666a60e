using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Heal.Healing;

/// <summary>Reads one alert object, in the shape that Alertmanager's webhook and API share. Pure; reports into <see
/// cref="JsonFaults"/>.</summary>
internal static class AlertReader
{
    private const string AlertName = "alertname";

    public static Alert? Read(JsonElement alert, string path, AlertStatus? status, JsonFaults faults)
    {
        if (alert.ValueKind != JsonValueKind.Object)
        {
            faults.Add(path, "an alert object", alert);
            return null;
        }

        var before = faults.Count;
        var labels = ReadLabels(alert, path, faults);
        var annotations = ReadAnnotations(alert, path, faults);
        var startsAt = ReadTime(alert, path, "startsAt", required: true, faults);
        var endsAt = ReadTime(alert, path, "endsAt", required: false, faults);
        status ??= ReadStatus(alert, path, faults);
        var fingerprint = faults.Text(alert, path, "fingerprint", required: false);
        if (labels is not null && !(labels.TryGetValue(AlertName, out var name) && name.Length > 0))
        {
            faults.Add($"{path}.labels.{AlertName}", "the name of the alert", "nothing");
        }

        if (fingerprint is { Length: > AlertLimits.NameLength } || (fingerprint is not null && fingerprint.Any(char.IsControl)))
        {
            faults.Add($"{path}.fingerprint", $"at most {AlertLimits.NameLength} printable characters", JsonFaults.Show(fingerprint));
        }

        if (faults.Count > before || labels is null || startsAt is null || status is null) return null;
        return new Alert(
            labels[AlertName],
            status.Value,
            labels,
            annotations,
            startsAt.Value,
            status == AlertStatus.Resolved ? endsAt : null,
            string.IsNullOrEmpty(fingerprint) ? Fingerprint(labels) : fingerprint);
    }

    private static AlertStatus? ReadStatus(JsonElement alert, string path, JsonFaults faults)
    {
        var text = faults.Text(alert, path, "status", required: false) ?? "firing";
        switch (text)
        {
            case "firing": return AlertStatus.Firing;
            case "resolved": return AlertStatus.Resolved;
            default:
                faults.Add($"{path}.status", "'firing' or 'resolved'", JsonFaults.Show(text));
                return null;
        }
    }

    private static SortedDictionary<string, string>? ReadLabels(JsonElement alert, string path, JsonFaults faults)
    {
        if (!alert.TryGetProperty("labels", out var labels) || labels.ValueKind != JsonValueKind.Object)
        {
            faults.Add($"{path}.labels", "an object of label names and values", labels);
            return null;
        }

        var read = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var label in labels.EnumerateObject())
        {
            var at = $"{path}.labels.{JsonFaults.Show(label.Name)}";
            if (read.Count == AlertLimits.Labels)
            {
                faults.Add($"{path}.labels", $"at most {AlertLimits.Labels} labels", "more");
                break;
            }

            if (label.Value.ValueKind != JsonValueKind.String) faults.Add(at, "a string", label.Value);
            else if (faults.ReadString(label.Value, at) is { } value
                && IsCleanLabel(label.Name, value, at, faults)) read[label.Name] = value;
        }

        return read;
    }

    private static bool IsCleanLabel(string name, string value, string at, JsonFaults faults)
    {
        if (name.Length is 0 or > AlertLimits.NameLength || name.Any(char.IsControl))
        {
            faults.Add(at, $"a label name of 1 to {AlertLimits.NameLength} printable characters", JsonFaults.Show(name));
            return false;
        }

        if (value.Any(char.IsControl))
        {
            faults.Add(at, "a value without control characters", JsonFaults.Show(value));
            return false;
        }

        if (value.Length <= AlertLimits.LabelLength) return true;
        faults.Add(at, $"at most {AlertLimits.LabelLength} characters", $"{value.Length} characters");
        return false;
    }

    // Annotations are prose for people: they are cut and cleaned, because refusing an alert for its prose would lose a fault.
    private static SortedDictionary<string, string> ReadAnnotations(JsonElement alert, string path, JsonFaults faults)
    {
        var read = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (!alert.TryGetProperty("annotations", out var annotations) || annotations.ValueKind == JsonValueKind.Null) return read;
        if (annotations.ValueKind != JsonValueKind.Object)
        {
            faults.Add($"{path}.annotations", "an object of names and texts", annotations);
            return read;
        }

        foreach (var annotation in annotations.EnumerateObject().Take(AlertLimits.Labels))
        {
            if (annotation.Value.ValueKind != JsonValueKind.String || annotation.Name.Length > AlertLimits.NameLength) continue;
            if (faults.ReadString(annotation.Value, $"{path}.annotations.{JsonFaults.Show(annotation.Name)}") is not { } text) continue;
            read[SafeText.Clean(annotation.Name, AlertLimits.NameLength)] = SafeText.Clean(text, AlertLimits.AnnotationLength);
        }

        return read;
    }

    private static DateTimeOffset? ReadTime(JsonElement alert, string path, string name, bool required, JsonFaults faults)
    {
        var text = faults.Text(alert, path, name, required);
        if (text is null) return null;
        const DateTimeStyles Style = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (text.Contains('T', StringComparison.Ordinal)
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, Style, out var time))
        {
            // Go's zero time is how Alertmanager writes "not yet".
            if (time.Year > 1) return time;
            if (!required) return null;
        }

        faults.Add($"{path}.{name}", "a time in RFC 3339, for example 2026-01-31T12:00:00Z", JsonFaults.Show(text));
        return null;
    }

    private static string Fingerprint(SortedDictionary<string, string> labels)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in labels) text.Append(name).Append('\0').Append(value).Append('\0');
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 8));
    }
}

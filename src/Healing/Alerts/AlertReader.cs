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

        if (fingerprint is { Length: > AlertLimits.NameLength } || (fingerprint is not null && HasControl(fingerprint)))
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
            if (read.Count == AlertLimits.Labels)
            {
                faults.Add($"{path}.labels", $"at most {AlertLimits.Labels} labels", "more");
                break;
            }

            // One text for both: a property's name is decoded anew each time that it is asked for.
            var name = label.Name;
            if (label.Value.ValueKind != JsonValueKind.String) faults.Add(Of(path, name), "a string", label.Value);
            else if (faults.ReadString(label.Value, () => Of(path, name)) is { } value
                && IsCleanLabel(name, value, path, faults)) read[name] = value;
        }

        return read;
    }

    // Only a fault needs its path.
    private static string Of(string path, string label) => $"{path}.labels.{JsonFaults.Show(label)}";

    private static bool HasControl(string text)
    {
        foreach (var c in text)
        {
            if (char.IsControl(c)) return true;
        }

        return false;
    }

    private static bool IsCleanLabel(string name, string value, string path, JsonFaults faults)
    {
        if (name.Length is 0 or > AlertLimits.NameLength || HasControl(name))
        {
            faults.Add(Of(path, name), $"a label name of 1 to {AlertLimits.NameLength} printable characters", JsonFaults.Show(name));
            return false;
        }

        if (HasControl(value))
        {
            faults.Add(Of(path, name), "a value without control characters", JsonFaults.Show(value));
            return false;
        }

        if (value.Length <= AlertLimits.LabelLength) return true;
        faults.Add(Of(path, name), $"at most {AlertLimits.LabelLength} characters", $"{value.Length} characters");
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
            var name = annotation.Name;
            if (faults.ReadString(annotation.Value, () => $"{path}.annotations.{JsonFaults.Show(name)}") is not { } text) continue;
            read[SafeText.Clean(name, AlertLimits.NameLength)] = SafeText.Clean(text, AlertLimits.AnnotationLength);
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

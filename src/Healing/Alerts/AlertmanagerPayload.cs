using System.Globalization;
using System.Text.Json;

namespace Heal.Healing;

/// <summary>Reads what Alertmanager posts to a webhook, version 4. Pure: bytes in, alerts and faults out.</summary>
public static class AlertmanagerPayload
{
    private const string Version = "4";

    /// <param name="utf8">The body. The caller bounds its length.</param>
    public static AlertBatch Parse(ReadOnlyMemory<byte> utf8)
    {
        var faults = new JsonFaults();
        using var document = faults.Parse(utf8);
        return document is null ? new AlertBatch([], faults.Faults) : Read(document.RootElement, faults);
    }

    internal static AlertBatch Read(JsonElement root, JsonFaults faults)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            faults.Add("$", "an Alertmanager webhook payload (an object)", root);
            return new AlertBatch([], faults.Faults);
        }

        if (!root.TryGetProperty("version", out var version) || version.ValueKind != JsonValueKind.String || !version.ValueEquals(Version))
        {
            faults.Add("$.version", $"\"{Version}\" (Alertmanager's webhook version)", version);
        }

        if (!root.TryGetProperty("alerts", out var alerts) || alerts.ValueKind != JsonValueKind.Array)
        {
            faults.Add("$.alerts", "a list of alerts", alerts);
            return new AlertBatch([], faults.Faults);
        }

        // Another version may mean other things by the same names: nothing of it is used.
        if (faults.Count > 0) return new AlertBatch([], faults.Faults);
        return new AlertBatch(ReadAll(alerts, "$.alerts", faults), faults.Faults, ReadTruncated(root, faults));
    }

    internal static List<Alert> ReadAll(JsonElement alerts, string path, JsonFaults faults)
    {
        var read = new List<Alert>();
        var count = alerts.GetArrayLength();
        if (count > AlertLimits.Alerts)
        {
            faults.Add(path, $"at most {AlertLimits.Alerts} alerts", count.ToString(CultureInfo.InvariantCulture));
            return read;
        }

        var index = 0;
        foreach (var item in alerts.EnumerateArray())
        {
            if (AlertReader.Read(item, $"{path}[{index++}]", status: null, faults) is { } alert) read.Add(alert);
        }

        return read;
    }

    private static int ReadTruncated(JsonElement root, JsonFaults faults)
    {
        if (!root.TryGetProperty("truncatedAlerts", out var truncated) || truncated.ValueKind == JsonValueKind.Null) return 0;
        if (truncated.ValueKind == JsonValueKind.Number && truncated.TryGetInt32(out var count) && count >= 0) return count;
        faults.Add("$.truncatedAlerts", "a count", truncated);
        return 0;
    }
}

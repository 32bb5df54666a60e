using System.Globalization;
using System.Text.Json;

namespace Heal.Healing;

/// <summary>
/// Reads the answer of Alertmanager's <c>GET /api/v2/alerts</c>: what is firing now. Alerts that a person silenced are left out
/// (a silence is an intent); alerts that are merely inhibited are kept, because inhibition by namespace hides unrelated faults.
/// </summary>
public static class AlertmanagerListing
{
    public static AlertBatch Parse(ReadOnlyMemory<byte> utf8)
    {
        var faults = new JsonFaults();
        using var document = faults.Parse(utf8);
        if (document is null) return new AlertBatch([], faults.Faults);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Array)
        {
            faults.Add("$", "a list of alerts", root);
            return new AlertBatch([], faults.Faults);
        }

        var alerts = new List<Alert>();
        var silenced = 0;
        var index = 0;
        foreach (var item in root.EnumerateArray())
        {
            if (index == AlertLimits.Alerts)
            {
                faults.Add("$", $"at most {AlertLimits.Alerts} alerts", root.GetArrayLength().ToString(CultureInfo.InvariantCulture));
                break;
            }

            var path = $"$[{index++}]";
            if (IsSilenced(item)) silenced++;
            else if (AlertReader.Read(item, path, AlertStatus.Firing, faults) is { } alert) alerts.Add(alert);
        }

        return new AlertBatch(alerts, faults.Faults, Silenced: silenced);
    }

    private static bool IsSilenced(JsonElement item) =>
        item.ValueKind == JsonValueKind.Object
        && item.TryGetProperty("status", out var status) && status.ValueKind == JsonValueKind.Object
        && status.TryGetProperty("silencedBy", out var by) && by.ValueKind == JsonValueKind.Array && by.GetArrayLength() > 0;
}

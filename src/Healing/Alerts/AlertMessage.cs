using System.Text.Json;

namespace Heal.Healing;

/// <summary>
/// Reads a message of the alert queue: either one alert object (<c>labels</c>, <c>startsAt</c>, optional <c>status</c>,
/// <c>annotations</c>, <c>endsAt</c>, <c>fingerprint</c>) or a whole webhook payload of version 4.
/// </summary>
public static class AlertMessage
{
    public static AlertBatch Parse(ReadOnlyMemory<byte> utf8)
    {
        var faults = new JsonFaults();
        using var document = faults.Parse(utf8);
        if (document is null) return new AlertBatch([], faults.Faults);
        var root = document.RootElement;
        if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("alerts", out _)) return AlertmanagerPayload.Read(root, faults);
        var alert = AlertReader.Read(root, "$", status: null, faults);
        return new AlertBatch(alert is null ? [] : [alert], faults.Faults);
    }
}

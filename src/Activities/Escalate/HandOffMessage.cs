using System.Globalization;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>A hand-off as people read it.</summary>
internal static class HandOffMessage
{
    private const int TextLength = 2_000;

    /// <summary>The same hand-off is the same message, however often and by whom it is sent.</summary>
    public static Message Of(HandOff handOff)
    {
        var lines = new List<string>
        {
            handOff.Escalation?.Message ?? "", $"Reason: {handOff.Reason}", $"Cause: {CauseOf(handOff)}",
            $"Plan: {handOff.Plan?.Summary ?? "none"}", $"To: {handOff.Escalation?.To ?? "nobody in particular"}",
        };
        lines.AddRange(handOff.Actions.Select(action => $"Tried: {action.ActionId}"));
        var key = string.Create(CultureInfo.InvariantCulture, $"{handOff.IncidentId}/hand-off/{handOff.At.ToUnixTimeMilliseconds()}");
        var text = SafeText.Clean(Scrubber.Scrub(string.Join('\n', lines.Where(line => line.Length > 0))), TextLength);
        return new Message(
            key, Ticket: false, Resolves: false, $"{handOff.Target}: {handOff.Outcome}", text, handOff.Target.ToString(),
            handOff.IncidentId);
    }

    public static string CauseOf(HandOff handOff) => handOff.Diagnosis?.Leading()?.Statement ?? "none found";
}

using System.Globalization;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// The alert that always fires, so that its absence says that alerts do not arrive any more; section <c>Heal:Watchdog</c>. Off by default:
/// it needs a route in Alertmanager that repeats it often, or <c>Heal:Alerts:AlertmanagerUrl</c>.
/// </summary>
public sealed class WatchdogOptions
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>Its name. Default "Watchdog", as the usual rules of Prometheus have it.</summary>
    public string Alert { get; set; } = "Watchdog";

    /// <summary>How long it may stay away; then people are called. Default: not set, and nobody waits for it.</summary>
    public TimeSpan? Within { get; set; }

    internal IEnumerable<(bool Holds, string Setting, string Expected, object Got)> Checks()
    {
        yield return (Alert.Length is > 0 and <= AlertLimits.NameLength && !Alert.Any(char.IsControl), "Watchdog:Alert",
            string.Create(CultureInfo.InvariantCulture, $"the name of an alert, 1 to {AlertLimits.NameLength} printable characters"),
            Alert);
        if (Within is { } within)
        {
            yield return (within >= Shortest && within <= Longest, "Watchdog:Within", $"{Shortest} to {Longest}", within);
        }
    }
}

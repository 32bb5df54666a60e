using System.Globalization;

namespace Heal.Healing;

/// <summary>Durations as workflow files write them: 30s, 5m, 1h30m. Whole seconds; at most 30 days.</summary>
public static class Duration
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    /// <exception cref="FormatException">The text is no duration.</exception>
    public static TimeSpan Parse(string text) =>
        TryParse(text, out var duration) ? duration
            : throw new FormatException($"Expected a duration such as 30s, 5m or 1h30m, got '{text}'.");

    public static bool TryParse(string? text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (string.IsNullOrEmpty(text)) return false;
        var rest = text.AsSpan();
        var last = 4;
        while (rest.Length > 0)
        {
            var unitAt = rest.IndexOfAnyExceptInRange('0', '9');
            if (unitAt < 1 || !int.TryParse(rest[..unitAt], NumberStyles.None, CultureInfo.InvariantCulture, out var count)) return false;
            var (rank, seconds) = rest[unitAt] switch { 'h' => (3, 3600L), 'm' => (2, 60L), 's' => (1, 1L), _ => (9, 0L) };
            if (rank >= last || count * seconds > (long)Longest.TotalSeconds) return false;
            last = rank;
            duration += TimeSpan.FromSeconds(count * seconds);
            rest = rest[(unitAt + 1)..];
        }

        return duration <= Longest;
    }
}

using System.Globalization;

namespace Heal.Healing;

/// <summary>Amounts as Kubernetes writes them: 250m, 64Mi, 2G, 1e3. Compared and calculated in their base unit.</summary>
public static class Amounts
{
    private const int Longest = 40;

    private static readonly (string Suffix, decimal Factor)[] Suffixes =
    [
        ("Ki", 1024m), ("Mi", 1024m * 1024), ("Gi", 1024m * 1024 * 1024), ("Ti", 1024m * 1024 * 1024 * 1024),
        ("Pi", 1024m * 1024 * 1024 * 1024 * 1024), ("n", 0.000000001m), ("u", 0.000001m), ("m", 0.001m), ("k", 1000m), ("M", 1_000_000m),
        ("G", 1_000_000_000m), ("T", 1_000_000_000_000m), ("P", 1_000_000_000_000_000m), ("", 1m),
    ];

    /// <returns>The amount in its base unit (cores, bytes); null when the text is none.</returns>
    public static decimal? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > Longest) return null;
        foreach (var (suffix, factor) in Suffixes)
        {
            if (!text.EndsWith(suffix, StringComparison.Ordinal)) continue;
            if (!decimal.TryParse(text[..^suffix.Length], NumberStyles.Float, CultureInfo.InvariantCulture, out var number)) return null;
            return Math.Abs(number) < 1_000_000_000_000_000m ? number * factor : null;
        }

        return null;
    }

    /// <summary>Whether two texts mean the same amount, such as 1 and 1000m.</summary>
    public static bool Same(string? left, string? right) => Parse(left) is { } amount && amount == Parse(right);

    /// <summary>Bytes in whole Mi, rounded up.</summary>
    public static string Bytes(decimal bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(bytes / (1024m * 1024)):0}Mi");

    /// <summary>Cores in whole thousandths, rounded up.</summary>
    public static string Cores(decimal cores) => string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(cores * 1000m):0}m");
}

using System.Globalization;

namespace Heal.Simulator.Objects;

/// <summary>Reads a Kubernetes quantity (<c>250m</c>, <c>64Mi</c>, <c>2G</c>) into its base unit; null when it is none.</summary>
internal static class Quantity
{
    private static readonly (string Suffix, decimal Factor)[] Suffixes =
    [
        ("Ki", 1024m), ("Mi", 1024m * 1024), ("Gi", 1024m * 1024 * 1024), ("Ti", 1024m * 1024 * 1024 * 1024),
        ("m", 0.001m), ("k", 1000m), ("M", 1_000_000m), ("G", 1_000_000_000m), ("T", 1_000_000_000_000m), ("", 1m),
    ];

    public static decimal? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        foreach (var (suffix, factor) in Suffixes)
        {
            if (!text.EndsWith(suffix, StringComparison.Ordinal))
                continue;
            return decimal.TryParse(text[..^suffix.Length], NumberStyles.Number, CultureInfo.InvariantCulture, out var n)
                ? n * factor
                : null;
        }
        return null;
    }
}

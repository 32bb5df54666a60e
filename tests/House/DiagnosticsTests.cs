using System.Text.RegularExpressions;

namespace Heal.House.Tests;

/// <summary>Whoever gets a diagnostic of the durable task analyzers or generator finds out what to do about it.</summary>
public sealed partial class DiagnosticsTests
{
    private const string Page = "docs/durable-task/diagnostics.md";

    private static readonly string[] Known =
    [
        .. Repository.Files.Where(static file => file.EndsWith("AnalyzerReleases.Unshipped.md", StringComparison.Ordinal)
                || file.EndsWith("AnalyzerReleases.Shipped.md", StringComparison.Ordinal))
            .SelectMany(Repository.LinesOf)
            .Select(static line => Rule().Match(line))
            .Where(static match => match.Success)
            .Select(static match => match.Value),
    ];

    private static readonly string[] Explained =
    [
        .. Repository.LinesOf(Page).Where(static line => line.StartsWith("### DURABLE", StringComparison.Ordinal))
            .Select(static line => line["### ".Length..]),
    ];

    [Fact]
    public void Every_diagnostic_is_explained() =>
        Findings.AssertNone(Known.Except(Explained, StringComparer.Ordinal), $"Say in {Page} what it means, why, and what to do instead.");

    [Fact]
    public void Every_explained_diagnostic_exists() =>
        Findings.AssertNone(Explained.Except(Known, StringComparer.Ordinal), $"Remove it from {Page}, or list it in AnalyzerReleases.");

    [GeneratedRegex(@"^DURABLE\d{4}", RegexOptions.None, 1000)]
    private static partial Regex Rule();
}

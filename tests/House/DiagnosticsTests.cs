using System.Text.RegularExpressions;

namespace Heal.House.Tests;

/// <summary>Whoever gets a diagnostic of the analyzers or generators finds out what to do about it.</summary>
public sealed partial class DiagnosticsTests
{
    private static readonly Dictionary<string, string> Pages = new(StringComparer.Ordinal)
    {
        ["DURABLE"] = "docs/durable-task/diagnostics.md",
        ["FUNC"] = "docs/function-host/diagnostics.md",
    };

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
        .. from page in Pages
           from line in Repository.LinesOf(page.Value)
           where line.StartsWith("### " + page.Key, StringComparison.Ordinal)
           select line["### ".Length..],
    ];

    [Fact]
    public void Every_prefix_of_a_diagnostic_has_a_page() => Findings.AssertNone(
        Known.Select(static rule => rule.TrimEnd("0123456789".ToCharArray())).Distinct(StringComparer.Ordinal).Except(Pages.Keys),
        "Add its page here.");

    [Fact]
    public void Every_diagnostic_is_explained() => Findings.AssertNone(
        Known.Except(Explained, StringComparer.Ordinal),
        $"Say in {string.Join(" or ", Pages.Values)} what it means, why, and what to do instead.");

    [Fact]
    public void Every_explained_diagnostic_exists() => Findings.AssertNone(
        Explained.Except(Known, StringComparer.Ordinal),
        $"Remove it from {string.Join(" or ", Pages.Values)}, or list it in AnalyzerReleases.");

    [GeneratedRegex(@"^[A-Z]+\d{4}", RegexOptions.None, 1000)]
    private static partial Regex Rule();
}

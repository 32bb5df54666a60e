using System.Text.RegularExpressions;

namespace Heal.House.Tests;

/// <summary>Whoever follows a link of the documentation, or looks for a file that it names, finds something.</summary>
public sealed partial class LinkTests
{
    private static readonly string[] Pages = [.. Repository.FilesEndingWith(".md")];

    // What a build leaves is in no repository; the changelog and decisions name files of their time.
    private static readonly string[] Built = ["/bin/", "/obj/"];

    [Fact]
    public void Every_link_leads_to_a_file_and_every_anchor_to_a_heading() => Findings.AssertNone(
        from page in Pages
        from match in Link().Matches(Fence().Replace(Repository.TextOf(page), ""))
        let target = match.Groups["target"].Value.Split('#', 2)
        let file = target[0].Length == 0 ? page : Resolve(page, target[0])
        where !Exists(file) || (target.Length == 2 && file.EndsWith(".md", StringComparison.Ordinal) && !Anchors(file).Contains(target[1]))
        select $"{page}: {match.Groups["target"].Value}",
        "Correct the path, or the anchor: a heading in lower case, blanks as hyphens, other signs left out.");

    [Fact]
    public void Every_path_of_the_repository_that_a_page_names_exists() => Findings.AssertNone(
        from page in Pages
        where page != "CHANGELOG.md" && !page.StartsWith("docs/decisions/", StringComparison.Ordinal)
        from match in NamedPath().Matches(Repository.TextOf(page))
        let path = match.Groups["path"].Value.TrimEnd('/')
        where !Built.Any(part => path.Contains(part, StringComparison.Ordinal)) && !Exists(path)
        select $"{page}: {path}",
        "Correct the path.");

    private static string Resolve(string page, string target) =>
        Path.GetRelativePath(Repository.Root, Path.GetFullPath(Path.Combine(Repository.PathOf(Path.GetDirectoryName(page)!), target)));

    private static bool Exists(string path) => Path.Exists(Repository.PathOf(path));

    private static HashSet<string> Anchors(string page)
    {
        var anchors = new HashSet<string>(StringComparer.Ordinal);
        foreach (var heading in Heading().Matches(Fence().Replace(Repository.TextOf(page), "")).Select(match => match.Groups["text"].Value))
        {
            var name = OtherSigns().Replace(LinkText().Replace(heading, "${text}").Trim().ToLowerInvariant(), "").Replace(' ', '-');
            for (var n = 1; !anchors.Add(n == 1 ? name : $"{name}-{n - 1}"); n++)
            {
            }
        }

        return anchors;
    }

    [GeneratedRegex(@"\]\((?!https?:|mailto:)(?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Link();

    [GeneratedRegex("^```.*?^```", RegexOptions.ExplicitCapture | RegexOptions.Multiline | RegexOptions.Singleline, 1000)]
    private static partial Regex Fence();

    [GeneratedRegex("^#+ (?<text>.+)$", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex Heading();

    [GeneratedRegex(@"\[(?<text>[^\]]*)\]\([^)]*\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex LinkText();

    [GeneratedRegex(@"[^\w\- ]", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OtherSigns();

    [GeneratedRegex(@"`(?<path>(src|tests|eng|docs|deploy|samples|bench|workflows)/[\w./-]*)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NamedPath();
}

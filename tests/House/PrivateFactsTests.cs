using System.Text.RegularExpressions;

namespace Heal.House.Tests;

/// <summary>Nothing in the repository is true on one machine only: no folders of somebody's, no package registry that he uses.</summary>
public sealed partial class PrivateFactsTests
{
    private static readonly string[] Binary = [".png", ".tar.xz", ".gz", ".ico", ".woff2"];

    [Fact]
    public void No_file_names_a_folder_of_somebodys_machine() => Findings.AssertNone(
        Matches(MachinePath()), "Derive the path, or take it from a setting.");

    [Fact]
    public void No_file_names_a_package_registry() => Findings.AssertNone(
        Matches(Registry()), "Registries are the user's own configuration. For npm: omit-lockfile-registry-resolved=true.");

    private static IEnumerable<string> Matches(Regex pattern) =>
        from file in Repository.Files
        where !Binary.Any(suffix => file.EndsWith(suffix, StringComparison.Ordinal)) && file != "tests/House/PrivateFactsTests.cs"
        from line in Repository.LinesOf(file).Select((text, index) => (text, number: index + 1))
        let match = pattern.Match(line.text)
        where match.Success
        select $"{file}:{line.number}: {match.Value}";

    // only where a path begins: a URL such as https://example.test/home/page has a character before it
    [GeneratedRegex(@"(?<![\w.:}/$)*-])/(root|home|work|Users|tmp/heal)/[\w.-]+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MachinePath();

    [GeneratedRegex(
        @"[\w.-]*(npmjs\.(org|com)|yarnpkg\.com|nuget\.org|\bpkg\.dev|pkgs\.dev\.azure\.com|npm\.pkg\.github\.com)",
        RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase,
        1000)]
    private static partial Regex Registry();
}

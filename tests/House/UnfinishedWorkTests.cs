using System.Text.RegularExpressions;

namespace Heal.House.Tests;

/// <summary>Nothing is called done that says of itself that it is not.</summary>
public sealed partial class UnfinishedWorkTests
{
    /// <summary>What may stay, file by file, and why.</summary>
    private static readonly Dictionary<string, string> Allowed = new(StringComparer.Ordinal)
    {
        ["src/DurableTask/Client/DurableTaskClient.cs"] =
            "the contract wants this exception of a client that does not offer an optional operation",
        ["tests/DurableTask.Client/DefaultMembersTests.cs"] = "the test of just that",
    };

    [Fact]
    public void No_source_says_that_it_is_unfinished() => Findings.AssertNone(
        from file in Repository.FilesEndingWith(".cs", ".sql", ".sh", ".py", ".yaml", ".csproj", ".props", ".targets")
        where !file.StartsWith("tests/House/", StringComparison.Ordinal) && !Allowed.ContainsKey(file)
        from line in Repository.LinesOf(file).Select((text, index) => (text, number: index + 1))
        where Unfinished().IsMatch(line.text)
        select $"{file}:{line.number}: {line.text.Trim()}",
        "Finish it, or file it as an issue and describe here what is true today.");

    [Fact]
    public void No_exception_outlives_its_reason() => Findings.AssertNone(
        Allowed.Keys.Where(file => !Repository.Files.Contains(file) || !Unfinished().IsMatch(Repository.TextOf(file))),
        "Remove the entry.");

    [GeneratedRegex(@"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedException", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Unfinished();
}

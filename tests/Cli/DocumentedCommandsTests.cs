using System.CommandLine;
using System.CommandLine.Help;
using System.Text.RegularExpressions;

namespace Heal.Cli.Tests;

/// <summary>The page of the command line names every verb with every option, and nothing that is not there.</summary>
public sealed partial class DocumentedCommandsTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "command-line.md"));

    private static readonly RootCommand Root =
        HealCommand.Build(new CommonOptions(new Screen(TextReader.Null, TextWriter.Null, TextWriter.Null), _ => null, TimeProvider.System));

    [Fact]
    public void The_verbs_are_those_of_the_page() => Assert.Equal(
        Root.Subcommands.SelectMany(noun => noun.Subcommands.Count == 0
            ? [noun.Name] : noun.Subcommands.Select(verb => $"{noun.Name} {verb.Name}")).Order(StringComparer.Ordinal),
        Rows().SelectMany(Verbs).Order(StringComparer.Ordinal));

    [Fact]
    public void The_options_of_each_noun_are_those_of_the_page() => Assert.All(Root.Subcommands, noun => Assert.Equal(
        noun.Subcommands.Append(noun).SelectMany(verb => verb.Options).Select(option => option.Name).Distinct()
            .Order(StringComparer.Ordinal),
        Rows().Where(row => row.Contains($"`heal {noun.Name}", StringComparison.Ordinal))
            .SelectMany(row => Option().Matches(row).Select(match => match.Value))
            .Concat(noun.Subcommands.Any(verb => verb.Options.Any(option => option.Name == "--wait-limit")) ? ["--wait-limit"] : [])
            .Distinct().Order(StringComparer.Ordinal)));

    [Fact]
    public void The_options_of_every_verb_are_those_of_the_page() => Assert.All(
        Root.Options.Where(option => option is not (HelpOption or VersionOption)),
        option => Assert.Contains($"`{option.Name}", Section("Say where"), StringComparison.Ordinal));

    private static string Section(string title) =>
        Page.Split("\n## ").Single(section => section.StartsWith(title, StringComparison.Ordinal));

    private static IEnumerable<string> Rows() => Section("The verbs").Split('\n')
        .Where(line => line.StartsWith("| `heal ", StringComparison.Ordinal)).Select(line => line.Split('|')[1]);

    // `heal vm list`, `show ID`: the noun is said once.
    private static IEnumerable<string> Verbs(string row)
    {
        var words = Quoted().Matches(row).Select(match => match.Groups["text"].Value).Where(text => text[0] != '-').ToList();
        var noun = words[0].Split(' ')[1];
        return words[0].Split(' ').Length == 2
            ? [noun]
            : words.Select((text, index) => $"{noun} {text.Split(' ')[index == 0 ? 2 : 0]}");
    }

    [GeneratedRegex("`(?<text>[^`]+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Quoted();

    [GeneratedRegex("--[a-z-]+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Option();
}

using System.Text.RegularExpressions;

namespace Heal.House.Tests;

/// <summary>Migrations and decisions have numbers, in order and without gaps, so that the next author knows his own.</summary>
public sealed partial class NumberedFilesTests
{
    [Fact]
    public void Every_migration_is_numbered_and_has_its_way_back() => Findings.AssertNone(
        Folders("/Migrations/", ".sql").SelectMany(folder => OutOfOrder(
            folder, [.. folder.Where(file => !file.EndsWith(".down.sql", StringComparison.Ordinal))], MigrationName())),
        "Expected 001_name.sql, 002_name.sql, ... in every Migrations folder.");

    [Fact]
    public void Every_migration_can_be_undone() => Findings.AssertNone(
        from folder in Folders("/Migrations/", ".sql")
        from up in folder
        where !up.EndsWith(".down.sql", StringComparison.Ordinal)
        let down = up.Replace(".sql", ".down.sql", StringComparison.Ordinal)
        where !folder.Contains(down)
        select $"{down} is missing",
        "Write the way back; it is tested in both directions.");

    [Fact]
    public void Every_way_back_belongs_to_a_migration() => Findings.AssertNone(
        from folder in Folders("/Migrations/", ".sql")
        from down in folder
        where down.EndsWith(".down.sql", StringComparison.Ordinal)
        where !folder.Contains(down.Replace(".down.sql", ".sql", StringComparison.Ordinal))
        select down,
        "Remove it, or add the migration that it undoes.");

    [Fact]
    public void Every_decision_is_numbered() => Findings.AssertNone(
        Folders("docs/decisions/", ".md").SelectMany(folder => OutOfOrder(
            folder, [.. folder.Where(file => !file.EndsWith("README.md", StringComparison.Ordinal))], DecisionName())),
        "Expected 0001-title.md, 0002-title.md, ... in docs/decisions.");

    private static IEnumerable<IGrouping<string, string>> Folders(string part, string suffix) => Repository.FilesEndingWith(suffix)
        .Where(file => file.Contains(part, StringComparison.Ordinal))
        .GroupBy(file => Path.GetDirectoryName(file)!, StringComparer.Ordinal);

    private static IEnumerable<string> OutOfOrder(IGrouping<string, string> folder, string[] files, Regex name)
    {
        var number = 0;
        foreach (var file in files)
        {
            var match = name.Match(Path.GetFileName(file));
            if (!match.Success)
            {
                yield return $"{file}: the name does not begin with a number";
            }
            else if (int.Parse(match.Groups["number"].Value, System.Globalization.CultureInfo.InvariantCulture) != ++number)
            {
                yield return $"{folder.Key}: expected number {number}, got {Path.GetFileName(file)}";
                yield break;
            }
        }
    }

    [GeneratedRegex(@"^(?<number>\d{3})_[a-z0-9_]+\.sql$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MigrationName();

    [GeneratedRegex(@"^(?<number>\d{4})-[a-z0-9-]+\.md$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex DecisionName();
}

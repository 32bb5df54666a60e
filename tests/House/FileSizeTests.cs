namespace Heal.House.Tests;

/// <summary>A smell to heed, not a wall to game: whoever meets a limit has two concepts in one file, or a line that wants a name.</summary>
public sealed class FileSizeTests
{
    private const int SourceLines = 500;
    private const int TestLines = 800;
    private const int LineLength = 140;

    private static readonly string[] Sources = [.. Repository.FilesEndingWith(".cs", ".sh", ".py", ".sql")];

    [Fact]
    public void No_file_is_longer_than_its_limit() => Findings.AssertNone(
        from file in Sources
        let limit = file.StartsWith("tests/", StringComparison.Ordinal) ? TestLines : SourceLines
        let count = Repository.LinesOf(file).Length
        where count > limit
        select $"{file}: {count} lines, at most {limit}",
        "Find the second concept in the file and give it a file of its own.");

    [Fact]
    public void No_line_is_longer_than_its_limit() => Findings.AssertNone(
        from file in Sources
        from line in Repository.LinesOf(file).Select((text, index) => (text, number: index + 1))
        where line.text.Length > LineLength
        select $"{file}:{line.number}: {line.text.Length} characters, at most {LineLength}",
        "Break the line, or name a part of it.");
}

namespace Heal.House.Tests;

/// <summary>One assertion that shows every finding, one per line: who tidies up wants the whole list at once.</summary>
internal static class Findings
{
    public static void AssertNone(IEnumerable<string> findings, string whatToDo)
    {
        var all = findings.ToList();
        Assert.True(all.Count == 0, $"{string.Join('\n', all)}\n\n{whatToDo}");
    }
}

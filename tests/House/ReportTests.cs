namespace Heal.House.Tests;

/// <summary>What <c>eng/tests/report.py</c> makes of the results of a run.</summary>
public sealed class ReportTests : IDisposable
{
    private readonly DirectoryInfo _results = Directory.CreateTempSubdirectory("heal-report-");

    public void Dispose() => _results.Delete(recursive: true);

    [Fact]
    public void It_prints_each_scenario_with_its_time_the_median_of_the_healed_and_last_how_many_passed()
    {
        Write("cluster", "Cluster", exitCode: 0,
            Passed("crashes", "fault to healed: crashloop: the alert says 9.9 s, 3 signals; Healed after 26.4 s"),
            Passed("fills", "what else it said\nfault to healed: pvc-capacity-forecast: 1 signals; Healed after 50.0 s\nmore"),
            Passed("sticks", "fault to healed: stuck-rollout: 2 signals; Healed after 200.0 s"),
            Passed("dies", "fault to healed: node-notready: 1 signals; Escalated after 7.0 s"),
            Passed("says nothing", "a fault to healed: not at the start of a line after 3 s"));

        var (exitCode, output) = Repository.Run("python3", "eng/tests/report.py", "run", _results.FullName);

        string[] lines = [.. output.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
        Assert.Equal(
            [
                "From the fault to the end of the incident:",
                "7.0 s  Escalated  node-notready: 1 signals",
                "26.4 s  Healed     crashloop (reach 60 s): the alert says 9.9 s, 3 signals",
                "50.0 s  Healed     pvc-capacity-forecast: 1 signals",
                "200.0 s  Healed     stuck-rollout (reach 60 s): 2 signals",
                "50.0 s  median of the 3 that were healed (reach 120 s)",
                "5 passed, 0 failed",
            ],
            lines);
        // Slower than the reach is nothing that a test fails by.
        Assert.Equal(0, exitCode);
    }

    [Fact]
    public void Without_a_scenario_it_says_nothing_of_them()
    {
        Write("plain", "Healing", exitCode: 0, Passed("works", ""));

        var (_, output) = Repository.Run("python3", "eng/tests/report.py", "run", _results.FullName);

        Assert.Equal("1 passed, 0 failed", output.Trim());
    }

    private static string Passed(string test, string output) =>
        $"<UnitTestResult testName='{test}' outcome='Passed'><Output><StdOut>{output}</StdOut></Output></UnitTestResult>";

    private void Write(string form, string project, int exitCode, params string[] results)
    {
        DirectoryInfo folder = _results.CreateSubdirectory(form);
        File.WriteAllText(Path.Combine(folder.FullName, $"{project}.exit"), $"{exitCode}\n");
        File.WriteAllText(Path.Combine(folder.FullName, $"{project}.log"), "");
        File.WriteAllText(
            Path.Combine(folder.FullName, $"{project}.trx"),
            "<TestRun xmlns='http://microsoft.com/schemas/VisualStudio/TeamTest/2010'><Results>"
            + $"{string.Concat(results)}</Results></TestRun>");
    }
}

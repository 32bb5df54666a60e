using System.Diagnostics;
using System.Reflection;
using Heal.DurableTask.Kills.Tests.Programs;
using Xunit.Abstractions;

namespace Heal.DurableTask.Kills.Tests;

/// <summary>Workers of two versions of the engine on one hub. The older one comes out of this repository's history.</summary>
[Collection(nameof(KillTests))]
public sealed class UpgradeTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Workers_of_one_migration_ago_and_of_today_share_a_hub_that_is_migrated_under_their_work_and_nothing_is_lost()
    {
        string older = await BuildOlderWorkerAsync();
        var plan = KillPlan.ForPrograms(programs: 120, kills: 11, Random.Shared.Next());
        using var text = new StringWriter();
        try
        {
            var report = await new ProgramRun(plan, text, new RollingUpgrade(older, plan)).RunAsync();

            Assert.True(report.Violations.Count == 0, string.Join('\n', report.Violations));
            Assert.InRange(report.Extra, 0, report.MostExtra);
            Assert.Equal((plan.Kills, 1), (report.Kills, report.Crashes));
        }
        finally
        {
            output.WriteLine(text.ToString());
        }
    }

    private static async Task<string> BuildOlderWorkerAsync()
    {
        string repository = typeof(UpgradeTests).Assembly
            .GetCustomAttributes<AssemblyMetadataAttribute>().Single(entry => entry.Key == "Repository").Value!;
        var start = new ProcessStartInfo(Path.Combine(repository, "eng", "older-worker.sh"))
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var script = Process.Start(start)!;
        var errors = script.StandardError.ReadToEndAsync();
        string path = (await script.StandardOutput.ReadToEndAsync()).Trim();
        await script.WaitForExitAsync();
        Assert.True(script.ExitCode == 0, await errors);
        return path;
    }
}

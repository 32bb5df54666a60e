using Xunit.Abstractions;

namespace Heal.DurableTask.Kills.Tests;

/// <summary>The short form of eng/kill-test.sh.</summary>
public sealed class KillTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Orchestrations_survive_kills_of_their_workers_and_crashes_of_PostgreSQL()
    {
        int seed = Random.Shared.Next();
        var plan = new KillPlan(
            Orchestrations: 1500, Kills: 20, Workers: 3, seed, Durable: false, Limit: TimeSpan.FromMinutes(5)) { Open = 100 };
        using var text = new StringWriter();
        try
        {
            var report = await new KillRun(plan, text).RunAsync();

            Assert.Empty(report.Wrong);
            Assert.Empty(report.Missing);
            Assert.InRange(report.Extra, 0, report.MostExtra);
            Assert.True(report.Kills > 0 && report.Completed == plan.Orchestrations, text.ToString());
        }
        finally
        {
            output.WriteLine(text.ToString());
        }
    }
}

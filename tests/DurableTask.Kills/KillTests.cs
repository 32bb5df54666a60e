using Heal.DurableTask.Kills.Tests.Programs;
using Xunit.Abstractions;

namespace Heal.DurableTask.Kills.Tests;

/// <summary>The short form of eng/kill-test.sh.</summary>
[Collection(nameof(KillTests))]
public sealed class KillTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Orchestrations_survive_kills_of_their_workers_and_crashes_of_PostgreSQL()
    {
        int seed = Random.Shared.Next();
        var plan = new KillPlan(
            Orchestrations: 1000, Kills: 25, Workers: 3, seed, Durable: false, Limit: TimeSpan.FromMinutes(5));
        using var text = new StringWriter();
        try
        {
            var report = await new KillRun(plan, text).RunAsync();

            Assert.True(report.Wrong.Count == 0, string.Join('\n', report.Wrong));
            Assert.True(report.Missing.Count == 0, string.Join('\n', report.Missing));
            Assert.True(report.Unexplained.Count == 0, string.Join('\n', report.Unexplained));
            Assert.InRange(report.Extra, 0, report.MostExtra);
            Assert.Equal((plan.Orchestrations, plan.Kills, 1), (report.Completed, report.Kills, report.Crashes));
        }
        finally
        {
            output.WriteLine(text.ToString());
        }
    }

    /// <summary>
    /// The short form of eng/soak.sh. In a minute the runtime still compiles, heaps take their size, and autovacuum comes once: it finds
    /// what grows without end, and orders that do not end as they must.
    /// </summary>
    [Fact]
    public async Task A_steady_load_ends_every_order_and_neither_memory_nor_tables_grow_without_end()
    {
        var plan = new SoakPlan(Duration: TimeSpan.FromSeconds(60), WarmUp: TimeSpan.FromSeconds(20))
        {
            Measuring = TimeSpan.FromSeconds(5),
            Sampling = TimeSpan.FromSeconds(3),
            Purging = TimeSpan.FromSeconds(5),
            Compared = TimeSpan.FromSeconds(12),
            MostMemoryGrowth = 0.5,
            MostResidentGrowth = 1,
            MostTableGrowth = 4,
        };
        using var text = new StringWriter();
        try
        {
            Assert.Empty(await new Soak(plan, text).RunAsync());
        }
        finally
        {
            output.WriteLine(text.ToString());
        }
    }

    [Fact]
    public async Task Generated_programs_come_to_what_the_model_says_whatever_is_killed()
    {
        var plan = KillPlan.ForPrograms(programs: 120, kills: 11, Random.Shared.Next());
        using var text = new StringWriter();
        try
        {
            var report = await new ProgramRun(plan, text).RunAsync();

            Assert.True(report.Violations.Count == 0, string.Join('\n', report.Violations));
            Assert.InRange(report.Extra, 0, report.MostExtra);
            Assert.Equal((plan.Kills, 1), (report.Kills, report.Crashes));
        }
        finally
        {
            output.WriteLine(text.ToString());
        }
    }
}

using Heal.DurableTask.Simulation.Tests.Faults;
using Heal.Shared.Tests.Programs.Checks;
using Xunit.Abstractions;

namespace Heal.DurableTask.Simulation.Tests;

public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int Seeds = 2_000;

    [Fact]
    public void No_seed_breaks_an_invariant()
    {
        using var text = new StringWriter();
        var failed = Campaign.Run(Seeds, first: 1, text);
        output.WriteLine(text.ToString());
        Assert.True(failed.Count == 0, text.ToString());
    }

    [Fact]
    public void A_seed_runs_the_same_every_time()
    {
        for (int seed = 1; seed <= 100; seed++)
        {
            Assert.Equal(Simulation.Run(seed), Simulation.Run(seed));
        }
    }

    public static TheoryData<string> DefectNames => [.. Defects.All.Keys];

    /// <summary>The simulation can find bugs: it finds each of these.</summary>
    [Theory]
    [MemberData(nameof(DefectNames))]
    public void A_defect_is_noticed(string defect)
    {
        const int most = 3_000;
        for (int seed = 1; seed <= most; seed++)
        {
            try
            {
                Simulation.Run(seed, Defects.All[defect]);
            }
            catch (Violation noticed)
            {
                output.WriteLine($"seed {seed}: {noticed.Invariant}");
                return;
            }
        }

        Assert.Fail($"{most} seeds did not notice that {defect}.");
    }
}

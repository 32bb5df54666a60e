using System.Globalization;
using Heal.Shared.Tests.Programs;

namespace Heal.DurableTask.Kills.Tests.Programs;

/// <summary>The programs of a run, the same in every process: all of them come from the seed. Names tell the scenarios apart.</summary>
internal sealed class ProgramSet
{
    /// <summary>What the programs' times are counted in: activities of up to half a second, timers of up to three seconds.</summary>
    private static readonly TimeSpan Unit = TimeSpan.FromMilliseconds(5);

    private ProgramSet(int seed, int programs)
    {
        for (int count = 0; count < programs; count += Scenarios[^1].Roots.Count)
        {
            string name = Scenarios.Count.ToString(CultureInfo.InvariantCulture);
            Scenarios.Add(new Generator(new Random(unchecked((seed * 7919) + Scenarios.Count)), Unit, name).Draw());
        }

        // In one run of four, timers are longer than what one message may wait.
        LongestTimer = new Random(seed).Next(4) == 0 ? TimeSpan.FromMilliseconds(700) : TimeSpan.FromDays(3);
    }

    public List<Scenario> Scenarios { get; } = [];

    public TimeSpan LongestTimer { get; }

    /// <param name="programs">How many at least: a scenario has one to six.</param>
    public static ProgramSet Draw(int seed, int programs) => new(seed, programs);
}

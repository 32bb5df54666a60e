using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Heal.Shared.Tests.Programs.Checks;

namespace Heal.DurableTask.Simulation.Tests;

/// <summary>Many seeds, one thread for each at a time.</summary>
internal static class Campaign
{
    private const int MostFailures = 5;

    /// <returns>The seeds that failed.</returns>
    public static IReadOnlyList<int> Run(int seeds, int first, TextWriter output)
    {
        long began = Stopwatch.GetTimestamp();
        var failed = new ConcurrentQueue<int>();
        var reports = new ConcurrentQueue<RunReport>();
        int next = first - 1;
        var threads = Enumerable.Range(0, Math.Max(1, Environment.ProcessorCount)).Select(_ => new Thread(Work)).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        var took = Stopwatch.GetElapsedTime(began);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{reports.Count + failed.Count} seeds from {first}, {failed.Count} failed, {took.TotalSeconds:F0} s: "
            + $"{reports.Sum(report => report.Instances)} instances, {reports.Sum(report => report.Turns)} turns, "
            + $"{reports.Sum(report => (long)report.Steps)} steps, {reports.Sum(report => report.Kills)} kills, "
            + $"{reports.Sum(report => report.Disruptions)} faults"));
        return [.. failed.Order()];

        void Work()
        {
            while (failed.Count < MostFailures && Interlocked.Increment(ref next) is int seed && seed < first + seeds)
            {
                try
                {
                    reports.Enqueue(Simulation.Run(seed));
                }
                catch (Exception failure)
                {
                    failed.Enqueue(seed);
                    output.WriteLine(Describe(seed, failure));
                }
            }
        }
    }

    /// <summary>Runs one seed again and tells all that happens.</summary>
    public static int Replay(int seed, TextWriter output)
    {
        try
        {
            output.WriteLine(Simulation.Run(seed, readable: output));
            return 0;
        }
        catch (Exception failure)
        {
            output.WriteLine(Describe(seed, failure));
            return 1;
        }
    }

    private static string Describe(int seed, Exception failure) =>
        $"""
        Seed {seed} failed, commit {Commit}. The same run again, with all that happens:
          eng/simulate.sh --seed {seed}
        {(failure is Violation ? failure.Message : failure)}
        """;

    private static string Commit => typeof(Campaign).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?
        .InformationalVersion.Split('+').ElementAtOrDefault(1) ?? "unknown";
}

using Heal.Bench.FunctionsWorker.Load;

namespace Heal.Bench.FunctionsWorker.Benchmarks;

/// <summary>Many users who post an alert now and then: 1,000 at 100 requests/s for five minutes, and 2,000 who come within 30 s.</summary>
internal static class Users
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(Settings settings, Report report)
    {
        await using HealApp heal = await HealApp.StartAsync(settings);
        await RunAsync(heal, report, "1,000, steady", users: 1000, arrival: TimeSpan.Zero, TimeSpan.FromSeconds(settings.Count(300, 20)));
        await RunAsync(heal, report, "0 to 2,000 in 30 s", users: 2000, TimeSpan.FromSeconds(settings.Count(30, 5)),
            TimeSpan.FromSeconds(settings.Count(60, 10)));
    }

    private static async Task RunAsync(HealApp heal, Report report, string what, int users, TimeSpan arrival, TimeSpan length)
    {
        var load = new OpenLoop(heal.Process, static _ => HealApp.Post(alerts: 1));
        await load.RunAsync(users, Every, arrival, length);
        report.Add(new("users", what, load.Count / length.TotalSeconds, load.Latency,
            Note: $"{load.Errors} of {load.Count} failed; longest {load.Latency.Max:N0} ms"));
    }
}

using Heal.Bench.FunctionsWorker.Load;

namespace Heal.Bench.FunctionsWorker.Benchmarks;

/// <summary>Posts of alerts to Heal, each answered when it is stored; what is stored is routed meanwhile, on the same processors.</summary>
internal static class AlertIntake
{
    private const int Connections = 32;

    public static async Task RunAsync(Settings settings, Report report)
    {
        foreach (int alerts in new[] { 1, 50 })
        {
            await using HealApp heal = await HealApp.StartAsync(settings);
            ClosedLoop run = await ClosedLoop.RunAsync(settings, heal.Process, Connections, _ => HealApp.Post(alerts));
            report.Add(new(
                "intake", $"posts of {alerts} at {Connections}", run.PerSecond, run.Latency, run.CpuMicroseconds,
                $"{run.PerSecond * alerts:N0} alerts/s, {run.Refused} refused"));
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using Heal.Bench.FunctionsWorker.Load;

namespace Heal.Bench.FunctionsWorker.Benchmarks;

/// <summary>From the post that starts an orchestration, to a host that has nothing else to do, to the start of its first
/// activity.</summary>
internal static class FirstActivity
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(50);

    public static async Task RunAsync(Settings settings, Report report)
    {
        await using ChildProcess app = await BenchApp.StartAsync(settings);
        using var connection = new RawConnection();
        await connection.ConnectAsync(app.Port);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{app.Port}") };
        var samples = new List<double>();
        int warmUp = settings.Count(full: 200, quick: 20);
        int count = settings.Count(full: 400, quick: 20);
        for (int i = 0; i < warmUp + count; i++)
        {
            string id = Guid.NewGuid().ToString("N");
            long sent = Stopwatch.GetTimestamp();
            await connection.SendAsync(RawConnection.Post($"/api/begin/{id}", "", []));
            string begun = await http.GetStringAsync(new Uri($"/api/begun/{id}", UriKind.Relative));
            if (i >= warmUp)
            {
                samples.Add(Stopwatch.GetElapsedTime(sent, long.Parse(begun, CultureInfo.InvariantCulture)).TotalMilliseconds);
            }

            await Task.Delay(Between, Settings.Time);
        }

        report.Add(new("first", "post to first activity, idle", null, Latency.Of(samples)));
        await OfAlertsAsync(settings, report);
    }

    // Heal says in its log when an activity begins; the time includes the way of the line to here.
    private static async Task OfAlertsAsync(Settings settings, Report report)
    {
        await using HealApp heal = await HealApp.StartAsync(settings);
        using var connection = new RawConnection();
        await connection.ConnectAsync(heal.Process.Port);
        var routing = new List<double>();
        var collecting = new List<double>();
        int warmUp = settings.Count(full: 200, quick: 10);
        int count = settings.Count(full: 200, quick: 10);
        for (int i = 0; i < warmUp + count; i++)
        {
            var routed = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
            var collected = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
            var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            heal.Process.LinePrinted = line =>
            {
                long now = Stopwatch.GetTimestamp();
                if (line.Contains("activity 'RouteSignals' started", StringComparison.Ordinal))
                {
                    routed.TrySetResult(now);
                }
                else if (line.Contains("activity 'CollectEvidence' started", StringComparison.Ordinal))
                {
                    collected.TrySetResult(now);
                }
                else if (line.Contains("activity 'CloseIncident' completed", StringComparison.Ordinal))
                {
                    closed.TrySetResult();
                }
            };
            byte[] post = HealApp.Post(alerts: 1);
            long sent = Stopwatch.GetTimestamp();
            await connection.SendAsync(post);
            await closed.Task.WaitAsync(Longest, Settings.Time);
            if (i >= warmUp)
            {
                routing.Add(Stopwatch.GetElapsedTime(sent, await routed.Task).TotalMilliseconds);
                collecting.Add(Stopwatch.GetElapsedTime(sent, await collected.Task).TotalMilliseconds);
            }

            await Task.Delay(Between, Settings.Time);
        }

        report.Add(new("first", "alert to routing, idle", null, Latency.Of(routing)));
        report.Add(new("first", "alert to its incident's first activity", null, Latency.Of(collecting)));
    }
}

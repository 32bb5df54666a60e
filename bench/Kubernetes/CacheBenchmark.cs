using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Heal.Bench.Kubernetes.Load;
using Heal.Drivers.Kubernetes.Caching;
using Heal.Drivers.Kubernetes.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Bench.Kubernetes;

/// <summary>
/// The shared cache of pods and deployments: time of the first list, memory, time of a change to its consumer, processor time, and
/// requests while nothing changes.
/// </summary>
internal static class CacheBenchmark
{
    private static readonly TimeProvider Time = TimeProvider.System;

    public static async Task RunAsync(Settings settings, Report report)
    {
        await using var simulator = settings.Kubeconfig is null
            ? Child.Start("simulator", Text(settings.Pods), Text(settings.Deployments))
            : null;
        if (simulator is not null)
            settings = settings with { Server = new Uri(await simulator.LineAsync()) };

        using (var seeding = Cluster.Connect(settings.Server, settings.Kubeconfig))
            await Seeder.FillAsync(seeding, settings);
        try
        {
            await MeasureAsync(settings, report);
        }
        finally
        {
            if (simulator is null)
            {
                using var emptying = Cluster.Connect(settings.Server, settings.Kubeconfig);
                await Seeder.EmptyAsync(emptying, settings);
            }
        }
    }

    private static async Task MeasureAsync(Settings settings, Report report)
    {
        using var client = Cluster.Connect(settings.Server, settings.Kubeconfig);
        await client.GetVersionAsync();
        var before = Used();
        var begin = Time.GetTimestamp();
        await using var caches = new KubernetesCaches(
            client, new CacheOptions(), Time, NullLogger<KubernetesCaches>.Instance);
        var pods = caches.Of<Pod>();
        var deployments = caches.Of<Deployment>();
        await pods.WaitForSyncAsync();
        await deployments.WaitForSyncAsync();
        var count = pods.All().Count + deployments.All().Count;
        report.Add("first list", Time.GetElapsedTime(begin).TotalSeconds, "s", $"{count} objects, from nothing to complete");
        var held = Used() - before;
        report.Add("memory", held / 1048576.0, "MiB", "managed, after a collection");
        report.Add("memory per object", (double)held / count, "bytes");
        report.Add("resident set of the process", Resident(), "MiB");

        await ChangeAsync(settings, report, pods);
        await IdleAsync(settings, report);
        GC.KeepAlive(deployments);
    }

    private static async Task ChangeAsync(Settings settings, Report report, IObjectCache<Pod> pods)
    {
        var count = settings.Rate * settings.Seconds;
        var latencies = new List<double>(count);
        using var subscription = pods.Subscribe(new SubscriptionOptions { IncludeExisting = false });
        await using var changes = Child.Start(
            "changes", settings.Server?.ToString() ?? "-", settings.Kubeconfig ?? "-",
            Text(settings.Rate), Text(count), Text(settings.Pods));
        TimeSpan cpu = default;
        long begin = 0;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60 + settings.Seconds), Time);
        await foreach (var change in subscription.ReadAllAsync(limit.Token))
        {
            if (change.New?.Metadata.Annotation(Objects.SentAnnotation) is not { } sent)
                continue;
            if (latencies.Count == 0)
                (cpu, begin) = (Cpu(), Time.GetTimestamp());
            var now = Time.GetUtcNow().UtcTicks;
            latencies.Add(TimeSpan.FromTicks(now - long.Parse(sent, CultureInfo.InvariantCulture)).TotalMilliseconds);
            if (latencies.Count == count)
                break;
        }

        var took = Time.GetElapsedTime(begin);
        var latency = Latency.Of(latencies)!;
        var note = $"{settings.Rate} changes/s, from the moment of sending to the consumer";
        report.Add("change to consumer, p50", latency.P50, "ms", note);
        report.Add("change to consumer, p99", latency.P99, "ms", $"max {latency.Max:N1} ms, {subscription.Merged} merged");
        report.Add("processor", 100 * (Cpu() - cpu) / took, "% of a core", $"at {count / took.TotalSeconds:N0} changes/s");
        report.Add("memory after the changes", Used() / 1048576.0, "MiB", "managed, whole process");
        await changes.EndAsync();
    }

    private static async Task IdleAsync(Settings settings, Report report)
    {
        var calls = 0L;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name == "kubernetes.client.calls")
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref calls, value));
        listener.Start();
        var cpu = Cpu();
        await Task.Delay(TimeSpan.FromSeconds(settings.Seconds), Time);
        report.Add("requests while nothing changes", (double)Interlocked.Read(ref calls) / settings.Seconds, "per s");
        report.Add("processor while nothing changes", 100 * (Cpu() - cpu) / TimeSpan.FromSeconds(settings.Seconds), "% of a core");
    }

    private static long Used()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private static TimeSpan Cpu()
    {
        using var self = Process.GetCurrentProcess();
        return self.TotalProcessorTime;
    }

    private static double Resident()
    {
        using var self = Process.GetCurrentProcess();
        return self.WorkingSet64 / 1048576.0;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

using System.Globalization;
using Heal.Bench.Kubernetes.Load;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Caching;
using Heal.Drivers.Kubernetes.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Bench.Kubernetes;

/// <summary>
/// One run: a full cluster, the shared cache of its pods and deployments, the detection on top of it while pods change, the same while
/// nothing does, and evidence.
/// </summary>
internal static class Benchmark
{
    // 150 MB, as the goal says it.
    private const double MostMebibytes = 143;
    private const double MostIdleRequests = 1;

    private static readonly TimeProvider Time = TimeProvider.System;

    public static async Task RunAsync(Settings settings, Report report)
    {
        await using var simulator = settings.Kubeconfig is null
            ? Child.Start("simulator", Text(settings.Pods), Text(settings.Deployments))
            : null;
        if (simulator is not null)
            settings = settings with { Server = new Uri(await simulator.LineAsync()) };

        using var client = Cluster.Connect(settings.Server, settings.Kubeconfig);
        try
        {
            using (var seeding = Cluster.Connect(settings.Server, settings.Kubeconfig))
                await Seeder.FillAsync(seeding, settings);
            if (!settings.EvidenceOnly)
                await MeasureAsync(client, settings, report);
            await EvidenceBenchmark.RunAsync(client, settings, report);
        }
        finally
        {
            if (simulator is null)
                await Seeder.EmptyAsync(client, settings);
        }
    }

    private static async Task MeasureAsync(KubernetesClient client, Settings settings, Report report)
    {
        await client.GetVersionAsync();
        var before = Usage.Used();
        var begin = Time.GetTimestamp();
        await using var caches = new KubernetesCaches(
            client, new CacheOptions(), Time, NullLogger<KubernetesCaches>.Instance);
        var pods = caches.Of<Pod>();
        var deployments = caches.Of<Deployment>();
        await pods.WaitForSyncAsync();
        await deployments.WaitForSyncAsync();
        var count = pods.All().Count + deployments.All().Count;
        report.Add("first list", Time.GetElapsedTime(begin).TotalSeconds, "s", $"{count} objects, from nothing to complete");
        var held = Usage.Used() - before;
        report.Add("memory of the cache", held / 1048576.0, "MiB", "managed, after a collection", MostMebibytes);
        report.Add("memory per object", (double)held / count, "bytes");

        await using (var detection = new Detection(caches, client))
        {
            await detection.SyncedAsync();
            report.Add(
                "memory of cache and detection", (Usage.Used() - before) / 1048576.0, "MiB",
                $"{detection.Objects} objects of all kinds that detectors look at");
            report.Add("resident set of the process", Usage.Resident(), "MiB");
            await ChangesBenchmark.RunAsync(settings, report, pods, detection);
            await IdleAsync(settings, report);
        }

        GC.KeepAlive(deployments);
    }

    private static async Task IdleAsync(Settings settings, Report report)
    {
        using var requests = new RequestCount();
        var cpu = Usage.Cpu();
        await Task.Delay(TimeSpan.FromSeconds(settings.Seconds), Time);
        report.Add(
            "requests while nothing changes", (double)requests.Value / settings.Seconds, "per s", "detection on", MostIdleRequests);
        report.Add(
            "processor while nothing changes", 100 * (Usage.Cpu() - cpu) / TimeSpan.FromSeconds(settings.Seconds), "% of a core");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

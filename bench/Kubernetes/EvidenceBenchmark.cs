using System.Globalization;
using Heal.Activities;
using Heal.Bench.Kubernetes.Load;
using Heal.Drivers.Kubernetes;
using Heal.Healing;

namespace Heal.Bench.Kubernetes;

/// <summary>
/// The evidence of a Deployment of 50 pods whose new revision has no image, in a namespace of its own, and among all the other objects.
/// </summary>
internal static class EvidenceBenchmark
{
    private const double MostMilliseconds = 1000;

    private static readonly TimeProvider Time = TimeProvider.System;

    public static async Task RunAsync(KubernetesClient client, Settings settings, Report report)
    {
        foreach (var ns in (string[])[Settings.QuietNamespace, Settings.Namespace])
        {
            var name = await BrokenDeployment.CreateAsync(client, settings, ns);
            var where = ns == Settings.QuietNamespace ? "by itself" : "in the crowd";
            var target = new TargetReference("bench", TargetKinds.Deployment, ns, name);
            var collector = Collector(client);
            var bundle = await collector.CollectAsync(target);
            var times = new List<double>();
            using var requests = new RequestCount();
            var cpu = Usage.Cpu();
            for (var i = 0; i < settings.Bundles; i++)
            {
                var begin = Time.GetTimestamp();
                bundle = await collector.CollectAsync(target);
                times.Add(Time.GetElapsedTime(begin).TotalMilliseconds);
            }

            var used = (Usage.Cpu() - cpu).TotalMilliseconds / settings.Bundles;
            var latency = Latency.Of(times)!;
            var digest = bundle.Digest();
            var cause = Diagnostician.Diagnose(digest, DetectionPolicy.Judge(digest)).Leading()?.Cause;
            report.Add($"evidence {where}, p50", latency.P50, "ms", string.Create(CultureInfo.InvariantCulture,
                $"{Settings.Replicas} pods, {EvidenceJson.Write(bundle).Length / 1024} KiB, diagnosed as {cause ?? "nothing"}"));
            report.Add(
                $"evidence {where}, p95", latency.P95, "ms", string.Create(CultureInfo.InvariantCulture, $"max {latency.Max:N0} ms"),
                MostMilliseconds);
            report.Add($"evidence {where}, requests", (double)requests.Value / settings.Bundles, "per bundle");
            report.Add($"evidence {where}, processor", used, "ms", "of this process, per bundle");
        }
    }

    private static EvidenceCollector Collector(KubernetesClient client)
    {
        var options = new Fixed<HealOptions>(new HealOptions());
        return new EvidenceCollector(client, new NoHistory(), new AutonomyReader(client, options, Time), options, Time);
    }
}

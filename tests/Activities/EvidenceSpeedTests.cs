using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using Xunit.Abstractions;

namespace Heal.Activities.Tests;

/// <summary>What is measured must not run beside other tests of this process.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class EvidenceSpeedTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_bundle_of_a_deployment_with_fifty_pods_costs_little_time_and_few_requests()
    {
        await using var rig = await EvidenceRig.StartAsync(
            [.. EvidenceRig.Parse(EvidenceObjects.Deployment("web", 50)), .. EvidenceRig.Parse(EvidenceObjects.Deployment("api", 3))], [],
            speed: 10);
        await rig.CreateAsync("""
            [ { "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web" },
                "spec": { "selector": { "app": "web" }, "ports": [ { "port": 80 } ] } } ]
            """);
        await rig.UntilAsync<Deployment>("web", item => item.Status?.ReadyReplicas == 50);
        await rig.Client.PatchAsync<Deployment>(EvidenceRig.Namespace, "web", Patch.Json(
            JsonPatchOperation.Replace("/spec/template/spec/containers/0/image", JsonValue.Create("registry.example/web:bad"))));
        await rig.UntilAsync<Pod>("", pod =>
            pod.Status?.ContainerStatuses?.Any(status => status.State?.Waiting?.Reason == "ImagePullBackOff") == true);
        using var calls = new RecordedCalls(rig.Client.Server);
        var cold = Stopwatch.StartNew();
        await rig.CollectAsync("Deployment", "web");
        var (coldTime, coldCalls) = (cold.Elapsed, calls.Take().Count);
        await rig.CollectAsync("Deployment", "web");
        calls.Take();

        const int Runs = 40;
        var times = new List<double>();
        var requests = 0;
        EvidenceBundle? bundle = null;
        var processor = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < Runs; i++)
        {
            var watch = Stopwatch.StartNew();
            bundle = await rig.CollectAsync("Deployment", "web");
            times.Add(watch.Elapsed.TotalMilliseconds);
            requests = Math.Max(requests, calls.Take().Count);
        }

        processor = Environment.CpuUsage.TotalTime - processor;
        times.Sort();
        var (p50, p95) = (times[Runs / 2], times[(int)(Runs * 0.95)]);
        var size = EvidenceJson.Write(bundle!).Length;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            50-pod deployment, bundle of {size / 1024} KiB, digest of {EvidenceJson.Write(bundle!.Digest()).Length / 1024} KiB:
            p50 {p50:0} ms, p95 {p95:0} ms, max {times[^1]:0} ms; at most {requests} API requests;
            processor time of the healer and the simulated API server together: {processor.TotalMilliseconds / Runs:0} ms;
            first (discovery, compilation): {coldTime.TotalMilliseconds:0} ms, {coldCalls} requests
            """));

        // Not the clock: on a machine that does other things it says more about those. The processor does not wait.
        Assert.True(processor.TotalMilliseconds / Runs < 500, $"{processor.TotalMilliseconds / Runs:0} ms of processor time");
        Assert.InRange(requests, 10, 40);
        Assert.True(bundle!.Pods.Count == EvidenceLimits.Pods, $"{bundle.Pods.Count} pods");
        var digest = bundle.Digest();
        var leading = Diagnostician.Diagnose(digest, DetectionPolicy.Judge(digest)).Leading()!;
        Assert.Equal(Causes.ImagePullAfterTemplateChange, leading.Cause);
    }
}

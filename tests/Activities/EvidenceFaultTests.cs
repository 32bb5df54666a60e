using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using Heal.Simulator.Faults;
using Xunit.Abstractions;

namespace Heal.Activities.Tests;

/// <summary>What collecting makes of a cluster that refuses, hangs, lacks APIs, or holds monstrous objects.</summary>
public sealed class EvidenceFaultTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Every_part_that_is_forbidden_is_a_gap_that_names_the_missing_permission()
    {
        await using var rig = await RunningAsync();
        foreach (var path in new[]
        {
            "/api/v1/namespaces/shop/pods", "/api/v1/namespaces/shop/events", "/apis/apps/v1/namespaces/shop/replicasets",
            "/api/v1/nodes/*", "/apis/policy/v1/namespaces/shop/*", "/api/v1/namespaces/shop/resourcequotas",
            "/apis/discovery.k8s.io/v1/n*",
        })
        {
            await rig.RefuseAsync(path, 403);
        }

        var bundle = await rig.CollectAsync("Deployment", "web");

        Assert.Equal(2, bundle.Workload!.ReadyReplicas);
        Assert.Contains("pods: missing permission list pods in namespace 'shop'", bundle.Gaps);
        Assert.Contains("events: missing permission list events in namespace 'shop'", bundle.Gaps);
        Assert.Contains("history (ReplicaSets): missing permission list replicasets (apps) in namespace 'shop'", bundle.Gaps);
        Assert.Contains("PodDisruptionBudgets: missing permission list poddisruptionbudgets (policy) in namespace 'shop'", bundle.Gaps);
        Assert.Contains("ResourceQuotas: missing permission list resourcequotas in namespace 'shop'", bundle.Gaps);
    }

    [Fact]
    public async Task A_target_that_may_not_be_read_is_not_called_gone()
    {
        await using var rig = await RunningAsync();
        await rig.RefuseAsync("/apis/apps/v1/namespaces/shop/deployments/*", 403);

        var bundle = await rig.CollectAsync("Deployment", "web");

        Assert.True(bundle.Exists);
        Assert.Contains("target: missing permission get deployments (apps) in namespace 'shop'", bundle.Gaps);
        Assert.Equal(DetectionVerdict.Faulty, DetectionPolicy.Judge(bundle).Verdict);
    }

    [Fact]
    public async Task A_part_that_hangs_costs_the_deadline_and_no_more()
    {
        await using var rig = await RunningAsync();
        rig.Options.Deadline = TimeSpan.FromSeconds(2);
        await rig.AddFaultAsync(new FaultDescription { Api = new ApiEffect("hang", Path: "/api/v1/namespaces/shop/events") });
        var watch = Stopwatch.StartNew();

        var bundle = await rig.CollectAsync("Deployment", "web");

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"{watch.Elapsed}");
        Assert.Contains("events: not read within the 2 s that a bundle may take", bundle.Gaps);
        Assert.Equal(2, bundle.Pods.Count);
    }

    [Fact]
    public async Task When_nothing_answers_it_fails_so_that_its_caller_tries_again()
    {
        await using var rig = await RunningAsync();
        rig.Options.Deadline = TimeSpan.FromSeconds(1);
        await rig.AddFaultAsync(new FaultDescription { Api = new ApiEffect("hang", Path: "/api*") });

        await Assert.ThrowsAsync<TimeoutException>(() => rig.CollectAsync("Deployment", "web"));
    }

    [Fact]
    public async Task An_older_server_is_read_in_its_own_versions_and_what_it_lacks_is_said()
    {
        await using var rig = await RunningAsync();
        await rig.RefuseAsync("/apis/metrics.k8s.io*", 404);
        await rig.RefuseAsync("/apis/discovery.k8s.io*", 404);
        await rig.CreateAsync("""
            { "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web" },
              "spec": { "selector": { "app": "web" }, "ports": [ { "port": 80 } ] } }
            """);
        await rig.UntilAsync<KubernetesObjectOfEndpoints>("web", item => item.Field("subsets")?.GetArrayLength() > 0);

        var bundle = await rig.CollectAsync("Deployment", "web");

        Assert.Contains("usage of pods: the cluster does not serve PodMetrics.metrics.k8s.io", bundle.Gaps);
        var endpoints = bundle.Related.Single(item => item.Kind == "Endpoints");
        Assert.Equal("2", endpoints.Fact("endpoints.ready"));
        Assert.All(bundle.Pods.SelectMany(pod => pod.Containers).SelectMany(c => c.Resources), item => Assert.Null(item.Usage));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ten_thousand_events_of_others_or_of_the_target_do_not_hurt(bool ofTarget)
    {
        var events = Enumerable.Range(0, 10_000).Select(i => Event(
            i, ofTarget ? "web" : $"other-{i.ToString(CultureInfo.InvariantCulture)}"));
        await using var rig = await EvidenceRig.StartAsync(
            [.. events, .. EvidenceRig.Parse(EvidenceObjects.Deployment("web", 2))], []);
        await rig.UntilAsync<Deployment>("web", item => item.Status?.ReadyReplicas == 2);
        rig.Options.Deadline = TimeSpan.FromMinutes(2);
        var watch = Stopwatch.StartNew();

        var bundle = await rig.CollectAsync("Deployment", "web");

        output.WriteLine($"{watch.Elapsed.TotalMilliseconds:0} ms");
        Assert.True(watch.Elapsed < TimeSpan.FromMinutes(1), $"{watch.Elapsed}");
        Assert.InRange(bundle.Events.Count, 3, EvidenceLimits.Events);
        Assert.Contains(bundle.Events, item => item.Reason == "ScalingReplicaSet");
        Assert.True(EvidenceJson.Write(bundle).Length < EvidenceLimits.BundleBytes);
        Assert.Equal(ofTarget, bundle.Gaps.Any(gap => gap.StartsWith("events: ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task In_a_crowd_of_ordinary_events_one_list_brings_the_warnings_of_all_pods()
    {
        const int Pods = 8;
        var noise = Enumerable.Range(0, EvidenceLimits.EventsScanned + 1).Select(i =>
        {
            var item = Event(i, $"other-{i.ToString(CultureInfo.InvariantCulture)}");
            item["type"] = "Normal";
            return item;
        });
        await using var rig = await EvidenceRig.StartAsync(
            [.. noise, .. EvidenceRig.Parse(EvidenceObjects.Deployment("web", Pods, "registry.example/web:missing"))], []);
        var failed = new HashSet<string>(StringComparer.Ordinal);
        await rig.UntilAsync<KubernetesEvent>("", item => item.Reason == "Failed" && failed.Add(item.InvolvedObject.Name!)
            && failed.Count == Pods);
        using var calls = new RecordedCalls(rig.Client.Server);

        var bundle = await rig.CollectAsync("Deployment", "web");

        Assert.InRange(calls.Take().Count(call => call is ("list", "Event")), 3, 4 + EvidenceLimits.EventSubjectsOfCrowd);
        var warned = bundle.Events.Where(item => item is { Kind: "Pod", Type: "Warning" }).Select(item => item.Subject).Distinct();
        Assert.True(warned.Count() > EvidenceLimits.EventSubjectsOfCrowd, string.Join(' ', warned));
        Assert.Contains(bundle.Gaps, gap => gap.Contains("only warnings were read", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Logs_with_control_characters_megabyte_lines_and_secrets_come_out_short_plain_and_clean()
    {
        var log = "\u001b[31mred\u001b[0m \u0000\u0007 binary\n" + new string('x', 3_000_000) + "\nDB_PASSWORD=hunter2\n"
            + "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAx\nq83vASNFZ4mrze8BI0VniavN7wEjRWeJ\n-----END RSA PRIVATE KEY-----\n"
            + "last line";
        await using var rig = await EvidenceRig.StartAsync(
            EvidenceRig.Parse(EvidenceObjects.Deployment("web", 1)),
            [new FaultDescription { Name = "crash", Match = new FaultMatch { Namespace = "shop" }, Crash = new CrashEffect(1, 1, log) }]);
        await rig.UntilAsync<Pod>("", pod => pod.Status?.ContainerStatuses?.Any(status => status.RestartCount > 1) == true);

        var bundle = await rig.CollectAsync("Deployment", "web");

        var previous = bundle.Logs.First(item => item.Previous);
        Assert.Equal("last line", previous.Lines[^1]);
        Assert.All(previous.Lines, line => Assert.True(line.Length <= EvidenceLimits.LogLineLength));
        var text = string.Join('\n', bundle.Logs.SelectMany(item => item.Lines));
        Assert.DoesNotContain("hunter2", text);
        Assert.DoesNotContain("q83vASNFZ4", text);
        Assert.DoesNotContain(text, c => char.IsControl(c) && c != '\n');
        Assert.Equal(Causes.NoChangeFound, Diagnostician.Diagnose(bundle, DetectionPolicy.Judge(bundle)).Leading()!.Cause);
    }

    [Fact]
    public async Task A_megabyte_of_annotations_and_a_huge_spec_stay_out_and_the_bundle_stays_small()
    {
        await using var rig = await RunningAsync();
        var lease = JsonNode.Parse("""
            { "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": { "name": "huge", "annotations": {} }, "spec": {} }
            """)!.AsObject();
        lease["metadata"]!["annotations"]!["note"] = new string('n', 1_000_000);
        for (var i = 0; i < 2_000; i++) lease["spec"]![$"field{i.ToString(CultureInfo.InvariantCulture)}"] = new string('v', 500);
        await rig.CreateAsync(lease);

        var bundle = await rig.CollectAsync("Lease.coordination.k8s.io", "huge");

        Assert.Equal(EvidenceLimits.Facts, bundle.Object!.Facts.Count);
        Assert.True(EvidenceJson.Write(bundle).Length < 64 * 1024);
        Assert.Contains(bundle.Gaps, gap => gap.Contains("values of the target", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_namespace_and_a_target_that_are_going_away_are_read_as_they_are()
    {
        await using var rig = await RunningAsync();
        await rig.CreateAsync("""
            { "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "held", "finalizers": [ "example.com/hold" ] } }
            """);
        await rig.Client.DeleteAsync<ConfigMap>(EvidenceRig.Namespace, "held");
        await rig.Client.DeleteAsync(new ResourceKind("", "Namespace"), null, EvidenceRig.Namespace);

        var held = await rig.CollectAsync("ConfigMap", "held");
        var gone = await rig.CollectAsync("Deployment", "never-there");

        Assert.NotNull(held.Object!.DeletingSince);
        Assert.Equal(["example.com/hold"], held.Object.Finalizers);
        Assert.Equal(DetectionVerdict.Healthy, DetectionPolicy.Judge(held).Verdict);
        Assert.False(gone.Exists);
    }

    private static async Task<EvidenceRig> RunningAsync()
    {
        var rig = await EvidenceRig.StartAsync(EvidenceObjects.Deployment("web", 2));
        await rig.UntilAsync<Deployment>("web", item => item.Status?.ReadyReplicas == 2);
        return rig;
    }

    private static JsonObject Event(int number, string about) => JsonNode.Parse($$"""
        { "apiVersion": "v1", "kind": "Event",
          "metadata": { "name": "event-{{number.ToString(CultureInfo.InvariantCulture)}}", "namespace": "shop" },
          "involvedObject": { "kind": "{{(about == "web" ? "Deployment" : "Pod")}}", "namespace": "shop", "name": "{{about}}" },
          "type": "Warning", "reason": "Noise", "message": "again, number {{number.ToString(CultureInfo.InvariantCulture)}}",
          "lastTimestamp": "2026-01-01T00:00:00Z" }
        """)!.AsObject();

    [KubernetesResource("", "Endpoints")]
    private sealed record KubernetesObjectOfEndpoints : KubernetesObject;
}

using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Caching;
using Heal.Drivers.Kubernetes.Discovery;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Pods;
using Heal.Drivers.Kubernetes.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Drivers.Kubernetes.Tests;

/// <summary>
/// What only a real Kubernetes can show: commands in containers, followed logs, disruption budgets, versions, metrics; and the cache.
/// </summary>
[Trait("Category", "Cluster")]
public sealed class ClusterSessionTests : IAsyncLifetime
{
    private const string Image = "localhost/busybox:1";

    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromMinutes(3));
    private readonly string _ns = $"heal-session-{Guid.NewGuid():N}"[..24];
    private KubernetesClient _client = null!;
    private KubernetesCaches _caches = null!;

    private CancellationToken Soon => _deadline.Token;

    public async Task InitializeAsync()
    {
        var kubeconfig = Environment.GetEnvironmentVariable("HEAL_TEST_KUBECONFIG");
        if (string.IsNullOrEmpty(kubeconfig))
            throw new InvalidOperationException(
                "HEAL_TEST_KUBECONFIG expected the kubeconfig of a real cluster, got nothing. "
                + "Run './test.sh --cluster', or filter out Category=Cluster.");
        _client = Some.Factory().Create(new KubernetesClientOptions { KubeconfigPath = kubeconfig });
        _caches = new KubernetesCaches(_client, new CacheOptions(), TimeProvider.System, NullLogger<KubernetesCaches>.Instance);
        await _client.CreateAsync(new Namespace { Metadata = new ObjectMeta { Name = _ns } });
        var accounts = _caches.Of(new ResourceKind("", "ServiceAccount"), new CacheScope { Namespace = _ns });
        await UntilAsync(accounts, () => accounts.Get(_ns, "default") is not null);
    }

    public async Task DisposeAsync()
    {
        if (_client is not null)
        {
            await _caches.DisposeAsync();
            await _client.DeleteAsync<Namespace>(null, _ns);
            _client.Dispose();
        }

        _deadline.Dispose();
    }

    [Fact]
    public async Task A_command_runs_in_a_container_and_one_that_is_not_there_is_told_apart()
    {
        await RunningAsync("p");
        var result = await _client.ExecAsync(_ns, "p", Exec("sh", "-c", "echo out; echo err >&2; exit 5"));
        Assert.Equal(new ExecResult(5, "out\n", "err\n", false), result);
        var input = "four"u8.ToArray();
        // head ends by itself: servers before 1.30 cannot tell a command that its input has ended.
        Assert.Equal("four", (await _client.ExecAsync(_ns, "p", Exec("head", "-c", "4") with { StandardInput = input })).StandardOutput);
        await Assert.ThrowsAsync<PodExecException>(() => _client.ExecAsync(_ns, "p", Exec("no-such-program")));
        var large = await _client.ExecAsync(_ns, "p", Exec("sh", "-c", "yes | head -c 3000000") with { MaxOutputBytes = 1000 });
        Assert.Equal((1000, true), (large.StandardOutput.Length, large.IsTruncated));
        var hung = await Assert.ThrowsAsync<KubernetesUnreachableException>(
            () => _client.ExecAsync(_ns, "p", Exec("sleep", "30") with { Timeout = TimeSpan.FromSeconds(1) }));
        Assert.Equal(UnreachableCause.TimedOut, hung.Cause);
        var absent = await Assert.ThrowsAsync<KubernetesNotFoundException>(() => _client.ExecAsync(_ns, "absent", Exec("true")));
        Assert.True(absent.IsAboutObject);
    }

    [Fact]
    public async Task A_log_is_followed_to_the_end_of_its_container()
    {
        await _client.CreateAsync(Pod("talks", "for i in 1 2 3; do echo line $i; sleep 1; done", restart: "Never"));
        await ReachesAsync("talks", p => p.Status?.ContainerStatuses is [{ State.Waiting: null }]);
        var lines = new List<string>();
        await foreach (var line in _client.FollowLogAsync(_ns, "talks", cancellationToken: Soon))
            lines.Add(line.Text);
        Assert.Equal(["line 1", "line 2", "line 3"], lines);
    }

    [Fact]
    public async Task An_eviction_asks_the_budget_first()
    {
        await RunningAsync("guarded");
        await _client.CreateAsync(KnownKinds.PodDisruptionBudget, KubernetesObject.FromJson<KubernetesObject>(JsonNode.Parse($$$"""
            {"metadata":{"name":"keep","namespace":"{{{_ns}}}"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"guarded"} } } }
            """)!));
        var budgets = _caches.Of(KnownKinds.PodDisruptionBudget, new CacheScope { Namespace = _ns });
        await UntilAsync(budgets, () => budgets.Get(_ns, "keep")?.Field("status", "currentHealthy") is { } n && n.GetInt32() == 1);
        var refused = await _client.EvictAsync(_ns, "guarded");
        Assert.Equal((EvictionOutcome.Refused, "keep"), (refused.Outcome, refused.Budget));

        await _client.DeleteAsync(KnownKinds.PodDisruptionBudget, _ns, "keep");
        await UntilAsync(budgets, () => budgets.Get(_ns, "keep") is null);
        Assert.Equal(EvictionOutcome.Evicted, (await _client.EvictAsync(_ns, "guarded", new EvictionOptions { DryRun = true })).Outcome);
        var pod = await _client.GetAsync<Pod>(_ns, "guarded");
        Assert.Null(pod.Metadata.DeletionTimestamp);
        var evicted = await _client.EvictAsync(_ns, "guarded", new EvictionOptions { Uid = pod.Metadata.Uid, GracePeriodSeconds = 1 });
        Assert.Equal(EvictionOutcome.Evicted, evicted.Outcome);
        var pods = Pods();
        await UntilAsync(pods, () => pods.Get(_ns, "guarded") is null);
        Assert.Equal(EvictionOutcome.NotFound, (await _client.EvictAsync(_ns, "guarded")).Outcome);
    }

    [Fact]
    public async Task The_server_says_which_versions_it_serves_and_what_we_may()
    {
        var kinds = new ServedKinds(_client, TimeProvider.System);
        foreach (var kind in (ResourceKind[])[
            KnownKinds.PodDisruptionBudget, KnownKinds.HorizontalPodAutoscaler, KnownKinds.CronJob, KnownKinds.EndpointSlice])
            Assert.True((await kinds.FindAsync(kind, null, "watch", null, Soon)).IsUsable, kind.ToString());
        var autoscaler = await kinds.FindAsync(KnownKinds.HorizontalPodAutoscaler, cancellationToken: Soon);
        Assert.StartsWith("autoscaling/v2", autoscaler.Resource!.ApiVersion, StringComparison.Ordinal);
        Assert.True((await kinds.FindAsync(ResourceKind.Of<Pod>(), _ns, "create", "eviction", Soon)).IsUsable);
        Assert.Null((await kinds.FindAsync(new ResourceKind("x.example", "Nothing"), cancellationToken: Soon)).Resource);
    }

    [Fact]
    public async Task A_status_is_written_through_its_subresource()
    {
        await RunningAsync("p");
        var patch = Patch.Strategic(JsonNode.Parse(
            """{"status":{"conditions":[{"type":"example.org/Seen","status":"True","reason":"Test"}]}}""")!);
        var seen = await _client.PatchAsync<Pod>(_ns, "p", patch, new WriteOptions { Subresource = "status" });
        Assert.True(seen.Status!.Condition("example.org/Seen")!.IsTrue);
    }

    [Fact]
    public async Task The_cache_follows_a_rollout_and_metadata_only_shows_no_content()
    {
        var pods = Pods();
        await pods.WaitForSyncAsync(Soon);
        await RunningAsync("p");
        Assert.Equal("p", pods.WithLabel("app", "p").Single().Metadata.Name);
        Assert.Single(pods.OnNode(pods.Get(_ns, "p")!.Spec!.NodeName!), p => p.Metadata.Name == "p");
        Assert.Null(pods.Get(_ns, "p")!.Metadata.ManagedFields);

        await _client.CreateAsync(new ConfigMap
        {
            Metadata = new ObjectMeta { Name = "c", Namespace = _ns }, Data = new Dictionary<string, string> { ["k"] = "v" },
        });
        var maps = _caches.Of<ConfigMap>(new CacheScope { Namespace = _ns, MetadataOnly = true });
        await UntilAsync(maps, () => maps.Get(_ns, "c") is not null);
        Assert.Equal(("ConfigMap", null), (maps.Get(_ns, "c")!.Kind, maps.Get(_ns, "c")!.Data));
    }

    private static ExecOptions Exec(params string[] command) => new() { Command = command, Timeout = TimeSpan.FromSeconds(20) };

    private IObjectCache<Pod> Pods() => _caches.Of<Pod>(new CacheScope { Namespace = _ns });

    private async Task RunningAsync(string name)
    {
        await _client.CreateAsync(Pod(name, "sleep 3600 & wait", restart: "Always"));
        await ReachesAsync(name, p => p.Status?.Condition("Ready")?.IsTrue == true);
    }

    private async Task ReachesAsync(string name, Func<Pod, bool> isReached)
    {
        var pods = Pods();
        await UntilAsync(pods, () => pods.Get(_ns, name) is { } pod && isReached(pod));
    }

    private async Task UntilAsync<T>(IObjectCache<T> cache, Func<bool> condition) where T : KubernetesObject
    {
        await cache.WaitForSyncAsync(Soon);
        using var subscription = cache.Subscribe(new SubscriptionOptions { IncludeExisting = false });
        if (condition())
            return;
        await foreach (var _ in subscription.ReadAllAsync(Soon))
        {
            if (condition())
                return;
        }
    }

    private Pod Pod(string name, string script, string restart) => KubernetesObject.FromJson<Pod>(JsonNode.Parse($$$"""
        {"metadata":{"name":"{{{name}}}","namespace":"{{{_ns}}}","labels":{"app":"{{{name}}}"}},
         "spec":{"restartPolicy":"{{{restart}}}","terminationGracePeriodSeconds":1,"automountServiceAccountToken":false,
           "containers":[{"name":"main","image":"{{{Image}}}","command":["sh","-c",{{{JsonSerializer.Serialize(script)}}}]}]} }
        """)!);
}

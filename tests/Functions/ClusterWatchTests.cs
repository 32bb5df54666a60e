using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Caching;
using Heal.Drivers.Kubernetes.Tests.Support;
using Heal.Functions.Watches;
using Heal.Simulator;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Functions.Tests;

/// <summary>What a cluster is watched for, kind by kind and namespace by namespace, and what one that fails costs the others.</summary>
public sealed class ClusterWatchTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _stop = new(WatchRig.Patience);
    private KubernetesClient? _client;
    private KubernetesCaches? _caches;
    private Task _running = Task.CompletedTask;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        if (_caches is not null)
        {
            await _caches.DisposeAsync();
        }

        _client?.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task Each_kind_of_each_of_six_namespaces_is_watched()
    {
        string[] namespaces = [.. Enumerable.Range(1, 6).Select(static i => $"team-{i}")];
        await using SimulatorServer server = await SimulatorServer.StartAsync(new SimulatorOptions());

        (ClusterWatch watch, IReadOnlySet<string> awaited) = Start(new Uri(server.Url), namespaces);
        var missing = awaited.ToHashSet();
        while (missing.Count > 0)
        {
            Sighting sighting = await NextAsync(watch, static s => s.Synced is not null, () => string.Join(", ", missing));
            missing.Remove(sighting.Synced!);
        }

        Assert.Equal(awaited.Count, _caches!.Statuses.Count(static s => s.State == CacheState.Current));
    }

    [Fact]
    public void As_many_namespaces_as_may_be_named_can_be_watched()
    {
        int watches = WatchedKind.All.Sum(static kind => kind.IsNamespaced ? WatchSettings.MaximumNamespaces : 1);

        Assert.True(watches <= new CacheOptions().MaxCaches, $"{watches} caches, {new CacheOptions().MaxCaches} allowed");
        // Beside the watches there must be room for calls.
        int connections = new KubernetesClientOptions().MaxConnections;
        Assert.True(watches + 100 <= connections, $"{watches} watches, {connections} connections");
    }

    [Fact]
    public async Task A_node_that_does_not_answer_does_not_keep_the_volumes_of_the_others_from_being_measured()
    {
        await using ApiServerDouble server = await ApiServerDouble.StartAsync();
        server.On("GET /api/v1", """
            {"kind":"APIResourceList","groupVersion":"v1","resources":[
              {"name":"nodes","kind":"Node","namespaced":false,"verbs":["get","list","watch"]},
              {"name":"persistentvolumeclaims","kind":"PersistentVolumeClaim","namespaced":true,"verbs":["get","list","watch"]}]}
            """);
        server.On("GET /api/v1/nodes", Answer.Json(List("""{"metadata":{"name":"dead"}}""", """{"metadata":{"name":"live"}}""")),
            Answer.LinesThenHang());
        server.On("GET /api/v1/persistentvolumeclaims", Answer.Json(List("""{"metadata":{"name":"data","namespace":"shop"}}""")),
            Answer.LinesThenHang());
        server.On(Summary("dead"), Answer.Text(503, "error trying to reach service"));
        server.On(Summary("live"), """
            {"pods":[{"volume":[{"time":"2026-01-01T00:00:00Z","usedBytes":95,"capacityBytes":100,
              "pvcRef":{"name":"data","namespace":"shop"} }]}]}
            """);

        (ClusterWatch watch, _) = Start(server.Url, null);
        Sighting measured = await NextAsync(watch, static s => s.Usage is not null, () => "a measurement");

        Assert.Equal(("shop", "data", 95L), (measured.Usage!.Namespace, measured.Usage.Claim, measured.Usage.UsedBytes));
        Assert.True(server.CountOf(Summary("dead")) > 0, "the node that does not answer was not asked");
    }

    private (ClusterWatch Watch, IReadOnlySet<string> Awaited) Start(Uri server, IReadOnlyCollection<string>? namespaces)
    {
        _client = new KubernetesClientFactory(TimeProvider.System, NullLoggerFactory.Instance).Create(
            new KubernetesClientOptions { Server = server, RetryDelay = TimeSpan.FromMilliseconds(1) });
        _caches = new KubernetesCaches(_client, new CacheOptions(), TimeProvider.System, NullLogger<KubernetesCaches>.Instance);
        var settings = new WatchSettings { UsageEvery = TimeSpan.FromMilliseconds(20) };
        var watch = new ClusterWatch(_caches, _client, settings, TimeProvider.System, NullLogger.Instance);
        (IReadOnlySet<string> awaited, _running) = watch.Start(namespaces, _stop.Token);
        return (watch, awaited);
    }

    private async Task<Sighting> NextAsync(ClusterWatch watch, Func<Sighting, bool> isWanted, Func<string> wanted)
    {
        try
        {
            while (true)
            {
                Sighting sighting = await watch.Sightings.ReadAsync(_stop.Token);
                if (isWanted(sighting))
                {
                    return sighting;
                }
            }
        }
        catch (OperationCanceledException late)
        {
            throw new TimeoutException($"Not seen: {wanted()}.", late);
        }
    }

    private static string Summary(string node) => $"GET /api/v1/nodes/{node}/proxy/stats/summary";

    private static string List(params string[] items) =>
        $$"""{"metadata":{"resourceVersion":"10"},"items":[{{string.Join(',', items)}}]}""";
}

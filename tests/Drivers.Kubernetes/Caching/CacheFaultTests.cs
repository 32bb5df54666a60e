using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Caching;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Tests.Support;
using Heal.Simulator;
using Heal.Simulator.Faults;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Drivers.Kubernetes.Tests.Caching;

/// <summary>The cache against a whole API server that is killed, forgets, refuses and stores large things.</summary>
public sealed class CacheFaultTests
{
    [Fact]
    public async Task A_server_that_dies_during_a_watch_and_comes_back_changed_leaves_no_gap()
    {
        var first = await SimulatorServer.StartAsync(new SimulatorOptions { Objects = [Map("stays"), Map("goes")] });
        await using var rig = new CacheRig(new Uri(first.Url));
        var cache = rig.Caches.Of<ConfigMap>();
        await cache.WaitForSyncAsync(rig.Soon);
        Assert.NotNull(cache.Get("shop", "goes"));
        // Beyond every version of the second one, so that it must say that it does not know the place.
        for (var i = 0; i < 20; i++)
            await rig.Client.PatchAsync<ConfigMap>("shop", "goes", Patch.Merge(JsonNode.Parse($$$"""{"data":{"k":"v{{{i}}}"} }""")!));

        await first.DisposeAsync();
        await using var second = await SimulatorServer.StartAsync(
            new SimulatorOptions { Urls = first.Url, Objects = [Map("stays"), Map("comes")] });
        await rig.UntilAsync(cache, () => cache.Get("shop", "comes") is not null && cache.Get("shop", "goes") is null);
        await rig.Client.PatchAsync<ConfigMap>("shop", "stays", Patch.Merge(JsonNode.Parse("""{"data":{"k":"2"}}""")!));
        await rig.UntilAsync(cache, () => cache.Get("shop", "stays")?.Data?.GetValueOrDefault("k") == "2");
        Assert.Equal(CacheState.Current, cache.Status.State);
    }

    [Theory]
    [InlineData("dropWatches")]
    [InlineData("expireWatches")]
    [InlineData("expireWatches", "cutStreams")]
    [InlineData("expireWatches", "refuseStreams")]
    public async Task Whatever_happens_to_its_watches_a_consumer_ends_with_what_the_server_has_and_each_step_fits(params string[] actions)
    {
        await using var server = await SimulatorServer.StartAsync(new SimulatorOptions { HistoryLimit = 40, Objects = [Map("m0")] });
        await using var rig = new CacheRig(new Uri(server.Url));
        var cache = rig.Caches.Of<ConfigMap>(new CacheScope { Namespace = "shop" });
        await cache.WaitForSyncAsync(rig.Soon);
        var told = new Dictionary<string, string?>();
        using var http = new HttpClient { BaseAddress = new Uri(server.Url) };
        var following = FollowAsync();

        var random = new Random(7);
        for (var i = 1; i <= 150; i++)
        {
            var name = $"m{random.Next(8)}";
            if (random.Next(4) == 0)
                await rig.Client.DeleteAsync<ConfigMap>("shop", name);
            else
                await rig.Client.ApplyAsync(ToModel(Map(name, i)), new ApplyOptions { FieldManager = "t", Force = true });
            foreach (var action in i % 25 == 0 ? actions : [])
                await FaultAsync(http, new FaultDescription { Name = $"{action}{i}", Api = new ApiEffect(action, Count: 1) });
        }

        await rig.Client.ApplyAsync(ToModel(Map("last")), new ApplyOptions { FieldManager = "t" });
        await following;
        var truth = await rig.Client.ListAsync<ConfigMap>("shop");
        Assert.Equal(
            truth.Items.Select(m => $"{m.Metadata.Name}@{m.Metadata.ResourceVersion}").Order(StringComparer.Ordinal),
            told.Select(t => $"{t.Key}@{t.Value}").Order(StringComparer.Ordinal));

        async Task FollowAsync()
        {
            await foreach (var change in cache.ChangesAsync(cancellationToken: rig.Soon))
            {
                var name = change.Latest.Metadata.Name!;
                if (change.Type != ObjectChangeType.Deleted)
                    Assert.Equal(told.GetValueOrDefault(name), change.Old?.Metadata.ResourceVersion);
                if (change.New is { } now)
                    Assert.True(told.GetValueOrDefault(name) != now.Metadata.ResourceVersion, $"told twice: {change}");
                else
                    Assert.True(told.ContainsKey(name), $"gone twice: {change}");
                if (change.New is { } present)
                    told[name] = present.Metadata.ResourceVersion;
                else
                    told.Remove(name);
                if (name == "last")
                    return;
            }
        }
    }

    [Fact]
    public async Task A_megabyte_of_annotation_passes_through_a_watch_and_does_not_stay_in_memory()
    {
        await using var server = await SimulatorServer.StartAsync(new SimulatorOptions { Objects = [Map("a")] });
        await using var rig = new CacheRig(new Uri(server.Url));
        var cache = rig.Caches.Of<ConfigMap>();
        await cache.WaitForSyncAsync(rig.Soon);
        var large = new string('x', 250 << 10);
        var annotations = new JsonObject { ["kept"] = "yes", ["large"] = large };
        await rig.Client.PatchAsync<ConfigMap>(
            "shop", "a", Patch.Merge(new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = annotations } }));
        await rig.UntilAsync(cache, () => cache.Get("shop", "a")?.Metadata.Annotation("kept") == "yes");
        Assert.Null(cache.Get("shop", "a")!.Metadata.Annotation("large"));
        Assert.Equal(large.Length, (await rig.Client.GetAsync<ConfigMap>("shop", "a")).Metadata.Annotation("large")!.Length);
    }

    [Fact]
    public async Task An_exception_that_nobody_foresaw_does_not_leave_those_who_share_a_cache_blind()
    {
        await using var server = await SimulatorServer.StartAsync(new SimulatorOptions { Objects = [Map("a")] });
        await using var rig = new CacheRig(new Uri(server.Url));
        var client = new FirstWatchFails(rig.Client, new ObjectDisposedException("HttpClient"));
        var options = new CacheOptions { MaxPause = TimeSpan.FromMilliseconds(20) };
        await using var caches = new KubernetesCaches(client, options, TimeProvider.System, NullLogger<KubernetesCaches>.Instance);
        var cache = caches.Of<ConfigMap>();

        await rig.Client.ApplyAsync(ToModel(Map("later")), new ApplyOptions { FieldManager = "t" });

        await rig.UntilAsync(cache, () => cache.Get("shop", "later") is not null);
        await cache.WaitForSyncAsync(rig.Soon);
        Assert.Equal((CacheState.Current, null), (cache.Status.State, cache.Status.Failure));
    }

    [Fact]
    public async Task While_nothing_changes_nothing_is_asked()
    {
        await using var server = await SimulatorServer.StartAsync(new SimulatorOptions { Objects = [Map("a")] });
        await using var rig = new CacheRig(new Uri(server.Url));
        var cache = rig.Caches.Of<ConfigMap>();
        await cache.WaitForSyncAsync(rig.Soon);
        var asked = 0;
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name == "kubernetes.client.calls")
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            foreach (var tag in tags)
            {
                if (Equals(tag.Value, rig.Client.Server))
                    Interlocked.Increment(ref asked);
            }
        });
        listener.Start();
        await Task.Delay(TimeSpan.FromSeconds(2), rig.Soon);
        // The watch itself may be opened within that time.
        Assert.InRange(asked, 0, 1);
    }

    private static ConfigMap ToModel(JsonObject json) => KubernetesObject.FromJson<ConfigMap>(json);

    private static JsonObject Map(string name, int value = 1) => JsonNode.Parse($$$"""
        {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}","namespace":"shop"},"data":{"k":"{{{value}}}"} }
        """)!.AsObject();

    private static async Task FaultAsync(HttpClient http, FaultDescription fault)
    {
        var api = fault.Api!;
        using var body = new StringContent(
            $$$"""{"name":"{{{fault.Name}}}","api":{"action":"{{{api.Action}}}","count":{{{api.Count}}}} }""",
            Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync("/simulator/faults", body);
        Assert.True(answer.StatusCode is HttpStatusCode.Created or HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }
}

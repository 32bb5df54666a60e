using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities.Tests;

/// <summary>Objects as large as a real API server and its storage take, and larger; a namespace full of events; a store full of
/// holes.</summary>
[Collection(RealShopCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class RealLargeTests(RealShop shop) : RecipeClaims(shop)
{
    /// <summary>What the values of a ConfigMap may be together, in bytes.</summary>
    private const int MostData = 1 << 20;

    /// <summary>What the annotations of an object may be, keys and values together, in bytes.</summary>
    private const int MostAnnotations = 256 << 10;

    [Fact]
    public async Task A_target_whose_annotations_leave_no_room_for_the_actions_own_is_left_alone_and_that_is_why()
    {
        var (item, stall, target) = await ArrangeAsync("cordon_node");
        var node = await stall.GetAsync(Kinds.Node, target.Name, clusterWide: true);
        var used = node.Texts("metadata", "annotations").Sum(pair => pair.Key.Length + pair.Value.Length);
        await stall.PatchAsync(Kinds.Node, target.Name, $$$"""
            {"metadata":{"annotations":{"note":"{{{new string('n', MostAnnotations - used - "note".Length)}}}"} } }
            """, clusterWide: true);

        var result = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("metadata.annotations: Too long: must have at most 262144", result.Detail, StringComparison.Ordinal);
        Assert.Equal(0, await item.Effects(stall));
        await AssertAbandonedAsync(stall);
    }

    [Fact]
    public async Task A_ConfigMap_of_a_megabyte_is_changed_and_changed_back()
    {
        var (item, stall, target) = await ArrangeAsync("patch_config");
        await FillAsync(stall);
        var before = await item.Before!(stall);

        var result = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));
        var effects = await item.Effects(stall);
        var bundle = await CollectorOf(stall).CollectAsync(target);
        var undone = await Action(item, new WatchedClient(Shop.Client)).UndoAsync(Undo(item, stall, target), CancellationToken.None);

        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        Assert.Equal(1, effects);
        Assert.Contains(bundle.Configs, config => config is { Name: "settings", Exists: true });
        Assert.True(EvidenceJson.Write(bundle).Length < 64 << 10);
        Assert.True(undone.IsApplied, $"{undone.Status}: {undone.Detail}");
        Assert.Equal(before, await item.Before(stall));
    }

    [Fact]
    public async Task A_value_that_a_ConfigMap_has_no_room_for_is_refused_in_the_servers_words()
    {
        var (item, stall, target) = await ArrangeAsync("patch_config");
        await FillAsync(stall);
        var longer = item with { With = any => new(item.With(any)) { ["value"] = "normally" } };

        var result = await RunAsync(longer, stall, target, new WatchedClient(Shop.Client));

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("Too long: must have at most 1048576", result.Detail, StringComparison.Ordinal);
        Assert.Equal(0, await item.Effects(stall));
        await AssertAbandonedAsync(stall);
    }

    [Fact]
    public async Task A_custom_object_close_to_what_storage_takes_is_taken_away_and_put_back_whole()
    {
        var (item, stall, target) = await ArrangeAsync("remove_authz_policy");
        await stall.PatchAsync(RemoveAuthorizationPolicy.Policy, "deny", Rules(1_400_000));
        var before = await item.Before!(stall);

        var result = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));
        var undone = await Action(item, new WatchedClient(Shop.Client)).UndoAsync(Undo(item, stall, target), CancellationToken.None);

        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        Assert.True(undone.IsApplied, $"{undone.Status}: {undone.Detail}");
        Assert.True(before.Length > 1_400_000);
        Assert.Equal(before, await item.Before(stall));
    }

    [Theory]
    [InlineData(1_700_000)]
    [InlineData(2_500_000)]
    public async Task An_object_that_storage_does_not_take_is_blamed_itself_and_everything_else_goes_on(int bytes)
    {
        const int Times = 5;
        var stall = await Shop.OpenAsync();
        using var client = Shop.Cluster.Connect(options => options.BreakerMinimumThroughput = 2);
        var policy = KubernetesObject.FromJson<KubernetesObject>(JsonNode.Parse(Rules(bytes))!) with
        {
            Metadata = new ObjectMeta { Name = "large", Namespace = stall.Namespace },
        };

        for (var i = 0; i < Times; i++)
        {
            var refused = await Assert.ThrowsAsync<KubernetesApiException>(() =>
                client.CreateAsync(RemoveAuthorizationPolicy.Policy, policy));

            Assert.Equal((HttpStatusCode.InternalServerError, RefusalKind.TooLarge), (refused.StatusCode, refused.Refusal?.Kind));
            Assert.Equal((true, false), (refused.IsFinal, refused.IsStorageFailure));
            Assert.Contains("larger than the cluster's storage takes", refused.Message, StringComparison.Ordinal);
        }

        Assert.Equal("default", (await client.GetAsync<Namespace>(null, "default")).Metadata.Name);
    }

    [Fact]
    public async Task Of_ten_thousand_events_the_evidence_keeps_what_tells_most_and_stays_small()
    {
        const int Many = 10_000;
        const int AtOnce = 32;
        var (_, stall, target) = await ArrangeAsync("scale_workload");
        using var client = Shop.Cluster.Connect(options =>
        {
            (options.RequestsPerSecond, options.RequestBurst, options.MaxConnections) = (100_000, Many, AtOnce);
        });
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = AtOnce };
        await Parallel.ForEachAsync(Enumerable.Range(0, Many), parallel, async (number, token) =>
            await client.CreateAsync(Event(stall, number), cancellationToken: token));

        var bundle = await CollectorOf(stall).CollectAsync(target);

        Assert.InRange(bundle.Events.Count, 1, EvidenceLimits.Events);
        Assert.Contains(bundle.Events, item => item.Reason == "ScalingReplicaSet");
        Assert.Contains(bundle.Gaps, gap => gap.StartsWith("events: ", StringComparison.Ordinal));
        Assert.True(EvidenceJson.Write(bundle).Length < EvidenceLimits.BundleBytes);
        Assert.Equal(DetectionVerdict.Healthy, DetectionPolicy.Judge(bundle).Verdict);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("before intend")]
    [InlineData("after intend")]
    [InlineData(DoomedAction.AfterWrite)]
    [InlineData("before confirm")]
    public async Task The_store_of_the_API_server_is_made_as_small_as_what_is_in_it_whatever_the_process_dies_at(string? at)
    {
        const int Litter = 30;
        var (item, stall) = (RecipeCases.Named("defrag_etcd"), await Shop.OpenAsync());
        using var etcd = new PrivateEtcd(shop.Plane.Etcd);
        for (var i = 0; i < Litter; i++)
        {
            await stall.CreateInAsync($$"""
                { "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "litter" },
                  "data": { "a": "{{new string('l', MostData)}}" } }
                """);
            await stall.Client.DeleteAsync(Kinds.ConfigMap, stall.Namespace, "litter");
        }

        await etcd.CompactAsync();
        var before = await etcd.SizeAsync();
        var options = new EtcdOptions();
        options.Endpoints.Add(shop.Plane.Etcd);
        using var http = new HttpClient();
        var tools = new ActionTools(
            new WatchedClient(Shop.Client), Shop.Store, new Rig.Allowed(), item.Clock,
            Given: Shop.Ports with { Etcd = new EtcdGateway(http, Options.Create(options)) });
        var request = (item with { With = _ => new() { ["maxInUsePercent"] = "90", ["minMegabytes"] = "20" } })
            .Request(stall, stall.Target(TargetKinds.Cluster, stall.Namespace));
        if (at is not null) await new DoomedAction(Shop.Facts with { Etcd = options }, item.Name, request, at).DieAsync();

        var result = await item.ActionWith(tools).RunAsync(request, CancellationToken.None);
        var again = await item.ActionWith(tools).RunAsync(request, CancellationToken.None);

        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        Assert.Equal(result, again);
        Assert.True(await etcd.SizeAsync() < before - (Litter / 2 * MostData), result.Detail);
        Assert.Equal(stall.Namespace, (await stall.Client.GetAsync<Namespace>(null, stall.Namespace)).Metadata.Name);
        await AssertLedgerAsync(stall);
    }

    // Its values are as large as they may be together.
    private static Task<JsonObject> FillAsync(Stall stall) => stall.PatchAsync(
        Kinds.ConfigMap, "settings", $$$"""{"data":{"other":"{{{new string('o', MostData - "broken".Length)}}}"}}""");

    private static string Rules(int bytes) => $$$"""{"spec":{"rules":[{"note":"{{{new string('r', bytes)}}}"}]}}""";

    private EvidenceCollector CollectorOf(Stall stall) =>
        EvidenceRig.CollectorOf(stall.Client, Shop.Store, new EvidenceOptions { Deadline = TimeSpan.FromMinutes(1) }, TimeProvider.System);

    // Every second one is of the target.
    private static KubernetesEvent Event(Stall stall, int number)
    {
        var about = number % 2 == 0
            ? new ObjectReference { Kind = "Deployment", Name = "web", Namespace = stall.Namespace, ApiVersion = "apps/v1" }
            : new ObjectReference
            {
                Kind = "Pod", Name = $"other-{number.ToString(CultureInfo.InvariantCulture)}", Namespace = stall.Namespace,
                ApiVersion = "v1",
            };
        return new KubernetesEvent
        {
            Metadata = new ObjectMeta { Name = $"noise-{number.ToString(CultureInfo.InvariantCulture)}", Namespace = stall.Namespace },
            InvolvedObject = about, Type = "Warning", Reason = "Noise",
            Message = $"again, number {number.ToString(CultureInfo.InvariantCulture)}", LastTimestamp = DateTimeOffset.UnixEpoch,
        };
    }

    private async Task AssertAbandonedAsync(Stall stall)
    {
        var row = await Shop.Store.FindOperationAsync(Key(stall), CancellationToken.None);
        Assert.Equal((OperationState.Abandoned, ActionStatus.Refused), (row!.State, row.Status!.Value));
    }
}

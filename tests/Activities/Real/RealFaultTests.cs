using System.Net;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>A real API server and a real etcd that fail while an action is under way: honest errors, no effect that nobody accounts for,
/// and afterwards it goes on.</summary>
[Collection(RealShopCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class RealFaultTests(RealShop shop) : RecipeClaims(shop)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task A_watch_loses_nothing_and_tells_nothing_twice_when_the_API_server_is_killed()
    {
        var stall = await Shop.OpenAsync();
        var told = new Dictionary<string, List<WatchEventType>>(StringComparer.Ordinal);
        using var limit = new CancellationTokenSource(Patience);
        var (seen, allTold) = (new TaskCompletionSource(), new TaskCompletionSource());
        var watching = WatchAsync();
        for (var i = 0; i < 6; i++) await WriteAsync(stall, $"m{i}");
        await await Task.WhenAny(seen.Task, watching);

        await shop.Plane.CrashAsync();
        await Assert.ThrowsAsync<KubernetesUnreachableException>(() => WriteAsync(stall, "m9"));
        await shop.Plane.RestartAsync();
        await stall.PatchAsync(Kinds.ConfigMap, "m0", """{"data":{"a":"2"}}""");
        await stall.Client.DeleteAsync(Kinds.ConfigMap, stall.Namespace, "m1");
        await WriteAsync(stall, "m6");
        await WriteAsync(stall, "last");
        await await Task.WhenAny(allTold.Task, watching);

        Assert.Equal([WatchEventType.Added, WatchEventType.Modified], told["m0"]);
        Assert.Equal([WatchEventType.Added, WatchEventType.Deleted], told["m1"]);
        Assert.All(["m2", "m3", "m4", "m5", "m6", "last"], name => Assert.Equal([WatchEventType.Added], told[name]));
        Assert.DoesNotContain("m9", told.Keys);
        await limit.CancelAsync();

        async Task WatchAsync()
        {
            try
            {
                await foreach (var change in stall.Client.WatchAsync<ConfigMap>(stall.Namespace, null, limit.Token))
                {
                    var name = change.Object.Metadata.Name!;
                    if (!told.TryGetValue(name, out var events)) told[name] = events = [];
                    events.Add(change.Type);
                    if (name == "m5") seen.TrySetResult();
                    if (name == "last") allTold.TrySetResult();
                }
            }
            catch (OperationCanceledException) when (allTold.Task.IsCompleted)
            {
                // As asked.
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_action_during_which_the_API_server_is_killed_has_one_effect_in_the_end(bool beforeTheWrite)
    {
        var (item, stall, target) = await ArrangeAsync("quarantine_pod");
        using var impatient = Impatient();
        Task CrashOnce(int number) => number == 1 ? shop.Plane.CrashAsync() : Task.CompletedTask;
        var dying = beforeTheWrite ? new WatchedClient(impatient, before: CrashOnce) : new WatchedClient(impatient, after: CrashOnce);

        var failed = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => RunAsync(item, stall, target, dying));
        var meanwhile = await Shop.Store.FindOperationAsync(Key(stall), CancellationToken.None);
        await shop.Plane.RestartAsync();
        var result = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));

        // What was on its way when the connection broke may have been carried out, and is not said to have failed.
        Assert.True(failed.Cause is UnreachableCause.ConnectFailed or UnreachableCause.Disconnected, failed.Message);
        Assert.Equal(OperationState.Intended, meanwhile!.State);
        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        Assert.Equal(1, await item.Effects(stall));
        await AssertLedgerAsync(stall);
    }

    [Fact]
    public async Task Storage_that_is_full_can_be_read_only_and_when_there_is_room_again_the_action_goes_on()
    {
        var (item, stall, target) = await ArrangeAsync("cordon_node");
        using var etcd = new PrivateEtcd(shop.Plane.Etcd);
        try
        {
            await etcd.FillAsync();
            var refused = await Assert.ThrowsAsync<KubernetesApiException>(() =>
                RunAsync(item, stall, target, new WatchedClient(Shop.Client)));

            Assert.True(refused.IsStorageFailure, refused.Message);
            Assert.Contains("database space exceeded", refused.Message, StringComparison.Ordinal);
            Assert.Contains("storage (etcd) has failed, not this call: look there.", refused.Message, StringComparison.Ordinal);
            Assert.Equal(0, await item.Effects(stall));
            Assert.Equal(OperationState.Intended, (await Shop.Store.FindOperationAsync(Key(stall), CancellationToken.None))!.State);

            await etcd.MakeRoomAsync();
            var result = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));
            Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
            Assert.Equal(1, await item.Effects(stall));
            await AssertLedgerAsync(stall);
        }
        finally
        {
            await etcd.MakeRoomAsync();
        }
    }

    [Fact]
    public async Task A_write_that_storage_without_a_quorum_swallowed_is_found_afterwards_and_not_repeated()
    {
        var (item, stall, target) = await ArrangeAsync("quarantine_pod");
        using var impatient = Impatient();
        var frozen = new WatchedClient(impatient, number => number == 1 ? shop.Plane.FreezeAsync() : Task.CompletedTask);

        Exception failed;
        try
        {
            failed = await Assert.ThrowsAnyAsync<Exception>(() => RunAsync(item, stall, target, frozen));
        }
        finally
        {
            await shop.Plane.ThawAsync();
        }

        Assert.True(
            failed is KubernetesUnreachableException { NotSent: false } or KubernetesApiException { StatusCode: >= (HttpStatusCode)500 },
            failed.ToString());
        Assert.Equal(OperationState.Intended, (await Shop.Store.FindOperationAsync(Key(stall), CancellationToken.None))!.State);
        await AnsweringAsync(stall);
        var result = await RunAsync(item, stall, target, new WatchedClient(Shop.Client));
        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        Assert.Equal(1, await item.Effects(stall));
        await AssertLedgerAsync(stall);
    }

    [Fact]
    public async Task A_target_that_is_deleted_while_it_is_acted_on_is_gone_and_the_ledger_says_so()
    {
        var (item, stall, target) = await ArrangeAsync("cordon_node");
        var racing = new WatchedClient(Shop.Client, number =>
            number == 1 ? stall.Client.DeleteAsync(Kinds.Node, null, target.Name) : Task.CompletedTask);

        var result = await RunAsync(item, stall, target, racing);

        Assert.Equal(ActionStatus.TargetGone, result.Status);
        await AssertAbandonedAsync(stall, ActionStatus.TargetGone);
    }

    [Fact]
    public async Task In_a_namespace_that_is_being_deleted_nothing_is_made_and_that_is_why()
    {
        var (item, stall, target) = await ArrangeAsync("rerun_job");
        // Something that keeps the namespace from going before anybody has looked.
        await stall.CreateInAsync(
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"last","finalizers":["test.internal/look"]}}""");
        var racing = new WatchedClient(Shop.Client, number =>
            number == 1 ? stall.Client.DeleteAsync<Namespace>(null, stall.Namespace) : Task.CompletedTask);

        var result = await RunAsync(item, stall, target, racing);

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("because it is being terminated", result.Detail, StringComparison.Ordinal);
        Assert.Equal(1, racing.Writes);
        await AssertAbandonedAsync(stall, ActionStatus.Refused);
        await stall.PatchAsync(Kinds.ConfigMap, "last", """{"metadata":{"finalizers":null}}""");
    }

    [Fact]
    public async Task A_field_that_somebody_else_applies_is_a_conflict_that_names_him()
    {
        var stall = await Shop.OpenAsync();
        KubernetesObject Settings(string value) => KubernetesObject.FromJson<KubernetesObject>(JsonNode.Parse(
            $$"""{ "metadata": { "name": "settings", "namespace": "{{stall.Namespace}}" }, "data": { "mode": "{{value}}" } }""")!);
        await stall.Client.ApplyAsync(Kinds.ConfigMap, Settings("theirs"), new ApplyOptions { FieldManager = "their-tool" });

        var conflict = await Assert.ThrowsAsync<KubernetesConflictException>(() =>
            stall.Client.ApplyAsync(Kinds.ConfigMap, Settings("ours"), new ApplyOptions { FieldManager = "heal" }));

        Assert.Equal([new FieldConflict("their-tool", ".data.mode")], conflict.Conflicts);
        Assert.Equal("theirs", (await stall.GetAsync(Kinds.ConfigMap, "settings")).Text("data", "mode"));
    }

    private static Task<JsonObject> WriteAsync(Stall stall, string name) => stall.CreateInAsync(
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}"},"data":{"a":"1"}}""");

    /// <summary>A client that gives up soon.</summary>
    private KubernetesClient Impatient() => Shop.Cluster.Connect(options =>
        (options.MaxAttempts, options.AttemptTimeout, options.TotalTimeout) = (2, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(10)));

    /// <summary>Waits until the API server has taken up its storage again.</summary>
    private static async Task AnsweringAsync(Stall stall)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                await stall.Client.ListAsync<ConfigMap>(stall.Namespace, null, limit.Token);
                return;
            }
            catch (Exception passing) when (passing is KubernetesUnreachableException or KubernetesApiException)
            {
                limit.Token.ThrowIfCancellationRequested();
            }
        }
    }

    private async Task AssertAbandonedAsync(Stall stall, ActionStatus status)
    {
        var row = await Shop.Store.FindOperationAsync(Key(stall), CancellationToken.None);
        Assert.Equal((OperationState.Abandoned, status), (row!.State, row.Status!.Value));
    }
}

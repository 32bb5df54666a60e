using System.Diagnostics.Metrics;
using System.Net;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities.Tests;

/// <summary>A real API server that answers 429 with Retry-After for as long as a test wants it to.</summary>
[Collection(RealShopCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class RealStormTests(RealShop shop) : RecipeClaims(shop)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_watch_goes_on_and_one_that_begins_in_the_storm_is_told_everything_after_it()
    {
        var stall = await Shop.OpenAsync();
        await using var storm = await Storm.GatherAsync(shop, stall);
        using var client = storm.Connect();
        using var limit = new CancellationTokenSource(Patience);
        await stall.CreateInAsync("""{"apiVersion":"v1","kind":"Secret","metadata":{"name":"before"}}""");
        var (connected, refused) = (new TaskCompletionSource(), new TaskCompletionSource<string>());
        await using var old = Watch(client, stall, _ => connected.TrySetResult(), limit.Token);
        Assert.Equal("before", await NextAsync(old));
        var next = NextAsync(old);
        await connected.Task.WaitAsync(limit.Token);

        await storm.BreakAsync();
        await stall.CreateInAsync("""{"apiVersion":"v1","kind":"Secret","metadata":{"name":"within"}}""");
        Assert.Equal("within", await next);
        await using var young = Watch(client, stall, why => { if (why is not null) refused.TrySetResult(why); }, limit.Token);
        var first = NextAsync(young);
        var why = await refused.Task.WaitAsync(limit.Token);
        Assert.False(first.IsCompleted);
        await storm.PassAsync();
        string[] told = [await first, await NextAsync(young)];
        await stall.CreateInAsync("""{"apiVersion":"v1","kind":"Secret","metadata":{"name":"after"}}""");

        Assert.Contains("429", why, StringComparison.Ordinal);
        Assert.Equal(["before", "within"], told);
        Assert.Equal("after", await NextAsync(young));
        Assert.Equal("after", await NextAsync(old));
    }

    [Fact]
    public async Task Many_calls_cost_the_server_one_try_each_and_what_the_budget_of_retries_allows()
    {
        const int Calls = 40;
        const int Saved = 5;
        const double PerCall = 0.1;
        var stall = await Shop.OpenAsync();
        await using var storm = await Storm.GatherAsync(shop, stall);
        using var client = storm.Connect(options =>
        {
            (options.RetryBudget, options.RetriesPerCall, options.RequestsPerSecond) = (Saved, PerCall, 1000);
            // Not what is looked at: an open breaker would send nothing at all.
            options.BreakerMinimumThroughput = int.MaxValue;
        });
        await client.DiscoverAsync(new ResourceKind("", "Namespace"));
        await storm.BreakAsync();
        var before = await storm.RefusedAsync();

        var failures = await Task.WhenAll(Enumerable.Range(0, Calls).Select(_ =>
            Assert.ThrowsAsync<KubernetesApiException>(() => client.GetAsync<Namespace>(null, "default"))));
        var refused = await storm.RefusedAsync() - before;
        await storm.PassAsync();

        Assert.All(failures, failure => Assert.Equal(
            (HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(1)), (failure.StatusCode, failure.RetryAfter)));
        Assert.InRange(refused, Calls + 1, Calls + Saved + (int)(Calls * PerCall));
        Assert.Equal("default", (await client.GetAsync<Namespace>(null, "default")).Metadata.Name);
    }

    [Fact]
    public async Task An_action_that_a_passing_storm_refuses_tries_again_and_has_one_effect()
    {
        var (item, stall, target) = await ArrangeAsync("scale_workload");
        await using var storm = await Storm.GatherAsync(shop, stall);
        using var client = storm.Connect();
        var retried = new TaskCompletionSource();
        using var retries = Retries("patch", () => retried.TrySetResult());
        var over = Task.CompletedTask;
        var watched = new WatchedClient(client, async number =>
        {
            if (number != 1) return;
            await storm.BreakAsync();
            over = PassAfterAsync(retried.Task);
        });

        var result = await RunAsync(item, stall, target, watched);
        await over;

        Assert.True(retried.Task.IsCompleted);
        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        Assert.Equal((1, 1), (watched.Writes, await item.Effects(stall)));
        await AssertLedgerAsync(stall);

        async Task PassAfterAsync(Task signal)
        {
            await signal.WaitAsync(Patience);
            await storm.PassAsync();
        }
    }

    [Fact]
    public async Task An_action_in_a_storm_that_stays_says_so_and_goes_on_after_it()
    {
        var (item, stall, target) = await ArrangeAsync("scale_workload");
        await using var storm = await Storm.GatherAsync(shop, stall);
        using var client = storm.Connect();
        var watched = new WatchedClient(client, number => number == 1 ? storm.BreakAsync() : Task.CompletedTask);

        var failed = await Assert.ThrowsAsync<KubernetesApiException>(() => RunAsync(item, stall, target, watched));
        var meanwhile = await Shop.Store.FindOperationAsync(Key(stall), CancellationToken.None);
        var untouched = await item.Effects(stall);
        await storm.PassAsync();
        var result = await RunAsync(item, stall, target, new WatchedClient(client));

        Assert.Equal(HttpStatusCode.TooManyRequests, failed.StatusCode);
        Assert.Contains("429", failed.Message, StringComparison.Ordinal);
        Assert.Contains("Too many requests, please try again later.", failed.Message, StringComparison.Ordinal);
        Assert.Equal((OperationState.Intended, 0), (meanwhile!.State, untouched));
        Assert.True(result.IsApplied, $"{result.Status}: {result.Detail}");
        Assert.Equal(1, await item.Effects(stall));
        await AssertLedgerAsync(stall);
    }

    private static IAsyncEnumerator<WatchEvent<KubernetesObject>> Watch(
        KubernetesClient client, Stall stall, Action<string?>? onConnection, CancellationToken cancellationToken) =>
        client.WatchAsync<KubernetesObject>(
            Kinds.Secret, stall.Namespace,
            // The namespace's own account has a token there.
            new WatchOptions { OnConnection = onConnection, FieldSelector = "type=Opaque" }, cancellationToken)
            .GetAsyncEnumerator(cancellationToken);

    private static async Task<string> NextAsync(IAsyncEnumerator<WatchEvent<KubernetesObject>> watch)
    {
        Assert.True(await watch.MoveNextAsync());
        Assert.Equal(WatchEventType.Added, watch.Current.Type);
        return watch.Current.Object.Metadata.Name!;
    }

    private static MeterListener Retries(string verb, Action seen)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument is { Meter.Name: "Heal.Drivers.Kubernetes", Name: "kubernetes.client.retries" })
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            foreach (var tag in tags)
            {
                if (tag.Key == "verb" && tag.Value as string == verb) seen();
            }
        });
        listener.Start();
        return listener;
    }
}

using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities.Tests;

/// <summary>A healer's clock that is wrong, and certificates of a real API server that are not in force.</summary>
[Collection(RealShopCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class RealClockTests(RealShop shop)
{
    private readonly Authority _authority = new(shop.Plane);

    [Theory]
    [InlineData(40, "expired at ")]
    [InlineData(-2, "is valid from ")]
    public async Task A_healer_whose_clock_is_days_off_says_so_and_goes_on_once_it_is_put_right(int days, string words)
    {
        var (before, after) = await new WrongClock(shop.Cluster).LookAsync(TimeSpan.FromDays(days));

        Assert.Contains($"the server's certificate 'CN=kube-apiserver' {words}", before, StringComparison.Ordinal);
        Assert.Contains("and this machine's clock says ", before, StringComparison.Ordinal);
        Assert.Equal("default is there", after);
    }

    [Fact]
    public async Task A_token_that_is_in_force_by_the_healers_clock_only_is_refused_with_what_both_clocks_say()
    {
        var stall = await shop.OpenAsync();
        var account = await stall.GetAsync(new("", "ServiceAccount"), "default");
        var from = DateTimeOffset.UtcNow.AddMinutes(30);
        var token = _authority.Token(stall.Namespace, "default", account.Uid(), from, from.AddHours(1));

        var healer = new WrongClock(_authority.As(new JsonObject { ["token"] = token }));
        var (before, after) = await healer.LookAsync(TimeSpan.FromHours(1));

        Assert.Contains("401", before, StringComparison.Ordinal);
        Assert.Contains($"Sent: a bearer token of 'system:serviceaccount:{stall.Namespace}:default'", before, StringComparison.Ordinal);
        Assert.Contains("The server's clock says ", before, StringComparison.Ordinal);
        Assert.Contains("set the one right that is wrong.", before, StringComparison.Ordinal);
        Assert.Contains($"bearer token is valid from {from:yyyy-MM-dd HH:mm}", after, StringComparison.Ordinal);
        Assert.DoesNotContain("The server's clock says", after, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_whose_certificate_has_ended_is_named_and_watched_on_once_it_is_renewed()
    {
        var since = _authority.Since;
        await _authority.WriteServerAsync("another", since, since.AddSeconds(1));
        var server = await shop.Plane.AnotherAsync("another");
        try
        {
            var user = Authority.UserOf(_authority.Client("CN=healer, O=system:masters", since, DateTimeOffset.UtcNow.AddHours(1)));
            using var client = _authority.As(user, server).Connect(options => options.MaxAttempts = 1);
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
            var failed = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => client.GetAsync<Namespace>(null, "default"));
            var lost = new TaskCompletionSource<string>();
            var options = new WatchOptions
            {
                FieldSelector = "metadata.name=default", OnConnection = why => { if (why is not null) lost.TrySetResult(why); },
            };
            await using var watch = client.WatchAsync<Namespace>(null, options, limit.Token).GetAsyncEnumerator(limit.Token);
            var next = watch.MoveNextAsync().AsTask();
            var why = await lost.Task.WaitAsync(limit.Token);

            await _authority.WriteServerAsync("another", since, DateTimeOffset.UtcNow.AddHours(1));
            await shop.Plane.AnotherAsync("another");

            Assert.Equal((UnreachableCause.ConnectFailed, true), (failed.Cause, failed.NotSent));
            Assert.All([failed.Message, why], words =>
                Assert.Contains($"the server's certificate 'CN=another' expired at {since.AddSeconds(1):yyyy-MM-dd HH:mm:ss}", words));
            Assert.True(await next);
            Assert.Equal("default", watch.Current.Object.Metadata.Name);
        }
        finally
        {
            await shop.Plane.EndAnotherAsync();
        }
    }
}

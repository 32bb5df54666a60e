using Heal.Drivers.Kubernetes.Caching;
using Heal.Drivers.Kubernetes.Discovery;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Pods;
using Heal.Drivers.Kubernetes.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.Drivers.Kubernetes.Tests;

public sealed class ClustersTests
{
    private const string GetPod = "GET /api/v1/namespaces/shop/pods/a";

    [Fact]
    public async Task A_cluster_that_is_down_harms_no_other()
    {
        await using var well = await ApiServerDouble.StartAsync();
        await using var down = await ApiServerDouble.StartAsync();
        well.On(GetPod, Some.Pod("a"));
        down.On(GetPod, Answer.Text(500, "broken"));
        await using var services = new ServiceCollection().AddLogging()
            .AddKubernetesCluster("well", o => o.Server = well.Url)
            .AddKubernetesCluster("down", o => (o.Server, o.BreakerMinimumThroughput, o.MaxAttempts) = (down.Url, 2, 1))
            .BuildServiceProvider();
        var clusters = services.GetRequiredService<KubernetesClusters>();
        Assert.Equal(["well", "down"], clusters.Names);
        for (var i = 0; i < 5; i++)
            await Assert.ThrowsAnyAsync<Exception>(() => clusters.Get("down").Client.GetAsync<Pod>("shop", "a"));
        var failure = await Assert.ThrowsAsync<KubernetesUnreachableException>(
            () => clusters.Get("down").Client.GetAsync<Pod>("shop", "a"));
        Assert.Equal(UnreachableCause.BreakerOpen, failure.Cause);
        Assert.Equal("a", (await clusters.Get("well").Client.GetAsync<Pod>("shop", "a")).Metadata.Name);
        Assert.Same(clusters.Get("well"), clusters.Get("well"));
    }

    [Fact]
    public async Task An_unknown_name_comes_with_the_known_ones()
    {
        await using var services = new ServiceCollection().AddLogging()
            .AddKubernetesCluster("north", o => o.Server = new Uri("http://127.0.0.1:1")).BuildServiceProvider();
        var unknown = Assert.Throws<ArgumentException>(() => services.GetRequiredService<KubernetesClusters>().Get("south"));
        Assert.Contains("Known: 'north'", unknown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_client_comes_with_its_caches_sessions_and_kinds()
    {
        await using var server = await ApiServerDouble.StartAsync();
        server.On("GET /api/v1/pods", Answer.Json(Some.PodList("10", Some.Pod("a"))), Answer.LinesThenHang());
        await using var services = new ServiceCollection().AddLogging()
            .AddKubernetesClient(o => o.Server = server.Url).BuildServiceProvider();
        var cache = services.GetRequiredService<KubernetesCaches>().Of<Pod>();
        await cache.WaitForSyncAsync(new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token);
        Assert.NotNull(cache.Get("shop", "a"));
        Assert.Same(services.GetRequiredService<IKubernetesClient>(), services.GetRequiredService<IPodSessions>());
        Assert.True((await services.GetRequiredService<ServedKinds>().FindAsync(ResourceKind.Of<Pod>())).IsUsable);
    }
}

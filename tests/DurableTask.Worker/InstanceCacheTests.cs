using DurableTask.Core.History;
using Microsoft.DurableTask.Worker.Dispatch;
using Microsoft.DurableTask.Worker.Orchestrations;
using Moq;

namespace Heal.DurableTask.Worker.Tests;

public sealed class InstanceCacheTests
{
    [Fact]
    public void Taking_an_instance_removes_it()
    {
        using var cache = new InstanceCache(10, 10);
        var instance = Instance("a");
        cache.Put(instance);

        Assert.Same(instance, cache.Take("a"));
        Assert.Null(cache.Take("a"));
    }

    [Fact]
    public void The_least_recently_used_instance_goes_first()
    {
        using var cache = new InstanceCache(2, 10);
        cache.Put(Instance("a"));
        cache.Put(Instance("b"));
        cache.Put(cache.Take("a")!);
        cache.Put(Instance("c"));

        Assert.Null(cache.Take("b"));
        Assert.NotNull(cache.Take("a"));
        Assert.NotNull(cache.Take("c"));
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(10, 1)]
    public void What_is_beyond_a_limit_is_not_kept(int maximumInstances, int maximumHistory)
    {
        using var cache = new InstanceCache(maximumInstances, maximumHistory);
        cache.Put(Instance("a", history: 2));

        Assert.Null(cache.Take("a"));
    }

    [Fact]
    public void A_history_of_exactly_the_limit_is_kept()
    {
        using var cache = new InstanceCache(10, 2);
        cache.Put(Instance("a", history: 2));

        Assert.NotNull(cache.Take("a"));
    }

    [Fact]
    public void A_newer_copy_replaces_the_older()
    {
        using var cache = new InstanceCache(10, 10);
        var newer = Instance("a");
        cache.Put(Instance("a"));
        cache.Put(newer);

        Assert.Same(newer, cache.Take("a"));
        Assert.Null(cache.Take("a"));
    }

    [Fact]
    public void An_evicted_instance_gives_its_session_back()
    {
        var scope = new Mock<IDisposable>();
        using var cache = new InstanceCache(1, 10);
        cache.Put(Instance("a", scope.Object));
        cache.Put(Instance("b"));

        scope.Verify(disposed => disposed.Dispose(), Times.Once);
    }

    [Fact]
    public void A_closed_cache_gives_all_sessions_back()
    {
        var scope = new Mock<IDisposable>();
        var cache = new InstanceCache(10, 10);
        cache.Put(Instance("a", scope.Object));
        cache.Put(Instance("b", scope.Object));

        cache.Dispose();

        scope.Verify(disposed => disposed.Dispose(), Times.Exactly(2));
    }

    private static CachedInstance Instance(string id, int history) =>
        new(id, "e1", [.. Enumerable.Repeat(new OrchestratorStartedEvent(-1), history)]);

    private static CachedInstance Instance(string id, IDisposable? scope = null) => new(id, "e1", [])
    {
        Session = new OrchestrationSession(Some.Services, _ => throw new NotSupportedException(), null, scope),
    };
}

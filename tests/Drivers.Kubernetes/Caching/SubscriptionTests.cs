using Heal.Drivers.Kubernetes.Caching;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Tests.Support;

namespace Heal.Drivers.Kubernetes.Tests.Caching;

/// <summary>What a slow consumer gets.</summary>
public sealed class SubscriptionTests
{
    private static readonly SubscriptionOptions Narrow = new() { CoalesceAbove = 2, MaxWaiting = 4 };

    [Fact]
    public async Task Below_the_limit_each_change_comes_by_itself()
    {
        using var queue = Queue(new SubscriptionOptions());
        Post(queue, "+a1", "~a2", "~a3", "-a3");
        Assert.Equal("Added a@>1, Modified a@1>2, Modified a@2>3, Deleted a@3>", await ReadAsync(queue));
        Assert.Equal(0, queue.Merged);
    }

    [Fact]
    public async Task Above_the_limit_changes_of_one_object_are_one_step_to_its_last_state()
    {
        using var queue = Queue(Narrow);
        Post(queue, "~a2", "~b2", "~a3", "~a4", "-b2");
        Assert.Equal("Modified a@1>4, Deleted b@2>", await ReadAsync(queue));
        Assert.Equal(3, queue.Merged);
    }

    [Fact]
    public async Task An_object_that_came_and_went_while_the_consumer_slept_is_not_told()
    {
        using var queue = Queue(Narrow);
        Post(queue, "~b2", "+a1", "~a2", "-a2", "~b3");
        Assert.Equal("Modified b@1>2, Modified b@2>3", await ReadAsync(queue));
    }

    [Fact]
    public async Task An_object_and_its_namesake_stay_two()
    {
        using var queue = Queue(Narrow);
        Post(queue, "~b2", "-a1", "+a5", "~a6");
        Assert.Equal("Modified b@1>2, Deleted a@1>, Added a@>6", await ReadAsync(queue));
    }

    [Fact]
    public async Task A_consumer_that_stands_still_is_ended_and_told_why()
    {
        using var queue = Queue(Narrow);
        Post(queue, "+a1", "+b1", "+c1", "+d1", "+e1");
        var ended = await Assert.ThrowsAsync<SlowConsumerException>(() => ReadAsync(queue));
        Assert.Equal(4, ended.Limit);
        Assert.Contains("Subscribe again", ended.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_read_once()
    {
        using var queue = Queue(Narrow);
        queue.Complete();
        await ReadAsync(queue);
        await Assert.ThrowsAsync<InvalidOperationException>(() => ReadAsync(queue));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task However_slow_a_consumer_is_its_steps_fit_together_and_end_at_the_truth(int seed)
    {
        var random = new Random(seed);
        var truth = new Dictionary<string, Pod>();
        var told = new Dictionary<string, Pod>();
        using var queue = Queue(new SubscriptionOptions { CoalesceAbove = 5, MaxWaiting = 1000 });
        await using var reader = queue.ReadAllAsync().GetAsyncEnumerator();
        var version = 0;
        for (var i = 0; i < 3000; i++)
        {
            var name = $"p{random.Next(12)}";
            var old = truth.GetValueOrDefault(name);
            version++;
            if (old is not null && random.Next(3) == 0)
            {
                truth.Remove(name);
                queue.Post(new ObjectKey("shop", name), new ObjectChange<Pod>(ObjectChangeType.Deleted, old, null, false, 0));
            }
            else
            {
                var uid = old?.Metadata.Uid ?? $"u{version}";
                var now = truth[name] = Pod(name, version, uid);
                var type = old is null ? ObjectChangeType.Added : ObjectChangeType.Modified;
                queue.Post(new ObjectKey("shop", name), new ObjectChange<Pod>(type, old, now, false, 0));
            }

            for (var reads = random.Next(3) == 0 ? random.Next(6) : 0; reads > 0 && queue.Waiting > 0; reads--)
                await StepAsync();
        }

        while (queue.Waiting > 0)
            await StepAsync();
        Assert.Equal(
            truth.Values.Select(Describe).Order(StringComparer.Ordinal), told.Values.Select(Describe).Order(StringComparer.Ordinal));
        Assert.True(queue.Merged > 100);

        async Task StepAsync()
        {
            Assert.True(await reader.MoveNextAsync());
            var change = reader.Current;
            var name = change.Latest.Metadata.Name!;
            var before = told.GetValueOrDefault(name);
            // A deletion carries the last state, which a slow consumer need not have been told; all else continues what it was told.
            if (change.Type == ObjectChangeType.Deleted)
                Assert.Equal(before?.Metadata.Uid, change.Old?.Metadata.Uid);
            else
                Assert.Same(before, change.Old);
            if (change.New is { } now)
                told[name] = now;
            else
                told.Remove(name);
        }
    }

    private static string Describe(Pod pod) => $"{pod.Metadata.Name}@{pod.Metadata.ResourceVersion}";

    private static Pod Pod(string name, int version, string? uid = null) => new()
    {
        Metadata = new ObjectMeta
        {
            Name = name,
            Namespace = "shop",
            Uid = uid ?? name,
            ResourceVersion = version.ToString(System.Globalization.CultureInfo.InvariantCulture),
        },
    };

    private static CacheSubscription<Pod> Queue(SubscriptionOptions options) => new("Pod", options, [], _ => { });

    /// <summary>"+a1" added in version 1, "~a2" modified to 2 from the one before, "-a2" deleted in its last state.</summary>
    private static void Post(CacheSubscription<Pod> queue, params string[] changes)
    {
        foreach (var change in changes)
        {
            var name = change[1..2];
            var version = int.Parse(change[2..], System.Globalization.CultureInfo.InvariantCulture);
            queue.Post(new ObjectKey("shop", name), change[0] switch
            {
                '+' => new ObjectChange<Pod>(ObjectChangeType.Added, null, Pod(name, version), false, 0),
                '~' => new ObjectChange<Pod>(ObjectChangeType.Modified, Pod(name, version - 1), Pod(name, version), false, 0),
                _ => new ObjectChange<Pod>(ObjectChangeType.Deleted, Pod(name, version), null, false, 0),
            });
        }

        queue.Complete();
    }

    private static async Task<string> ReadAsync(CacheSubscription<Pod> queue)
    {
        var told = new List<string>();
        await foreach (var change in queue.ReadAllAsync())
            told.Add(CacheRig.Text(change));
        return string.Join(", ", told);
    }
}

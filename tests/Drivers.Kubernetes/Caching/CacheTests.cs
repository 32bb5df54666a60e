using Heal.Drivers.Kubernetes.Caching;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Tests.Support;

namespace Heal.Drivers.Kubernetes.Tests.Caching;

public sealed class CacheTests : IAsyncLifetime
{
    private const string Pods = "GET /api/v1/pods";

    private ApiServerDouble _server = null!;

    public async Task InitializeAsync() => _server = await ApiServerDouble.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Many_consumers_share_one_list_and_one_watch()
    {
        _server.On(Pods, Answer.Json(Some.PodList("10", Some.Pod("a"))), Answer.LinesThenHang(Modified("a", "11")));
        await using var rig = new CacheRig(_server.Url);
        var told = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => rig.TakeAsync(rig.Caches.Of<Pod>(), 1)));
        Assert.All(told, t => Assert.Contains("Added a@", t, StringComparison.Ordinal));
        await rig.UntilAsync(rig.Caches.Of<Pod>(), () => rig.Caches.Of<Pod>().Get("shop", "a")?.Metadata.ResourceVersion == "11");
        Assert.Equal(2, _server.CountOf(Pods));
    }

    [Fact]
    public async Task A_consumer_is_told_what_is_there_and_then_each_change_with_before_and_after()
    {
        _server.On(Pods,
            Answer.Json(Some.PodList("10", Some.Pod("a", "1"))),
            Answer.LinesThenHang(Added("b", "11"), Modified("a", "12"), Deleted("b", "13")));
        await using var rig = new CacheRig(_server.Url);
        Assert.Equal(
            "initial Added a@>1, Added b@>11, Modified a@1>12, Deleted b@13>", await rig.TakeAsync(rig.Caches.Of<Pod>(), 4));
    }

    [Fact]
    public async Task A_consumer_that_comes_later_is_told_the_present_state_only()
    {
        _server.On(Pods, Answer.Json(Some.PodList("10", Some.Pod("a", "1"))), Answer.LinesThenHang(Added("b", "11"), Modified("a", "12")));
        await using var rig = new CacheRig(_server.Url);
        var cache = rig.Caches.Of<Pod>();
        await rig.UntilAsync(cache, () => cache.Get("shop", "a")?.Metadata.ResourceVersion == "12");
        var told = (await rig.TakeAsync(cache, 2)).Split(", ").Order(StringComparer.Ordinal);
        Assert.Equal(["initial Added a@>12", "initial Added b@>11"], told);
    }

    [Fact]
    public async Task When_the_server_has_forgotten_the_place_a_consumer_is_told_exactly_the_difference()
    {
        _server.On(Pods,
            Answer.Json(Some.PodList("10", Some.Pod("same", "1"), Some.Pod("changed", "2"), Some.Pod("gone", "3"))),
            Answer.Lines(Some.Event("ERROR", Some.Status(410, "Expired", "too old"))),
            Answer.Json(Some.PodList("90", Some.Pod("same", "1"), Some.Pod("changed", "80"), Some.Pod("new", "81"))),
            Answer.LinesThenHang(Modified("same", "91")));
        await using var rig = new CacheRig(_server.Url);
        Assert.Equal(
            "initial Added same@>1, initial Added changed@>2, initial Added gone@>3, "
            + "Deleted gone@3>, Modified changed@2>80, Added new@>81, Modified same@1>91",
            await rig.TakeAsync(rig.Caches.Of<Pod>(), 7));
    }

    [Fact]
    public async Task When_a_watch_ends_for_good_it_is_begun_anew_and_nothing_is_lost_or_doubled()
    {
        // A refusal ends a watch; the rights come back, and meanwhile one object went, one changed, one was replaced by its namesake.
        _server.On(Pods,
            Answer.Json(Some.PodList("10",
                Some.Pod("same", "1"), Some.Pod("changed", "2"), Some.Pod("gone", "3"), Some.Pod("again", "4", "uid1"))),
            Answer.Status(403, "Forbidden", """pods is forbidden: User "bob" cannot watch resource "pods" in API group "" """),
            Answer.Json(Some.PodList("90",
                Some.Pod("same", "1"), Some.Pod("changed", "80"), Some.Pod("again", "82", "uid2"))),
            Answer.LinesThenHang(Modified("same", "91")));
        await using var rig = new CacheRig(_server.Url);
        var told = await rig.TakeAsync(rig.Caches.Of<Pod>(), 9);
        Assert.Equal(
            "initial Added same@>1, initial Added changed@>2, initial Added gone@>3, initial Added again@>4, "
            + "Modified changed@2>80, Deleted again@4>, Added again@>82, Deleted gone@3>, Modified same@1>91", told);
    }

    [Fact]
    public async Task Objects_are_found_by_what_they_have_in_common_and_no_longer_when_they_lose_it()
    {
        _server.On(Pods,
            Answer.Json(Some.PodList("10",
                Rich("a", "1", app: "web", node: "n1", owner: "rs1"), Rich("b", "2", app: "web", node: "n2", owner: "rs1"),
                Rich("c", "3", app: "db", node: "n1", owner: "rs2"))),
            Answer.LinesThenHang(
                Some.Event("MODIFIED", Rich("a", "11", app: "db", node: "n3", owner: "rs1")),
                Some.Event("DELETED", Rich("b", "12", app: "web", node: "n2", owner: "rs1"))));
        await using var rig = new CacheRig(_server.Url);
        var cache = rig.Caches.Of<Pod>();
        await rig.UntilAsync(cache, () => cache.Get("shop", "b") is null && cache.Get("shop", "a")?.Metadata.ResourceVersion == "11");
        Assert.Equal(["a", "c"], Names(cache.All()));
        Assert.Equal(["a", "c"], Names(cache.InNamespace("shop")));
        Assert.Empty(cache.InNamespace("elsewhere"));
        Assert.Equal(["a"], Names(cache.OwnedBy("rs1")));
        Assert.Empty(cache.WithLabel("app", "web"));
        Assert.Equal(["a", "c"], Names(cache.WithLabel("app", "db")));
        Assert.Equal(["c"], Names(cache.OnNode("n1")));
        Assert.Equal(["a"], Names(cache.OnNode("n3")));
        Assert.Equal("c", cache.GetByUid("c")!.Metadata.Name);
        Assert.Null(cache.GetByUid("b"));
    }

    [Fact]
    public async Task Its_state_says_whether_it_is_complete_current_or_stale_and_why()
    {
        var mayList = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var time = new SettableTime();
        _server.On(Pods,
            async context =>
            {
                await mayList.Task;
                await Answer.Json(Some.PodList("10", Some.Pod("a")))(context);
            },
            Answer.LinesThenHang());
        await using var rig = new CacheRig(_server.Url, time: time);
        var cache = rig.Caches.Of<Pod>();
        Assert.Equal(CacheState.Syncing, cache.Status.State);
        mayList.SetResult();
        await cache.WaitForSyncAsync(rig.Soon);
        Assert.Equal((CacheState.Current, 1, null), (cache.Status.State, cache.Status.Objects, cache.Status.Failure));
        time.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal(CacheState.Stale, cache.Status.State);
        Assert.True(cache.Status.Age >= TimeSpan.FromMinutes(4));
        Assert.Same(rig.Caches.Statuses.Single().Scope, CacheScope.Everything);
    }

    [Fact]
    public async Task A_kind_that_may_not_be_read_says_which_permission_is_missing()
    {
        _server.On(Pods, Answer.Status(403, "Forbidden",
            """pods is forbidden: User "bob" cannot list resource "pods" in API group "" """));
        await using var rig = new CacheRig(_server.Url);
        var cache = rig.Caches.Of<Pod>();
        while (cache.Status.Failure is null)
            await Task.Delay(10, rig.Soon);
        Assert.Equal(CacheState.Syncing, cache.Status.State);
        Assert.Contains("verbs [\"list\"]", cache.Status.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_nobody_reads_is_left_out_and_such_an_object_cannot_be_written_back_as_a_whole()
    {
        var large = new string('x', 1 << 20);
        _server.On(Pods, Answer.Json(Some.PodList("10", $$$"""
            {"metadata":{"name":"a","namespace":"shop","uid":"a","resourceVersion":"1","labels":{"app":"web"},
              "managedFields":[{"manager":"kubectl"}],"annotations":{"small":"kept","large":"{{{large}}}"} }}
            """)), Answer.LinesThenHang());
        await using var rig = new CacheRig(_server.Url);
        var cache = rig.Caches.Of<Pod>();
        await cache.WaitForSyncAsync(rig.Soon);
        var pod = cache.Get("shop", "a")!;
        Assert.Equal(["small"], pod.Metadata.Annotations!.Keys);
        Assert.Null(pod.Metadata.ManagedFields);
        Assert.True(pod.IsTrimmed);
        var refused = await Assert.ThrowsAsync<ArgumentException>(() => rig.Client.ReplaceAsync(pod with { Spec = new PodSpec() }));
        Assert.Contains("patch it, or read it anew", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_kind_without_a_model_is_cached_as_untyped_objects_and_one_kind_has_one_model()
    {
        _server.On("GET /api/v1/configmaps",
            Answer.Json("""
                {"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"c","namespace":"shop"},"data":{"k":"v"} }]}
                """),
            Answer.LinesThenHang());
        await using var rig = new CacheRig(_server.Url);
        var kind = new ResourceKind("", "ConfigMap");
        var cache = rig.Caches.Of(kind);
        await cache.WaitForSyncAsync(rig.Soon);
        Assert.Equal("v", cache.Get("shop", "c")!.Field("data", "k")!.Value.GetString());
        Assert.Throws<InvalidOperationException>(() => rig.Caches.Of<ConfigMap>(kind));
    }

    [Fact]
    public async Task Of_a_scope_with_metadata_only_the_server_is_asked_for_no_more()
    {
        string? accept = null;
        _server.On("GET /api/v1/configmaps", async context =>
        {
            accept = context.Request.Headers.Accept.ToString();
            await Answer.Json("""
                {"kind":"PartialObjectMetadataList","metadata":{"resourceVersion":"1"},
                 "items":[{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"c","namespace":"shop"} }]}
                """)(context);
        }, Answer.LinesThenHang());
        await using var rig = new CacheRig(_server.Url);
        var cache = rig.Caches.Of<ConfigMap>(new CacheScope { MetadataOnly = true });
        await cache.WaitForSyncAsync(rig.Soon);
        Assert.Contains("as=PartialObjectMetadataList", accept, StringComparison.Ordinal);
        var map = cache.Get("shop", "c")!;
        Assert.Equal(("ConfigMap", "v1", true), (map.Kind, map.ApiVersion, map.IsTrimmed));
    }

    [Fact]
    public async Task More_objects_than_the_limit_are_refused_with_the_limits_name()
    {
        _server.On(Pods, Answer.Json(Some.PodList("10", Some.Pod("a"), Some.Pod("b"), Some.Pod("c"))));
        await using var rig = new CacheRig(_server.Url, o => o.MaxObjects = 2);
        var cache = rig.Caches.Of<Pod>();
        while (cache.Status.Failure is null)
            await Task.Delay(10, rig.Soon);
        Assert.Contains("MaxObjects", cache.Status.Failure, StringComparison.Ordinal);
        Assert.Equal(CacheState.Syncing, cache.Status.State);
    }

    [Fact]
    public async Task Options_out_of_range_are_all_named()
    {
        var refused = Assert.Throws<ArgumentException>(() => new CacheRig(_server.Url, o => (o.MaxObjects, o.MaxCaches) = (0, 0)));
        Assert.Contains("MaxObjects", refused.Message, StringComparison.Ordinal);
        Assert.Contains("MaxCaches", refused.Message, StringComparison.Ordinal);
        await using var rig = new CacheRig(_server.Url, o => o.MaxCaches = 1);
        rig.Caches.Of<Pod>();
        Assert.Throws<InvalidOperationException>(() => rig.Caches.Of<Pod>(new CacheScope { Namespace = "shop" }));
    }

    [Fact]
    public async Task Consumers_end_when_the_caches_do()
    {
        _server.On(Pods, Answer.Json(Some.PodList("10", Some.Pod("a"))), Answer.LinesThenHang());
        var rig = new CacheRig(_server.Url);
        var cache = rig.Caches.Of<Pod>();
        await cache.WaitForSyncAsync(rig.Soon);
        var subscription = cache.Subscribe();
        await rig.Caches.DisposeAsync();
        var told = 0;
        await foreach (var _ in subscription.ReadAllAsync(rig.Soon))
            told++;
        Assert.Equal(1, told);
        Assert.Throws<ObjectDisposedException>(() => rig.Caches.Of<Node>());
        await rig.DisposeAsync();
    }

    private static string Added(string name, string version) => Some.Event("ADDED", Some.Pod(name, version));

    private static string Modified(string name, string version) => Some.Event("MODIFIED", Some.Pod(name, version));

    private static string Deleted(string name, string version) => Some.Event("DELETED", Some.Pod(name, version));

    private static string[] Names(IEnumerable<Pod> pods) => [.. pods.Select(p => p.Metadata.Name!).Order(StringComparer.Ordinal)];

    private static string Rich(string name, string version, string app, string node, string owner) => $$$"""
        {"kind":"Pod","apiVersion":"v1",
         "metadata":{"name":"{{{name}}}","namespace":"shop","uid":"{{{name}}}","resourceVersion":"{{{version}}}",
          "labels":{"app":"{{{app}}}"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"r","uid":"{{{owner}}}"}]},
         "spec":{"nodeName":"{{{node}}}"} }
        """.ReplaceLineEndings(" ");
}

using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Tests.Support;

namespace Heal.Drivers.Kubernetes.Tests;

public sealed class CallTests : IAsyncLifetime
{
    private const string GetPod = "GET /api/v1/namespaces/shop/pods/a";
    private const string PostPod = "POST /api/v1/namespaces/shop/pods";
    private const string PatchPod = "PATCH /api/v1/namespaces/shop/pods/a";

    private static readonly Pod NewPod = new() { Metadata = new ObjectMeta { Name = "a", Namespace = "shop" } };

    private ApiServerDouble _server = null!;

    public async Task InitializeAsync() => _server = await ApiServerDouble.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task An_object_is_read_with_its_type()
    {
        _server.On(GetPod, Some.Pod("a", "7"));
        using var client = Some.Client(_server);
        var pod = await client.GetAsync<Pod>("shop", "a");
        Assert.Equal(("v1", "Pod", "a", "7"), (pod.ApiVersion, pod.Kind, pod.Metadata.Name, pod.Metadata.ResourceVersion));
    }

    [Fact]
    public async Task Too_many_requests_is_tried_again_after_the_time_that_the_server_asks_for()
    {
        _server.On(GetPod, Answer.Status(429, "TooManyRequests", "slow down", retryAfter: 1), Answer.Json(Some.Pod("a")));
        using var client = Some.Client(_server);
        var watch = Stopwatch.StartNew();
        await client.GetAsync<Pod>("shop", "a");
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.99, 10);
        Assert.Equal(2, _server.CountOf(GetPod));
    }

    [Fact]
    public async Task A_server_that_asks_for_a_longer_pause_than_allowed_is_not_waited_for()
    {
        _server.On(GetPod, Answer.Status(429, "TooManyRequests", "slow down", retryAfter: 3600));
        using var client = Some.Client(_server);
        var refused = await Assert.ThrowsAsync<KubernetesApiException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Equal(TimeSpan.FromHours(1), refused.RetryAfter);
        Assert.Equal(1, _server.CountOf(GetPod));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task A_passing_refusal_is_tried_four_times(int status)
    {
        _server.On(GetPod, Answer.Text(status, "busy"));
        using var client = Some.Client(_server);
        var refused = await Assert.ThrowsAsync<KubernetesApiException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Equal((HttpStatusCode)status, refused.StatusCode);
        Assert.Equal(4, _server.CountOf(GetPod));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(422)]
    [InlineData(500)]
    public async Task A_lasting_refusal_is_not_tried_again(int status)
    {
        _server.On(GetPod, Answer.Status(status, "x", "no", """{"name":"a"}"""));
        using var client = Some.Client(_server);
        await Assert.ThrowsAnyAsync<KubernetesApiException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Equal(1, _server.CountOf(GetPod));
    }

    [Fact]
    public async Task A_post_that_was_sent_is_not_sent_again()
    {
        _server.On(PostPod, Answer.Text(503, "busy"));
        using var client = Some.Client(_server);
        await Assert.ThrowsAsync<KubernetesApiException>(() => client.CreateAsync(NewPod));
        Assert.Equal(1, _server.CountOf(PostPod));
    }

    [Fact]
    public async Task A_post_that_a_busy_server_did_not_begin_with_is_sent_again()
    {
        _server.On(PostPod, Answer.Text(429, "Too many requests, please try again later."), Answer.Json(Some.Pod("a"), 201));
        using var client = Some.Client(_server);
        Assert.Equal("a", (await client.CreateAsync(NewPod)).Metadata.Name);
        Assert.Equal(2, _server.CountOf(PostPod));
    }

    [Fact]
    public async Task A_post_whose_connection_broke_is_not_sent_again_and_says_that_it_may_have_happened()
    {
        _server.On(PostPod, Answer.Abort);
        using var client = Some.Client(_server);
        var broken = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => client.CreateAsync(NewPod));
        Assert.Equal((UnreachableCause.Disconnected, false), (broken.Cause, broken.NotSent));
        Assert.Equal(1, _server.CountOf(PostPod));
    }

    [Fact]
    public async Task A_json_patch_is_sent_once_and_a_merge_patch_until_it_succeeds()
    {
        _server.On(PatchPod, Answer.Text(503, "busy"), Answer.Text(503, "busy"), Answer.Json(Some.Pod("a")));
        using var client = Some.Client(_server);
        await Assert.ThrowsAsync<KubernetesApiException>(
            () => client.PatchAsync<Pod>("shop", "a", Patch.Json(JsonPatchOperation.Remove("/spec"))));
        Assert.Equal(1, _server.CountOf(PatchPod));
        await client.PatchAsync<Pod>("shop", "a", Patch.Merge(new JsonObject()));
        Assert.Equal(3, _server.CountOf(PatchPod));
    }

    [Fact]
    public async Task A_server_that_hangs_runs_into_the_deadline_of_each_try()
    {
        _server.On(GetPod, Answer.Hang, Answer.Json(Some.Pod("a")));
        using var client = Some.Client(_server, o => o.AttemptTimeout = TimeSpan.FromSeconds(1));
        await client.GetAsync<Pod>("shop", "a");
        Assert.True(_server.CountOf(GetPod) > 1, "the try that hung was not given up");
    }

    [Fact]
    public async Task A_server_that_hangs_for_ever_runs_into_the_total_budget()
    {
        _server.On(GetPod, Answer.Hang);
        using var client = Some.Client(_server, o =>
        {
            o.AttemptTimeout = TimeSpan.FromSeconds(0.4);
            o.TotalTimeout = TimeSpan.FromSeconds(1);
        });
        var failure = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Equal(UnreachableCause.TimedOut, failure.Cause);
        Assert.InRange(_server.CountOf(GetPod), 2, 3);
    }

    [Fact]
    public async Task A_body_that_hangs_in_the_middle_runs_into_the_deadline_too()
    {
        _server.On(GetPod, Answer.LinesThenHang("{\"kind\":"), Answer.Json(Some.Pod("a")));
        using var client = Some.Client(_server, o => o.AttemptTimeout = TimeSpan.FromSeconds(0.3));
        Assert.Equal("a", (await client.GetAsync<Pod>("shop", "a")).Metadata.Name);
    }

    [Fact]
    public async Task The_callers_cancellation_comes_back_as_such()
    {
        _server.On(GetPod, Answer.Hang);
        using var client = Some.Client(_server);
        using var cancel = new CancellationTokenSource(TimeSpan.FromSeconds(0.2));
        var cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetAsync<Pod>("shop", "a", cancel.Token));
        Assert.True(cancel.IsCancellationRequested, cancelled.Message);
    }

    [Fact]
    public async Task A_broken_off_answer_is_read_again()
    {
        _server.On(GetPod, Answer.BrokenOff("{\"kind\":\"Pod\",\"meta"), Answer.Json(Some.Pod("a")));
        using var client = Some.Client(_server);
        Assert.Equal("a", (await client.GetAsync<Pod>("shop", "a")).Metadata.Name);
    }

    [Fact]
    public async Task Truncated_json_is_read_again_and_then_reported()
    {
        _server.On(GetPod, Answer.Json("{\"kind\":\"Pod\",\"metadata\":{\"na"));
        using var client = Some.Client(_server);
        var failure = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Equal(UnreachableCause.BadAnswer, failure.Cause);
        Assert.Equal(4, _server.CountOf(GetPod));
    }

    [Theory]
    [InlineData("""{"hello":"world"}""")]
    [InlineData("null")]
    [InlineData("""{"kind":"Pod","metadata":{"name":"a"},"spec":{"containers":"none"}}""")]
    public async Task Json_that_is_no_such_object_is_reported_at_once(string json)
    {
        _server.On(GetPod, Answer.Json(json));
        using var client = Some.Client(_server);
        var failure = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Equal(UnreachableCause.UnexpectedShape, failure.Cause);
        Assert.Equal(1, _server.CountOf(GetPod));
    }

    [Fact]
    public async Task A_huge_answer_is_cut_off_at_the_limit()
    {
        _server.On(GetPod, Answer.Json(Some.Pod("a", new string('x', 200_000))));
        using var client = Some.Client(_server, o => o.MaxResponseBytes = 100_000);
        var failure = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Equal(UnreachableCause.AnswerTooLarge, failure.Cause);
        Assert.Equal(1, _server.CountOf(GetPod));
    }

    [Fact]
    public async Task A_server_that_is_not_there_says_so_and_that_nothing_was_sent()
    {
        await _server.DisposeAsync();
        using var client = Some.Client(_server);
        var failure = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => client.GetVersionAsync());
        Assert.Equal((UnreachableCause.ConnectFailed, true), (failure.Cause, failure.NotSent));
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        _server.On(GetPod, context =>
        {
            context.Response.Redirect("/elsewhere");
            return Task.CompletedTask;
        });
        using var client = Some.Client(_server, o => o.Token = "secret");
        var refused = await Assert.ThrowsAsync<KubernetesApiException>(() => client.GetAsync<Pod>("shop", "a"));
        Assert.Equal(HttpStatusCode.Redirect, refused.StatusCode);
        Assert.Equal(0, _server.CountOf("GET /elsewhere"));
    }

    [Theory]
    [InlineData("..")]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a%2fb")]
    public async Task A_name_cannot_lead_to_another_url(string name)
    {
        using var client = Some.Client(_server);
        await Assert.ThrowsAsync<ArgumentException>(() => client.GetAsync<Pod>("shop", name));
        await Assert.ThrowsAsync<ArgumentException>(() => client.GetAsync<Pod>(name, "a"));
    }

    [Fact]
    public async Task Writes_say_who_and_whether_for_real()
    {
        _server.On("PATCH /apis/apps/v1/namespaces/shop/deployments/web", """{"metadata":{"name":"web"}}""");
        using var client = Some.Client(_server);
        var body = new Deployment { Metadata = new ObjectMeta { Name = "web", Namespace = "shop", ManagedFields = new JsonArray() } };
        await client.ApplyAsync(body, new ApplyOptions { FieldManager = "heal", Force = true, DryRun = true });
        var sent = _server.Of("PATCH /apis/apps/v1/namespaces/shop/deployments/web").Single();
        Assert.Equal("?dryRun=All&fieldManager=heal&fieldValidation=Strict&force=true", sent.Query);
        Assert.Equal("application/apply-patch+yaml", sent.ContentType);
        Assert.Equal("""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"shop"}}""", Sorted(sent.Body));
    }

    [Fact]
    public async Task A_delete_carries_its_preconditions_and_is_no_error_when_there_is_nothing()
    {
        _server.On("DELETE /api/v1/namespaces/shop/pods/a", Answer.Status(404, "NotFound", "gone", """{"name":"a"}"""));
        using var client = Some.Client(_server);
        var options = new DeleteOptions { Uid = "u", ResourceVersion = "7", GracePeriodSeconds = 5 };
        Assert.False(await client.DeleteAsync<Pod>("shop", "a", options));
        var body = JsonNode.Parse(_server.Of("DELETE /api/v1/namespaces/shop/pods/a").Single().Body)!;
        Assert.Equal(("u", "7", 5, "Background"),
            ((string?)body["preconditions"]!["uid"], (string?)body["preconditions"]!["resourceVersion"], (int)body["gracePeriodSeconds"]!,
                (string?)body["propagationPolicy"]));
    }

    private static string Sorted(string json) =>
        new JsonObject(JsonNode.Parse(json)!.AsObject().OrderBy(p => p.Key, StringComparer.Ordinal)
            .Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone()))).ToJsonString();
}

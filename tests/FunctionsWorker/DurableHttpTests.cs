using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using DurableTask.Core.History;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker.Extensions.DurableTask;
using Microsoft.Azure.Functions.Worker.Extensions.DurableTask.Http;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace Heal.FunctionsWorker.Tests;

public sealed class DurableHttpTestsInMemory() : DurableHttpTests(HubKind.InMemory);

public sealed class DurableHttpTestsOnPostgreSql() : DurableHttpTests(HubKind.PostgreSql);

public abstract class DurableHttpTests(HubKind kind) : HubSuite(kind)
{
    private const string HostJson =
        """
        { "extensions": { "durableTask": {
            "httpSettings": { "defaultAsyncRequestSleepTimeMilliseconds": 20, "maxResponseBytes": 2048 } } } }
        """;

    private ScriptedServer _server = null!;

    public override async Task InitializeAsync()
    {
        _server = await ScriptedServer.StartAsync();
        await base.InitializeAsync();
        Assert.IsType<NamedTokens>(Host.Get<IAccessTokens>());
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _server.DisposeAsync();
    }

    private protected override Task<TestHost> StartFirstAsync() => StartHostAsync(
        static builder => builder.Services.AddSingleton<IAccessTokens, NamedTokens>(), hostJson: HostJson);

    [Fact]
    public async Task A_request_is_sent_as_it_stands_and_any_status_is_an_answer()
    {
        _server.On("/make", ScriptedServer.Say(418, "tea", "x-one: 1", "x-two: a", "x-two: b"));
        DurableHttpRequest request = Request("/make?q=1", HttpMethod.Post);
        request.Content = """{"sugar":2}""";
        request.Headers = Headers(("Content-Type", "application/json"), ("x-key", "k"));

        DurableHttpResponse response = Answer(await RunAsync(request));

        ScriptedServer.Received received = _server.Requests.Single();
        Assert.Equal(("POST", "/make?q=1", """{"sugar":2}"""), (received.Method, received.Path, received.Body));
        Assert.Equal(("application/json", "k"), (received.Headers["Content-Type"], received.Headers["x-key"]));
        Assert.Equal((418, "tea"), ((int)response.StatusCode, response.Content));
        Assert.Equal("1", response.Headers!["X-One"].ToString());
        Assert.Equal(2, response.Headers!["x-two"].Count);
    }

    [Fact]
    public async Task After_a_202_the_location_is_polled_on_durable_timers_with_the_same_headers()
    {
        _server.On("/start", ScriptedServer.Say(202, "", "Location: jobs/7?k=1", "Retry-After: 0"))
            .On("/jobs/7",
                ScriptedServer.Say(202, "", "Location: /jobs/7"),
                ScriptedServer.Say(202, "", "Location: /jobs/7", "Retry-After: Mon, 01 Jan 2024 00:00:00 GMT"),
                ScriptedServer.Say(200, "done"));
        DurableHttpRequest request = Request("/start", HttpMethod.Post);
        request.Content = "go";
        request.AsynchronousPatternEnabled = true;
        request.Headers = Headers(("x-key", "k"), ("Content-Type", "text/css"));

        OrchestrationMetadata ended = await RunAsync(request);

        Assert.Equal("done", Answer(ended).Content);
        Assert.Equal(
            ["POST /start", "GET /jobs/7?k=1", "GET /jobs/7", "GET /jobs/7"],
            _server.Requests.Select(static r => $"{r.Method} {r.Path}"));
        Assert.All(_server.Requests, static r => Assert.Equal("k", r.Headers["x-key"]));
        Assert.All(_server.Requests.Skip(1), static r => Assert.False(r.Body.Length > 0 || r.Headers.ContainsKey("Content-Type")));
        IList<HistoryEvent> history = await Host.Get<DurableTaskClient>().GetOrchestrationHistoryAsync(ended.InstanceId);
        Assert.Equal(3, history.OfType<TimerFiredEvent>().Count());
        Assert.All(history.OfType<TaskScheduledEvent>(), static e => Assert.Equal("BuiltIn::HttpActivity", e.Name));
    }

    [Fact]
    public async Task After_a_redirect_a_relative_location_is_polled_where_the_redirect_led()
    {
        await using ScriptedServer other = await ScriptedServer.StartAsync();
        _server.On("/start", ScriptedServer.Say(307, "", $"Location: {other.Root}/make"))
            .On("/operations/1", ScriptedServer.Say(404));
        other.On("/make", ScriptedServer.Say(202, "", "Location: /operations/1", "Retry-After: 0"))
            .On("/operations/1", ScriptedServer.Say(200, "done"));
        DurableHttpRequest request = Request("/start", HttpMethod.Post);
        request.AsynchronousPatternEnabled = true;

        Assert.Equal("done", Answer(await RunAsync(request)).Content);

        Assert.Equal(["POST /make", "GET /operations/1"], other.Requests.Select(static r => $"{r.Method} {r.Path}"));
    }

    [Theory]
    [InlineData(false, "Location: /jobs")]
    [InlineData(true, "x-none: 1")]
    [InlineData(true, "Location: file:///etc/passwd")]
    [InlineData(true, "Location: http://169.254.169.254/latest")]
    public async Task A_202_is_the_answer_when_nobody_asks_to_poll_or_nothing_can_be_polled(bool asks, string header)
    {
        _server.On("/start", ScriptedServer.Say(202, "later", header));
        DurableHttpRequest request = Request("/start");
        request.AsynchronousPatternEnabled = asks;
        Assert.Equal("later", Answer(await RunAsync(request)).Content);
        Assert.Single(_server.Requests);
    }

    [Theory]
    [InlineData(202)]
    [InlineData(307)]
    public async Task Another_origin_gets_neither_headers_that_may_be_secret_nor_the_token(int status)
    {
        await using ScriptedServer other = await ScriptedServer.StartAsync();
        other.On("/there", ScriptedServer.Say(200, "ok"));
        _server.On("/start", ScriptedServer.Say(status, "", $"Location: {other.Root}/there", "Retry-After: 0"));
        DurableHttpRequest request = Request("/start");
        request.AsynchronousPatternEnabled = true;
        request.TokenSource = new ManagedIdentityTokenSource("https://graph.microsoft.com/");
        request.Headers = Headers(("x-functions-key", "secret"), ("Cookie", "secret=1"), ("Accept", "text/plain"));

        OrchestrationMetadata ended = await RunAsync(request);

        Assert.Equal("ok", Answer(ended).Content);
        Assert.Equal("Bearer token for https://graph.microsoft.com/.default", _server.Requests.Single().Headers["Authorization"]);
        ScriptedServer.Received there = other.Requests.Single();
        Assert.Equal("text/plain", there.Headers["Accept"]);
        Assert.DoesNotContain(there.Headers.Values, static v => v.Contains("secret", StringComparison.Ordinal));
        Assert.False(there.Headers.ContainsKey("Authorization"));
        IList<HistoryEvent> history = await Host.Get<DurableTaskClient>().GetOrchestrationHistoryAsync(ended.InstanceId);
        Assert.DoesNotContain(history.OfType<TaskScheduledEvent>(), static e => e.Input!.Contains("token for", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_redirect_after_a_post_is_a_get_and_its_own_origin_keeps_the_headers()
    {
        _server.On("/form", ScriptedServer.Say(303, "", "Location: /thanks")).On("/thanks", ScriptedServer.Say(200, "thanks"));
        DurableHttpRequest request = Request("/form", HttpMethod.Post);
        request.Content = "a=1";
        request.Headers = Headers(("x-key", "k"));
        Assert.Equal("thanks", Answer(await RunAsync(request)).Content);
        ScriptedServer.Received last = _server.Requests[1];
        Assert.Equal(("GET", "", "k"), (last.Method, last.Body, last.Headers["x-key"]));
    }

    [Theory]
    [InlineData(3, 0, 200, 3)]
    [InlineData(2, 0, 503, 2)]
    [InlineData(3, 429, 503, 1)]
    public async Task Statuses_are_retried_as_the_options_say_and_the_last_answer_counts(int attempts, int only, int expected, int sent)
    {
        _server.On("/flaky", ScriptedServer.Say(503), ScriptedServer.Say(503), ScriptedServer.Say(200));
        DurableHttpRequest request = Request("/flaky");
        request.HttpRetryOptions = new(only == 0 ? null : [(HttpStatusCode)only])
        {
            MaxNumberOfAttempts = attempts,
            FirstRetryInterval = TimeSpan.FromMilliseconds(1),
            BackoffCoefficient = 2,
        };
        Assert.Equal(expected, (int)Answer(await RunAsync(request)).StatusCode);
        Assert.Equal(sent, _server.Requests.Count);
    }

    [Fact]
    public async Task A_request_may_be_made_with_its_headers_at_once_and_keeps_them_through_the_history()
    {
        _server.On("/shop", ScriptedServer.Say(200));
        var request = new DurableHttpRequest(
            HttpMethod.Get, new Uri(_server.Root + "/shop"), Headers(("X-Shop", "main")), asynchronousPatternEnabled: true);
        Assert.True(request.AsynchronousPatternEnabled);
        await RunAsync(request);
        Assert.Equal("main", _server.Requests.Single().Headers["X-Shop"]);
    }

    [Fact]
    public async Task A_request_that_nobody_answers_is_retried_too_and_fails_in_the_end()
    {
        var request = new DurableHttpRequest(HttpMethod.Get, new Uri("http://127.0.0.1:1/nobody"))
        {
            HttpRetryOptions = new() { MaxNumberOfAttempts = 2, FirstRetryInterval = TimeSpan.FromMilliseconds(1) },
        };
        OrchestrationMetadata ended = await RunAsync(request);
        Assert.Equal("Microsoft.DurableTask.TaskFailedException", ended.FailureDetails!.ErrorType);
        Assert.Equal("System.Net.Http.HttpRequestException", ended.FailureDetails.InnerFailure!.ErrorType);
        IList<HistoryEvent> history = await Host.Get<DurableTaskClient>().GetOrchestrationHistoryAsync(ended.InstanceId);
        Assert.Equal(2, history.OfType<TaskFailedEvent>().Count());
    }

    [Theory]
    [InlineData("/hang")]
    [InlineData("/poll")]
    public async Task A_timeout_is_for_the_call_as_a_whole(string path)
    {
        _server.On("/hang", ScriptedServer.Hang).On("/poll", ScriptedServer.Say(202, "", "Location: /poll", "Retry-After: 3600"));
        DurableHttpRequest request = Request(path + "?code=secret");
        request.AsynchronousPatternEnabled = true;
        request.Timeout = TimeSpan.FromMilliseconds(300);
        OrchestrationMetadata ended = await RunAsync(request);
        Assert.Equal("System.TimeoutException", ended.FailureDetails!.ErrorType);
        string message = ended.FailureDetails.ErrorMessage;
        Assert.Contains($"{path}: the call was not over within its timeout of 00:00:00.3", message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_response_over_the_limit_fails_and_names_the_setting()
    {
        _server.On("/big", ScriptedServer.Say(200, new string('x', 2049)));
        OrchestrationMetadata ended = await RunAsync(Request("/big"));
        Assert.Contains("httpSettings.maxResponseBytes", ended.FailureDetails!.InnerFailure!.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_that_cannot_be_fail_before_anything_is_sent()
    {
        var relative = new DurableHttpRequest(HttpMethod.Get, new Uri("/here", UriKind.Relative));
        DurableHttpRequest noWait = Request("/x");
        noWait.HttpRetryOptions = new() { MaxNumberOfAttempts = 2 };
        Assert.Contains("Uri: is '/here'", (await RunAsync(relative)).FailureDetails!.ErrorMessage, StringComparison.Ordinal);
        Assert.Contains("FirstRetryInterval", (await RunAsync(noWait)).FailureDetails!.ErrorMessage, StringComparison.Ordinal);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task Each_form_of_the_call_reaches_the_server()
    {
        _server.On("/", ScriptedServer.Say(200));
        OrchestrationMetadata ended = await RunAsync("CallHttpInEachForm", new Uri(_server.Root));
        Assert.Equal("200,200,200,200", ended.ReadOutputAs<string>());
        Assert.Equal(["1", "2", "3", ""], _server.Requests.Select(static r => r.Body));
    }

    [Fact]
    public async Task An_orchestrator_function_finds_its_function_context() =>
        Assert.StartsWith("WhoRuns ", (await RunAsync("WhoRuns", input: null)).ReadOutputAs<string>(), StringComparison.Ordinal);

    [Fact]
    public void A_request_survives_its_way_through_the_history()
    {
        DurableHttpRequest request = Request("/x", HttpMethod.Patch);
        request.Headers = Headers(("one", "1"));
        request.Headers["two"] = new StringValues(["a", "b"]);
        request.Timeout = TimeSpan.FromSeconds(5);
        request.HttpRetryOptions = new([HttpStatusCode.Conflict]) { MaxNumberOfAttempts = 4, FirstRetryInterval = TimeSpan.FromSeconds(1) };
        request.TokenSource = new ManagedIdentityTokenSource("api://x", new(new Uri("https://login.example/"), "tenant"));

        string json = JsonSerializer.Serialize(request);
        DurableHttpRequest back = JsonSerializer.Deserialize<DurableHttpRequest>(json)!;

        JsonObject form = JsonNode.Parse(json)!.AsObject();
        Assert.Equal("""{"one":"1","two":["a","b"]}""", form["headers"]!.ToJsonString());
        Assert.Equal("PATCH", (string)form["method"]!);
        Assert.Equal("AzureManagedIdentity", (string)form["tokenSource"]!["kind"]!);
        Assert.Equal(json, JsonSerializer.Serialize(back));
    }

    private static Dictionary<string, StringValues> Headers(params (string Name, string Value)[] headers) =>
        headers.ToDictionary(static h => h.Name, static h => new StringValues(h.Value), StringComparer.OrdinalIgnoreCase);

    private static DurableHttpResponse Answer(OrchestrationMetadata ended) => ended.FailureDetails is null
        ? ended.ReadOutputAs<DurableHttpResponse>()!
        : throw new InvalidOperationException(ended.FailureDetails.ToString());

    private DurableHttpRequest Request(string path, HttpMethod? method = null) =>
        new(method ?? HttpMethod.Get, new Uri(_server.Root + path));

    private Task<OrchestrationMetadata> RunAsync(DurableHttpRequest request) => RunAsync("CallHttp", request);

    private async Task<OrchestrationMetadata> RunAsync(string orchestrator, object? input)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        DurableTaskClient client = Host.Get<DurableTaskClient>();
        string id = await client.ScheduleNewOrchestrationInstanceAsync(orchestrator, input, limit.Token);
        return await client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true, limit.Token);
    }

    private sealed class NamedTokens : IAccessTokens
    {
        public Task<string> GetAsync(TokenSource source, CancellationToken cancellationToken) =>
            Task.FromResult($"token for {source.Resource}");
    }
}

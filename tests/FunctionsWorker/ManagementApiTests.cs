using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.FunctionsWorker.Tests;

public sealed class ManagementApiTestsInMemory() : ManagementApiTests(HubKind.InMemory);

public sealed class ManagementApiTestsOnPostgreSql() : ManagementApiTests(HubKind.PostgreSql);

public abstract class ManagementApiTests(HubKind kind) : HubSuite(kind)
{
    private const string Api = "/runtime/webhooks/durabletask";
    private const string Wait = "timeout=30&pollingInterval=1";

    [Fact]
    public async Task A_start_answers_in_camel_case_with_all_addresses_but_that_of_rewind()
    {
        HttpResponseMessage started = await PostAsync("/orchestrators/Family/names-1", JsonContent.Create(3));
        JsonObject body = await TestHost.JsonAsync(started);

        Assert.Equal(HttpStatusCode.Accepted, started.StatusCode);
        Assert.Equal(
            ["id", "statusQueryGetUri", "sendEventPostUri", "terminatePostUri", "purgeHistoryDeleteUri", "restartPostUri", "suspendPostUri",
                "resumePostUri"],
            body.Select(static p => p.Key));
        Assert.Equal("names-1", (string)body["id"]!);
        Assert.Equal(started.Headers.Location!.OriginalString, (string)body["statusQueryGetUri"]!);
        Assert.Equal(TimeSpan.FromSeconds(10), started.Headers.RetryAfter!.Delta);
        string root = Host.Client.BaseAddress!.GetLeftPart(UriPartial.Authority);
        Assert.Equal(
            $"{root}{Api}/instances/names-1/terminate?reason={{text}}&taskHub=durable&connection=DURABLE_POSTGRES"
                + $"&code={TestHost.SystemKey}",
            (string)body["terminatePostUri"]!);
    }

    [Fact]
    public async Task A_start_that_waits_answers_with_the_output_as_it_is()
    {
        HttpResponseMessage ended = await PostAsync($"/orchestrators/Family?{Wait}", JsonContent.Create(3));
        Assert.Equal(HttpStatusCode.OK, ended.StatusCode);
        Assert.Equal("12", await ended.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_start_that_waits_for_a_failure_answers_with_the_status_and_with_500_only_where_that_is_asked_for()
    {
        Host.Get<Journal>().Fail = true;
        HttpResponseMessage failed = await PostAsync($"/orchestrators/Family/bad-1?{Wait}", JsonContent.Create(3));
        HttpResponseMessage asked = await GetAsync("/instances/bad-1?returnInternalServerErrorOnFailure=true");

        Assert.Equal(HttpStatusCode.OK, failed.StatusCode);
        Assert.Equal("Failed", (string)(await TestHost.JsonAsync(failed))["runtimeStatus"]!);
        Assert.Equal(HttpStatusCode.InternalServerError, asked.StatusCode);
        JsonObject status = await TestHost.JsonAsync(asked);
        Assert.Equal("Failed", (string)status["runtimeStatus"]!);
        Assert.StartsWith("Microsoft.DurableTask.TaskFailedException: Task '", (string)status["output"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_status_shows_the_tags_of_an_instance_that_has_some()
    {
        await Host.Get<DurableTaskClient>().ScheduleNewOrchestrationInstanceAsync(
            "Family", 3, new StartOrchestrationOptions("tagged-1") { Tags = new Dictionary<string, string> { ["shop"] = "main" } });
        await Host.EndAsync("tagged-1");
        Assert.Equal("main", (string)(await TestHost.JsonAsync(await GetAsync("/instances/tagged-1")))["tags"]!["shop"]!);
    }

    [Fact]
    public async Task A_start_waits_no_longer_than_it_was_told_to()
    {
        HttpResponseMessage started = await PostAsync(
            "/orchestrators/Greet/slow-1?timeout=0.05&pollingInterval=0.01", JsonContent.Create("A"));
        Assert.Equal(HttpStatusCode.Accepted, started.StatusCode);
        Assert.Equal("slow-1", (string)(await TestHost.JsonAsync(started))["id"]!);
    }

    [Fact]
    public async Task A_status_has_payloads_as_JSON_values_times_in_seconds_and_no_history_unless_asked()
    {
        await PostAsync($"/orchestrators/Family/view-1?{Wait}", JsonContent.Create(3));
        JsonObject status = await TestHost.JsonAsync(await GetAsync("/instances/view-1"));
        JsonObject without = await TestHost.JsonAsync(await GetAsync("/instances/view-1?showInput=false"));

        Assert.Equal(
            ["name", "instanceId", "runtimeStatus", "input", "customStatus", "output", "createdTime", "lastUpdatedTime"],
            status.Select(static p => p.Key));
        Assert.Equal("3", status["input"]!.ToJsonString());
        Assert.Equal("12", status["output"]!.ToJsonString());
        Assert.Null(status["customStatus"]);
        Assert.Matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$", (string)status["createdTime"]!);
        Assert.True(without.ContainsKey("input"));
        Assert.Null(without["input"]);
    }

    [Fact]
    public async Task A_history_shows_each_call_once_as_its_completion()
    {
        await PostAsync($"/orchestrators/Family/story-1?{Wait}", JsonContent.Create(3));
        JsonArray full = await HistoryAsync("/instances/story-1?showHistory=true&showHistoryOutput=true");
        JsonArray bare = await HistoryAsync("/instances/story-1?showHistory=true&showInput=false");

        string[] kinds = ["ExecutionStarted", "TaskCompleted", "TimerCreated", "TimerFired", "SubOrchestrationInstanceCompleted",
            "ExecutionCompleted"];
        Assert.Equal(kinds, full.Select(static e => (string)e!["EventType"]!));
        Assert.Equal("Family", (string)full[0]!["FunctionName"]!);
        Assert.Equal("3", (string)full[0]!["Input"]!);
        JsonObject activity = full[1]!.AsObject();
        Assert.Equal(("Twice", "3", 6), ((string)activity["FunctionName"]!, (string)activity["Input"]!, (int)activity["Result"]!));
        Assert.True((DateTime)activity["ScheduledTime"]! <= (DateTime)activity["Timestamp"]!);
        Assert.Equal("Child", (string)full[4]!["FunctionName"]!);
        Assert.Equal(("Completed", 12), ((string)full[5]!["OrchestrationStatus"]!, (int)full[5]!["Result"]!));
        Assert.Equal(kinds, bare.Select(static e => (string)e!["EventType"]!));
        Assert.All(bare, static e => Assert.False(e!.AsObject().ContainsKey("Input") || e.AsObject().ContainsKey("Result")));
    }

    [Fact]
    public async Task A_history_says_why_an_activity_failed_and_that_one_is_under_way()
    {
        Host.Get<Journal>().Fail = true;
        await PostAsync($"/orchestrators/Family/sad-1?{Wait}", JsonContent.Create(3));
        await PostAsync("/orchestrators/WaitLong/open-1");
        await Host.Get<Journal>().NextAsync();

        JsonNode failed = (await HistoryAsync("/instances/sad-1?showHistory=true")).Single(static e =>
            (string)e!["EventType"]! == "TaskFailed")!;
        Assert.Equal(("Twice", "told to fail"), ((string)failed["FunctionName"]!, (string)failed["Reason"]!));
        JsonNode open = (await HistoryAsync("/instances/open-1?showHistory=true")).Last()!;
        Assert.Equal(("TaskScheduled", "UntilCancelled"), ((string)open["EventType"]!, (string)open["Name"]!));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("restartWithNewInstanceId=true", false)]
    [InlineData("restartWithNewInstanceId=false", true)]
    public async Task A_restart_takes_a_new_id_unless_told_not_to(string query, bool same)
    {
        await PostAsync($"/orchestrators/Family/again-1?{Wait}", JsonContent.Create(5));
        HttpResponseMessage restarted = await PostAsync($"/instances/again-1/restart?{query}");
        Assert.Equal(HttpStatusCode.Accepted, restarted.StatusCode);
        string id = (string)(await TestHost.JsonAsync(restarted))["id"]!;
        Assert.Equal(same, id == "again-1");
        Assert.Equal("20", (await Host.EndAsync(id)).SerializedOutput);
    }

    [Fact]
    public async Task A_restart_waits_when_told_to_and_says_which_instance_it_does_not_find()
    {
        await PostAsync($"/orchestrators/Family/again-2?{Wait}", JsonContent.Create(5));
        HttpResponseMessage waited = await PostAsync($"/instances/again-2/restart?{Wait}");
        HttpResponseMessage unknown = await PostAsync("/instances/nobody/restart");

        Assert.Equal("20", await waited.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.BadRequest, unknown.StatusCode);
        Assert.Equal(
            "InstanceId does not match a valid orchestration instance.", (string)(await TestHost.JsonAsync(unknown))["detail"]!);
    }

    [Fact]
    public async Task A_failed_instance_is_rewound_and_others_are_refused_each_with_its_status()
    {
        Host.Get<Journal>().Fail = true;
        await PostAsync($"/orchestrators/Family/back-1?{Wait}", JsonContent.Create(5));
        Host.Get<Journal>().Fail = false;
        await PostAsync("/orchestrators/Greet/open-2", JsonContent.Create("A"));
        await Host.Get<Journal>().NextAsync();

        Assert.Equal(HttpStatusCode.Accepted, (await PostAsync("/instances/back-1/rewind?reason=mended")).StatusCode);
        await Azurite.UntilAsync(
            async () => (await GetAsync("/instances/back-1")).StatusCode == HttpStatusCode.OK
                && (await Host.EndAsync("back-1")).RuntimeStatus == OrchestrationRuntimeStatus.Completed,
            "back-1 has completed");
        Assert.Equal(HttpStatusCode.Gone, (await PostAsync("/instances/back-1/rewind?reason=again")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync("/instances/nobody/rewind?reason=x")).StatusCode);
        HttpResponseMessage running = await PostAsync("/instances/open-2/rewind?reason=x");
        Assert.Equal(HttpStatusCode.InternalServerError, running.StatusCode);
        string detail = (string)(await TestHost.JsonAsync(running))["detail"]!;
        Assert.StartsWith("Something went wrong while processing your request", detail, StringComparison.Ordinal);
        Assert.Contains("only a failed instance can be rewound", detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_comes_in_pages_by_status_and_prefix()
    {
        foreach (int number in Enumerable.Range(1, 3))
        {
            await PostAsync($"/orchestrators/Family/page-{number}?{Wait}", JsonContent.Create(number));
        }

        await PostAsync("/orchestrators/Greet/page-open", JsonContent.Create("A"));
        HttpResponseMessage first = await GetAsync("/instances?instanceIdPrefix=page-&runtimeStatus=Completed,Failed&top=2");
        string token = first.Headers.GetValues("x-ms-continuation-token").Single();
        using var next = new HttpRequestMessage(HttpMethod.Get, $"{Api}/instances?instanceIdPrefix=page-&runtimeStatus=Completed&top=2");
        next.Headers.Add("x-functions-key", TestHost.SystemKey);
        next.Headers.Add("x-ms-continuation-token", token);
        HttpResponseMessage second = await Host.Client.SendAsync(next);
        HttpResponseMessage both = await GetAsync(
            "/instances?instanceIdPrefix=page-&runtimeStatus=completed&runtimeStatus=running,pending");

        Assert.Equal(["page-1", "page-2"], await IdsAsync(first));
        Assert.Equal(["page-3"], await IdsAsync(second));
        Assert.False(second.Headers.Contains("x-ms-continuation-token"));
        Assert.Equal(4, (await IdsAsync(both)).Length);
    }

    [Fact]
    public async Task A_purge_counts_what_it_removed_and_is_404_for_nothing()
    {
        await PostAsync($"/orchestrators/Family/gone-1?{Wait}", JsonContent.Create(1));
        await PostAsync("/orchestrators/Greet/kept-1", JsonContent.Create("A"));
        const string all = "/instances?createdTimeFrom=2020-01-01T00:00:00Z";

        Assert.Equal(HttpStatusCode.NotFound, (await DeleteAsync(all + "&createdTimeTo=2020-01-02T00:00:00Z")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await DeleteAsync(all + "&runtimeStatus=Failed")).StatusCode);
        Assert.Equal("""{"instancesDeleted":2}""", await (await DeleteAsync(all)).Content.ReadAsStringAsync());
        HttpResponseMessage running = await DeleteAsync("/instances/kept-1");
        Assert.Equal(HttpStatusCode.InternalServerError, running.StatusCode);
        Assert.Contains("kept-1", (string)(await TestHost.JsonAsync(running))["detail"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text/plain", "1", "Only application/json")]
    [InlineData("application/jsonish", "1", "Only application/json")]
    [InlineData("application/json", "{", "Invalid JSON content")]
    public async Task An_event_is_JSON_or_refused_with_the_reason(string type, string body, string expected)
    {
        await PostAsync("/orchestrators/Greet/event-1", JsonContent.Create("A"));
        HttpResponseMessage refused = await PostAsync("/instances/event-1/raiseEvent/End", new StringContent(body, Encoding.UTF8, type));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains(expected, (string)(await TestHost.JsonAsync(refused))["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_empty_key_of_an_entity_is_a_dollar_sign_and_its_input_may_be_text()
    {
        await PostAsync("/entities/Note/$?op=write", new StringContent("plain", Encoding.UTF8, "text/plain"));
        await Azurite.UntilAsync(
            async () => await (await GetAsync("/entities/note/$")).Content.ReadAsStringAsync() == "\"plain\"", "the note is written");
        JsonArray all = (await (await GetAsync("/entities")).Content.ReadFromJsonAsync<JsonArray>())!;
        Assert.Equal(["entityId", "lastOperationTime", "state"], all.Single()!.AsObject().Select(static p => p.Key));
        Assert.Equal("""{"name":"note","key":""}""", all.Single()!["entityId"]!.ToJsonString());
    }

    [Theory]
    [InlineData("a%2Fb", "a/b")]
    [InlineData("a%2fb", "a/b")]
    [InlineData("a%252Fb", "a%2Fb")]
    [InlineData("a%252Fb%2Fc%20%C3%A9", "a%2Fb/c \u00e9")]
    public async Task A_part_of_an_address_is_unescaped_once(string address, string key)
    {
        await PostAsync($"/entities/Note/{address}?op=write", new StringContent("kept", Encoding.UTF8, "text/plain"));
        await Azurite.UntilAsync(
            async () => (await GetAsync($"/entities/Note/{address}")).StatusCode == HttpStatusCode.OK, "the note is written");
        Assert.Equal(key, (string)Assert.Single(await ListAsync("/entities"))!["entityId"]!["key"]!);
    }

    [Theory]
    [InlineData("GET", "/instances?taskHub=durable&connection=durable_postgres", 200)]
    [InlineData("GET", "/instances?taskHub=Other", 400)]
    [InlineData("GET", "/instances?connection=Storage", 400)]
    [InlineData("GET", "/INSTANCES", 200)]
    [InlineData("POST", "/makeprimary", 200)]
    [InlineData("GET", "/instances?showInput=perhaps", 400)]
    [InlineData("POST", "/orchestrators/Family?timeout=soon&pollingInterval=1", 400)]
    [InlineData("DELETE", "/instances?createdTimeFrom=yesterday", 400)]
    public async Task Common_parameters_are_checked_on_every_route(string method, string path, int expected) =>
        Assert.Equal(expected, (int)(await SendAsync(new HttpMethod(method), path)).StatusCode);

    [Theory]
    [InlineData("GET", "/nothing")]
    [InlineData("GET", "/instances/one/terminate")]
    [InlineData("PUT", "/instances")]
    [InlineData("GET", "/makeprimary")]
    public async Task What_is_no_route_is_not_found_without_a_body(string method, string path)
    {
        HttpResponseMessage response = await SendAsync(new HttpMethod(method), path);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task One_that_goes_on_is_202_with_where_and_when_to_ask_again_and_one_that_has_ended_is_200()
    {
        await PostAsync("/orchestrators/Greet/open-1", JsonContent.Create("A"));
        await Host.Get<Journal>().NextAsync();
        await AssertGoesOnAsync("Running");
        await PostAsync("/instances/open-1/suspend?reason=x");
        await Azurite.UntilAsync(
            async () => (await Host.Get<DurableTaskClient>().GetInstanceAsync("open-1"))!.RuntimeStatus
                == OrchestrationRuntimeStatus.Suspended,
            "it is suspended");
        await AssertGoesOnAsync("Suspended");
        await PostAsync("/instances/open-1/terminate?reason=x");
        await Host.EndAsync("open-1");
        HttpResponseMessage ended = await GetAsync("/instances/open-1");
        Assert.Equal((HttpStatusCode.OK, null), (ended.StatusCode, ended.Headers.RetryAfter));

        async Task AssertGoesOnAsync(string status)
        {
            HttpResponseMessage response = await GetAsync("/instances/open-1?showInput=false");
            Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
            Assert.Equal(response.RequestMessage!.RequestUri, response.Headers.Location);
            Assert.Equal(TimeSpan.FromSeconds(5), response.Headers.RetryAfter!.Delta);
            Assert.Equal(status, (string)(await TestHost.JsonAsync(response))["runtimeStatus"]!);
        }
    }

    [Theory]
    [InlineData("raiseEvent/End")]
    [InlineData("terminate?reason=x")]
    [InlineData("suspend?reason=x")]
    [InlineData("resume?reason=x")]
    [InlineData("rewind?reason=x")]
    public async Task Nothing_can_be_asked_of_one_that_was_terminated_or_never_was(string operation)
    {
        await PostAsync("/orchestrators/Greet/over-1", JsonContent.Create("A"));
        await PostAsync("/instances/over-1/terminate?reason=x");
        await Host.EndAsync("over-1");
        Assert.Equal(
            HttpStatusCode.Gone, (await PostAsync($"/instances/over-1/{operation}", JsonContent.Create(1))).StatusCode);
        Assert.Equal(
            HttpStatusCode.NotFound, (await PostAsync($"/instances/nobody/{operation}", JsonContent.Create(1))).StatusCode);
    }

    [Fact]
    public async Task Purging_one_counts_it_and_it_is_gone()
    {
        await PostAsync($"/orchestrators/Family/one-1?{Wait}", JsonContent.Create(1));
        HttpResponseMessage purged = await DeleteAsync("/instances/one-1");
        Assert.Equal(HttpStatusCode.OK, purged.StatusCode);
        Assert.Equal("""{"instancesDeleted":1}""", await purged.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync("/instances/one-1")).StatusCode);
    }

    [Fact]
    public async Task Lists_of_instances_and_entities_are_narrowed_by_time_and_entities_come_in_pages()
    {
        await PostAsync($"/orchestrators/Family/time-1?{Wait}", JsonContent.Create(1));
        foreach (string key in new[] { "a", "b", "c" })
        {
            await PostAsync($"/entities/Tally/{key}?op=add", JsonContent.Create(1));
        }

        await Azurite.UntilAsync(async () => (await ListAsync("/entities/tally?fetchState=true")).Count == 3, "there are three entities");
        Assert.Single(await ListAsync("/instances?createdTimeFrom=2020-01-01T00:00:00Z&instanceIdPrefix=time-"));
        Assert.Empty(await ListAsync("/instances?createdTimeFrom=2999-01-01T00:00:00Z"));
        Assert.Empty(await ListAsync("/instances?createdTimeTo=2020-01-01T00:00:00Z"));
        Assert.Equal(3, (await ListAsync("/entities/tally?lastOperationTimeFrom=2020-01-01T00:00:00Z")).Count);
        Assert.Empty(await ListAsync("/entities/tally?lastOperationTimeFrom=2999-01-01T00:00:00Z"));
        Assert.Empty(await ListAsync("/entities?lastOperationTimeTo=2020-01-01T00:00:00Z"));

        HttpResponseMessage first = await GetAsync("/entities/tally?top=2");
        using var next = new HttpRequestMessage(HttpMethod.Get, $"{Api}/entities/tally?top=2");
        next.Headers.Add("x-functions-key", TestHost.SystemKey);
        next.Headers.Add("x-ms-continuation-token", first.Headers.GetValues("x-ms-continuation-token").Single());
        HttpResponseMessage second = await Host.Client.SendAsync(next);
        Assert.Equal(["a", "b"], await KeysAsync(first));
        Assert.Equal(["c"], await KeysAsync(second));
        Assert.False(second.Headers.Contains("x-ms-continuation-token"));
    }

    private static async Task<string[]> KeysAsync(HttpResponseMessage list) =>
        [.. (await list.Content.ReadFromJsonAsync<JsonArray>())!.Select(static e => (string)e!["entityId"]!["key"]!)];

    private async Task<JsonArray> ListAsync(string path) =>
        (await (await GetAsync(path)).Content.ReadFromJsonAsync<JsonArray>())!;

    private static async Task<string[]> IdsAsync(HttpResponseMessage list) =>
        [.. (await list.Content.ReadFromJsonAsync<JsonArray>())!.Select(static i => (string)i!["instanceId"]!)];

    private async Task<JsonArray> HistoryAsync(string path) =>
        (await TestHost.JsonAsync(await GetAsync(path)))["historyEvents"]!.AsArray();

    private Task<HttpResponseMessage> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    private Task<HttpResponseMessage> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path);

    private Task<HttpResponseMessage> PostAsync(string path, HttpContent? body = null) => SendAsync(HttpMethod.Post, path, body);

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? body = null) =>
        Host.SendAsync(method, Api + path, TestHost.SystemKey, body);
}

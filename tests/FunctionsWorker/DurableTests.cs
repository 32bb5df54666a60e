using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Entities;

namespace Heal.FunctionsWorker.Tests;

public sealed class DurableTestsInMemory() : DurableTests(HubKind.InMemory);

public sealed class DurableTestsOnPostgreSql() : DurableTests(HubKind.PostgreSql);

public abstract class DurableTests(HubKind kind) : HubSuite(kind)
{
    private const string Api = "/runtime/webhooks/durabletask";

    [Fact]
    public async Task A_function_starts_an_orchestration_and_its_check_status_links_lead_through_its_life()
    {
        HttpResponseMessage started = await Host.SendAsync(HttpMethod.Post, "/api/greet/Ada");
        Assert.Equal(HttpStatusCode.Accepted, started.StatusCode);
        JsonObject links = await TestHost.JsonAsync(started);
        Assert.Equal(started.Headers.Location!.OriginalString, (string)links["StatusQueryGetUri"]!);
        await Host.Get<Journal>().NextAsync();
        Assert.Equal($"activity {links["Id"]} SayHello", Host.Get<Journal>().Entries.Single());

        HttpResponseMessage running = await Host.Client.GetAsync((string)links["StatusQueryGetUri"]!);
        Assert.Equal(HttpStatusCode.Accepted, running.StatusCode);
        Assert.Equal("Ada", (string)(await TestHost.JsonAsync(running))["input"]!);

        string raise = ((string)links["SendEventPostUri"]!).Replace("{eventName}", "End", StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Accepted, (await Host.Client.PostAsJsonAsync(raise, "!")).StatusCode);
        await Host.EndAsync((string)links["Id"]!);
        HttpResponseMessage ended = await Host.Client.GetAsync((string)links["StatusQueryGetUri"]!);
        JsonObject status = await TestHost.JsonAsync(ended);
        Assert.Equal(HttpStatusCode.OK, ended.StatusCode);
        Assert.Equal("Completed", (string)status["runtimeStatus"]!);
        Assert.Equal("Hello, Ada!", (string)status["output"]!);
        Assert.Equal(HttpStatusCode.Gone, (await Host.Client.PostAsJsonAsync(raise, "!")).StatusCode);
        Assert.Equal(1, (int)(
            await TestHost.JsonAsync(await Host.Client.DeleteAsync((string)links["PurgeHistoryDeleteUri"]!)))["instancesDeleted"]!);
        Assert.Equal(HttpStatusCode.NotFound, (await Host.Client.GetAsync((string)links["StatusQueryGetUri"]!)).StatusCode);
    }

    [Fact]
    public async Task The_token_of_a_running_activity_function_is_cancelled_when_its_orchestration_is_terminated()
    {
        await CallAsync(HttpMethod.Post, "/orchestrators/WaitLong/long-1");
        await Host.Get<Journal>().NextAsync();

        await CallAsync(HttpMethod.Post, "/instances/long-1/terminate?reason=enough");

        await Host.Get<Journal>().NextAsync();
        Assert.Equal(["waiting", "cancelled"], Host.Get<Journal>().Entries);
    }

    [Fact]
    public async Task An_orchestration_can_be_started_suspended_resumed_terminated_and_listed()
    {
        HttpResponseMessage started = await CallAsync(HttpMethod.Post, "/orchestrators/Greet/order-1", JsonContent.Create("Bob"));
        Assert.Equal(HttpStatusCode.Accepted, started.StatusCode);
        await Host.Get<Journal>().NextAsync();
        Assert.Equal(HttpStatusCode.Accepted, (await CallAsync(HttpMethod.Post, "/instances/order-1/suspend?reason=x")).StatusCode);
        await UntilAsync("order-1", OrchestrationRuntimeStatus.Suspended);
        Assert.Equal(HttpStatusCode.Accepted, (await CallAsync(HttpMethod.Post, "/instances/order-1/resume?reason=x")).StatusCode);
        await UntilAsync("order-1", OrchestrationRuntimeStatus.Running);
        Assert.Equal(HttpStatusCode.Accepted, (await CallAsync(HttpMethod.Post, "/instances/order-1/terminate?reason=enough")).StatusCode);
        await Host.EndAsync("order-1");
        JsonArray list = (await (await CallAsync(HttpMethod.Get, "/instances?runtimeStatus=Terminated&instanceIdPrefix=order")).Content
            .ReadFromJsonAsync<JsonArray>())!;
        Assert.Equal("order-1", (string)list.Single()!["instanceId"]!);
        Assert.Equal("enough", (string)list.Single()!["output"]!);
    }

    [Fact]
    public async Task A_class_that_is_no_entity_is_the_state_itself_and_its_methods_are_the_operations()
    {
        var purse = new EntityInstanceId("Purse", "p");
        Assert.Equal("3", (await AskAsync(purse, "put", 3)).SerializedOutput);
        Assert.Equal("7", (await AskAsync(purse, "put", 4)).SerializedOutput);
        DurableTaskClient client = Host.Get<DurableTaskClient>();
        Assert.Equal(7, (await client.Entities.GetEntityAsync<DurableSamples.Purse>(purse))!.State!.Coins);
        Assert.Equal("null", (await AskAsync(purse, "delete", input: null)).SerializedOutput ?? "null");
        Assert.Null(await client.Entities.GetEntityAsync(purse));
    }

    [Fact]
    public async Task An_entity_function_hands_arguments_to_the_constructor_of_its_class()
    {
        var clerk = new EntityInstanceId("Clerk", "c");
        Assert.Equal("\"Ada, desk 7: 2\"", (await AskAsync(clerk, "sign", 2)).SerializedOutput);
        Assert.Equal("\"Ada, desk 7: 5\"", (await AskAsync(clerk, "sign", 3)).SerializedOutput);
        Assert.Equal(["sign 2", "sign 3"], Host.Get<Journal>().Entries);
    }

    [Fact]
    public async Task A_state_takes_no_constructor_arguments()
    {
        OrchestrationMetadata ended = await AskAsync(new EntityInstanceId("ArmedPurse", "a"), "put", 3);
        Assert.Contains("expected an ITaskEntity", ended.FailureDetails!.ErrorMessage, StringComparison.Ordinal);
    }

    private async Task<OrchestrationMetadata> AskAsync(EntityInstanceId entity, string operation, int? input)
    {
        DurableTaskClient client = Host.Get<DurableTaskClient>();
        string id = await client.ScheduleNewOrchestrationInstanceAsync("AskEntity", new DurableSamples.Question(entity, operation, input));
        return await Host.EndAsync(id);
    }

    [Fact]
    public async Task Entity_functions_are_called_signalled_and_read()
    {
        DurableTaskClient client = Host.Get<DurableTaskClient>();
        string id = await client.ScheduleNewOrchestrationInstanceAsync("Ballot", 41);
        await Host.EndAsync(id);

        Assert.Equal("42squawk!", (await client.GetInstanceAsync(id, getInputsAndOutputs: true))!.ReadOutputAs<string>());
        Assert.Equal(42, (await client.Entities.GetEntityAsync<int>(new EntityInstanceId("Tally", id)))!.State);
        Assert.Equal(["add 41", "add 1"], Host.Get<Journal>().Entries);
    }

    [Fact]
    public async Task The_management_API_signals_reads_lists_and_deletes_entities()
    {
        HttpResponseMessage added = await CallAsync(HttpMethod.Post, "/entities/Tally/day?op=add", JsonContent.Create(3));
        Assert.Equal(HttpStatusCode.Accepted, added.StatusCode);
        await UntilStateAsync("3");
        HttpResponseMessage listed = await CallAsync(HttpMethod.Get, "/entities/tally?fetchState=true");
        JsonArray list = (await listed.Content.ReadFromJsonAsync<JsonArray>())!;
        Assert.Equal("day", (string)list.Single()!["entityId"]!["key"]!);
        Assert.Equal(3, (int)list.Single()!["state"]!);
        Assert.Equal(HttpStatusCode.Accepted, (await CallAsync(HttpMethod.Delete, "/entities/tally/day")).StatusCode);
        await UntilStateAsync(null);
        Assert.Equal(HttpStatusCode.BadRequest, (await CallAsync(HttpMethod.Post, "/entities/tally/day")).StatusCode);

        Task UntilStateAsync(string? state) => Azurite.UntilAsync(
            async () =>
            {
                HttpResponseMessage read = await CallAsync(HttpMethod.Get, "/entities/tally/day");
                return state is null ? read.StatusCode == HttpStatusCode.NotFound : await read.Content.ReadAsStringAsync() == state;
            },
            $"the state is {state ?? "gone"}");
    }

    [Theory]
    [InlineData("GET", "/instances/nobody", 404)]
    [InlineData("POST", "/instances/nobody/terminate", 404)]
    [InlineData("DELETE", "/instances/nobody", 404)]
    [InlineData("DELETE", "/instances", 400)]
    [InlineData("GET", "/instances?top=0", 400)]
    [InlineData("GET", "/instances?runtimeStatus=Sleeping", 400)]
    [InlineData("POST", "/orchestrators/NoSuchOrchestrator", 400)]
    [InlineData("POST", "/instances/nobody/raiseEvent/End", 404)]
    public async Task Bad_calls_of_the_management_API_have_their_status(string method, string path, int expected) =>
        Assert.Equal(expected, (int)(await CallAsync(new HttpMethod(method), path)).StatusCode);

    [Theory]
    [InlineData(null)]
    [InlineData(TestHost.HostKey)]
    public async Task The_management_API_wants_a_system_key(string? key) =>
        Assert.Equal(HttpStatusCode.Unauthorized, (await Host.GetAsync(Api + "/instances", key)).StatusCode);

    [Fact]
    public async Task The_host_is_ready_when_the_hub_answers() =>
        Assert.Equal(HttpStatusCode.OK, (await Host.GetAsync("/readyz", key: null)).StatusCode);

    private Task<HttpResponseMessage> CallAsync(HttpMethod method, string path, HttpContent? body = null) =>
        Host.SendAsync(method, Api + path, TestHost.SystemKey, body);

    private Task UntilAsync(string id, OrchestrationRuntimeStatus status) => Azurite.UntilAsync(
        async () => (await Host.Get<DurableTaskClient>().GetInstanceAsync(id))!.RuntimeStatus == status, $"{id} is {status}");
}

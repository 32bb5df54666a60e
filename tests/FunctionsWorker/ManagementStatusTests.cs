using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.DurableTask.Client;

namespace Heal.FunctionsWorker.Tests;

/// <summary>What the management API answers about instances by where they are in their life, and how lists are narrowed.</summary>
public sealed class ManagementStatusTests : IAsyncLifetime
{
    private const string Api = "/runtime/webhooks/durabletask";
    private const string Wait = "timeout=30&pollingInterval=1";

    private TestHost _host = null!;

    public async Task InitializeAsync() => _host = await TestHost.StartAsync();

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task One_that_goes_on_is_202_with_where_and_when_to_ask_again_and_one_that_has_ended_is_200()
    {
        await SendAsync("POST", "/orchestrators/Greet/open-1", JsonContent.Create("A"));
        await _host.Get<Journal>().NextAsync();
        await AssertGoesOnAsync("Running");
        await SendAsync("POST", "/instances/open-1/suspend?reason=x");
        await Azurite.UntilAsync(
            async () => (await _host.Get<DurableTaskClient>().GetInstanceAsync("open-1"))!.RuntimeStatus
                == OrchestrationRuntimeStatus.Suspended,
            "it is suspended");
        await AssertGoesOnAsync("Suspended");
        await SendAsync("POST", "/instances/open-1/terminate?reason=x");
        await _host.EndAsync("open-1");
        HttpResponseMessage ended = await SendAsync("GET", "/instances/open-1");
        Assert.Equal((HttpStatusCode.OK, null), (ended.StatusCode, ended.Headers.RetryAfter));

        async Task AssertGoesOnAsync(string status)
        {
            HttpResponseMessage response = await SendAsync("GET", "/instances/open-1?showInput=false");
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
        await SendAsync("POST", "/orchestrators/Greet/over-1", JsonContent.Create("A"));
        await SendAsync("POST", "/instances/over-1/terminate?reason=x");
        await _host.EndAsync("over-1");
        Assert.Equal(
            HttpStatusCode.Gone, (await SendAsync("POST", $"/instances/over-1/{operation}", JsonContent.Create(1))).StatusCode);
        Assert.Equal(
            HttpStatusCode.NotFound, (await SendAsync("POST", $"/instances/nobody/{operation}", JsonContent.Create(1))).StatusCode);
    }

    [Fact]
    public async Task Purging_one_counts_it_and_it_is_gone()
    {
        await SendAsync("POST", $"/orchestrators/Family/one-1?{Wait}", JsonContent.Create(1));
        HttpResponseMessage purged = await SendAsync("DELETE", "/instances/one-1");
        Assert.Equal(HttpStatusCode.OK, purged.StatusCode);
        Assert.Equal("""{"instancesDeleted":1}""", await purged.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync("GET", "/instances/one-1")).StatusCode);
    }

    [Fact]
    public async Task Lists_of_instances_and_entities_are_narrowed_by_time_and_entities_come_in_pages()
    {
        await SendAsync("POST", $"/orchestrators/Family/time-1?{Wait}", JsonContent.Create(1));
        foreach (string key in new[] { "a", "b", "c" })
        {
            await SendAsync("POST", $"/entities/Tally/{key}?op=add", JsonContent.Create(1));
        }

        await Azurite.UntilAsync(async () => (await ListAsync("/entities/tally?fetchState=true")).Count == 3, "there are three entities");
        Assert.Single(await ListAsync("/instances?createdTimeFrom=2020-01-01T00:00:00Z&instanceIdPrefix=time-"));
        Assert.Empty(await ListAsync("/instances?createdTimeFrom=2999-01-01T00:00:00Z"));
        Assert.Empty(await ListAsync("/instances?createdTimeTo=2020-01-01T00:00:00Z"));
        Assert.Equal(3, (await ListAsync("/entities/tally?lastOperationTimeFrom=2020-01-01T00:00:00Z")).Count);
        Assert.Empty(await ListAsync("/entities/tally?lastOperationTimeFrom=2999-01-01T00:00:00Z"));
        Assert.Empty(await ListAsync("/entities?lastOperationTimeTo=2020-01-01T00:00:00Z"));

        HttpResponseMessage first = await SendAsync("GET", "/entities/tally?top=2");
        using var next = new HttpRequestMessage(HttpMethod.Get, $"{Api}/entities/tally?top=2");
        next.Headers.Add("x-functions-key", TestHost.SystemKey);
        next.Headers.Add("x-ms-continuation-token", first.Headers.GetValues("x-ms-continuation-token").Single());
        HttpResponseMessage second = await _host.Client.SendAsync(next);
        Assert.Equal(["a", "b"], await KeysAsync(first));
        Assert.Equal(["c"], await KeysAsync(second));
        Assert.False(second.Headers.Contains("x-ms-continuation-token"));
    }

    private static async Task<string[]> KeysAsync(HttpResponseMessage list) =>
        [.. (await list.Content.ReadFromJsonAsync<JsonArray>())!.Select(static e => (string)e!["entityId"]!["key"]!)];

    private async Task<JsonArray> ListAsync(string path) =>
        (await (await SendAsync("GET", path)).Content.ReadFromJsonAsync<JsonArray>())!;

    private Task<HttpResponseMessage> SendAsync(string method, string path, HttpContent? body = null) =>
        _host.SendAsync(new HttpMethod(method), Api + path, TestHost.SystemKey, body);
}

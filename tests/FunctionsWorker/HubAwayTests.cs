using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Heal.FunctionsWorker.Tests;

/// <summary>What needs the hub while its PostgreSQL cannot be reached, and when it can again.</summary>
public sealed class HubAwayTests : IAsyncLifetime
{
    private const string Api = "/runtime/webhooks/durabletask";

    private AppDatabase _database = null!;
    private SwitchableProxy _proxy = null!;
    private TestHost _host = null!;

    public async Task InitializeAsync()
    {
        _database = await AppDatabase.CreateAsync();
        var server = new NpgsqlConnectionStringBuilder(_database.ConnectionString);
        _proxy = new SwitchableProxy(server.Port);
        _proxy.SwitchOn();
        server.Port = _proxy.Port;
        _host = await TestHost.StartAsync(settings: new(StringComparer.Ordinal)
        {
            [TestHost.DefaultConnection] = server.ConnectionString,
            [TestHost.PostgresSetting] = server.ConnectionString,
        });
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        await _proxy.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task Whoever_needs_the_hub_is_told_when_to_ask_again_and_is_served_when_it_is_back()
    {
        Assert.Equal(HttpStatusCode.Accepted, (await CallAsync("POST", "/api/greet/Ada")).StatusCode);
        string[] reads =
        [
            $"GET {Api}/instances", $"GET {Api}/instances/one", $"GET {Api}/instances/one?showHistory=true", $"GET {Api}/entities",
            $"GET {Api}/entities/Tally/one",
        ];
        string[] orders =
        [
            $"POST {Api}/orchestrators/Greet/one", $"POST {Api}/instances/one/raiseEvent/End", $"POST {Api}/instances/one/terminate",
            $"POST {Api}/instances/one/restart", $"DELETE {Api}/instances/one",
            $"DELETE {Api}/instances?createdTimeFrom=2020-01-01T00:00:00Z", $"POST {Api}/entities/Tally/one?op=add",
            $"DELETE {Api}/entities/Tally/one", "POST /api/greet/Ada", "POST /api/family/3",
        ];

        await _proxy.SwitchOffAsync();

        foreach (string call in reads.Concat(orders))
        {
            await AssertAwayAsync(call);
        }

        _proxy.SwitchOn();
        await Azurite.UntilAsync(
            async () => (await CallAsync("POST", "/api/greet/Ada")).StatusCode == HttpStatusCode.Accepted, "the hub is back");
        Assert.Equal(HttpStatusCode.OK, (await CallAsync("GET", $"{Api}/instances")).StatusCode);
    }

    [Fact]
    public async Task A_function_may_answer_in_its_own_way_and_whoever_waits_hears_of_it()
    {
        DurableTaskClient client = _host.Get<DurableTaskClient>();

        await _proxy.SwitchOffAsync();

        HttpResponseMessage caught = await CallAsync("POST", "/api/try-greet");
        Assert.Equal(HttpStatusCode.OK, caught.StatusCode);
        Assert.Equal("later: NpgsqlException", await caught.Content.ReadAsStringAsync());
        TaskHubUnavailableException away = await Assert.ThrowsAsync<TaskHubUnavailableException>(
            () => client.WaitForInstanceCompletionAsync("one"));
        Assert.Contains("task hub", away.Message, StringComparison.Ordinal);
    }

    private async Task AssertAwayAsync(string call)
    {
        string[] parts = call.Split(' ');
        HttpResponseMessage response = await CallAsync(parts[0], parts[1]);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.ServiceUnavailable, $"{call}: {response.StatusCode} {text}");
        Assert.Equal(TimeSpan.FromSeconds(5), response.Headers.RetryAfter!.Delta);
        JsonObject problem = JsonNode.Parse(text)!.AsObject();
        Assert.Equal("The task hub is out of reach", (string)problem["title"]!);
        Assert.DoesNotContain(_proxy.Port.ToString(), (string)problem["detail"]!, StringComparison.Ordinal);
    }

    private Task<HttpResponseMessage> CallAsync(string method, string path) => _host.SendAsync(
        new HttpMethod(method), path, TestHost.SystemKey, method == "POST" ? JsonContent.Create(1) : null);
}

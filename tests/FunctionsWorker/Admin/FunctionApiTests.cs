using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker.Store;
using Microsoft.Azure.Functions.Worker.Timers;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.FunctionsWorker.Tests.Admin;

public sealed class FunctionApiTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly ManualTime _time = new(Noon);
    private TestHost _host = null!;

    public async Task InitializeAsync() => _host = await TestHost.StartAsync(
        builder => builder.Services.AddSingleton<TimeProvider>(_time)
            .AddSingleton(new TimerLease { LookAgainAfter = TimeSpan.FromHours(1) }),
        settings: new(StringComparer.Ordinal)
        {
            ["TICK"] = "0 */7 * * * *",
            ["ORDERS"] = Azurite.NewName(),
            ["AzureWebJobsStorage"] = Azurite.ConnectionString,
        },
        listeners: ["Tick", "TakeOrder"]);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task The_functions_are_listed_with_their_bindings()
    {
        JsonArray all = (await (await GetAsync("/admin/functions")).Content.ReadFromJsonAsync<JsonArray>())!;
        JsonNode echo = all.Single(static f => (string)f!["name"]! == "Echo")!;
        Assert.EndsWith("/api/Echo", (string)echo["invoke_url_template"]!, StringComparison.Ordinal);
        JsonNode binding = echo["config"]!["bindings"]![0]!;
        Assert.Equal(("httpTrigger", "Function"), ((string)binding["type"]!, (string)binding["authLevel"]!));
        JsonNode slow = all.Single(static f => (string)f!["name"]! == "SlowOrder")!;
        Assert.True((bool)slow["isDisabled"]!);
        Assert.Equal("%ORDERS%", (string)slow["config"]!["bindings"]![0]!["queueName"]!);
    }

    [Fact]
    public async Task One_function_tells_its_schedule_and_where_its_code_is()
    {
        JsonObject tick = await TestHost.JsonAsync(await GetAsync("/admin/functions/tick"));
        Assert.Equal("0 */7 * * * *", (string)tick["config"]!["bindings"]![0]!["schedule"]!);
        Assert.EndsWith("ListenerSamples.TickAsync", (string)tick["config"]!["entryPoint"]!, StringComparison.Ordinal);
        Assert.Equal("Heal.FunctionsWorker.Tests.dll", (string)tick["config"]!["scriptFile"]!);
    }

    [Fact]
    public async Task The_host_tells_how_many_functions_it_has()
    {
        JsonObject status = await TestHost.JsonAsync(await GetAsync("/admin/host/status"));
        JsonArray all = (await (await GetAsync("/admin/functions")).Content.ReadFromJsonAsync<JsonArray>())!;
        Assert.Equal(all.Count, (int)status["functionCount"]!);
        Assert.Equal(all.Count(static f => (bool)f!["isDisabled"]!), (int)status["disabledCount"]!);
    }

    [Fact]
    public async Task A_timer_function_runs_by_hand_beside_its_schedule_and_never_twice_at_a_time()
    {
        Journal journal = _host.Get<Journal>();
        journal.Hold = true;
        await _time.WaitsUntilAsync(Noon.AddMinutes(7));
        Assert.Equal(HttpStatusCode.Accepted, (await RunAsync("Tick", "{}")).StatusCode);
        await journal.NextAsync();
        Assert.True((bool)(await StatusAsync())["timer"]!["isRunning"]!);
        HttpResponseMessage second = await RunAsync("Tick", "{}");
        Assert.Equal(HttpStatusCode.Conflict, second.StatusCode);
        Assert.Contains("runs right now", (string)(await TestHost.JsonAsync(second))["detail"]!, StringComparison.Ordinal);
        journal.GoOn.Release();
        await Azurite.UntilAsync(async () => !(bool)(await StatusAsync())["timer"]!["isRunning"]!, "the run by hand is over");
        Assert.Equal(Noon.AddMinutes(7), (DateTimeOffset)(await StatusAsync())["timer"]!["next"]!);
        Assert.Equal(["tick next=12:07:00 late=False"], journal.Entries);
        journal.Hold = false;
        _time.MoveTo(Noon.AddMinutes(7));
        await journal.NextAsync();
        Assert.Equal(2, journal.Entries.Count);
    }

    [Fact]
    public async Task A_timer_function_whose_run_was_lost_with_its_host_can_be_run_by_hand_again()
    {
        await _time.WaitsUntilAsync(Noon.AddMinutes(7));
        await _host.Get<IHostStore>().ClaimAsync(
            new("Tick", "0 */7 * * * *", Due: null, "a host that died", Noon, TimeSpan.FromSeconds(30)), default);
        Assert.Equal(HttpStatusCode.Conflict, (await RunAsync("Tick", "{}")).StatusCode);
        _time.Advance(TimeSpan.FromSeconds(34));
        Assert.Equal(HttpStatusCode.Conflict, (await RunAsync("Tick", "{}")).StatusCode);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.Accepted, (await RunAsync("Tick", "{}")).StatusCode);
        await _host.Get<Journal>().NextAsync();
    }

    [Fact]
    public async Task A_host_that_stops_waits_for_a_run_by_hand_and_gives_its_lease_back()
    {
        Journal journal = _host.Get<Journal>();
        journal.Hold = true;
        await _time.WaitsUntilAsync(Noon.AddMinutes(7));
        await RunAsync("Tick", "{}");
        await journal.NextAsync();
        Task stopped = _host.Host.StopAsync();
        journal.GoOn.Release();
        await stopped;
        Assert.Null((await _host.Get<IHostStore>().ReadAsync("Tick", default))!.LeaseLeft);
    }

    [Fact]
    public async Task A_queue_function_runs_by_hand_with_the_input_as_its_message()
    {
        HttpResponseMessage first = await RunAsync("takeorder", """{ "input": "{ \"number\": 7, \"item\": \"tea\" }" }""");
        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        Journal journal = _host.Get<Journal>();
        await journal.NextAsync();
        Assert.Equal(HttpStatusCode.Accepted, (await RunAsync("TakeOrder", """{ "input": { "number": 8, "item": "oil" } }""")).StatusCode);
        await journal.NextAsync();
        Assert.Equal(["order 7 tea True 1", "order 8 oil True 1"], journal.Entries);
    }

    [Theory]
    [InlineData("Nobody", "{}", 404, "no function 'Nobody'")]
    [InlineData("Tick", "{ no json", 400, "not JSON")]
    [InlineData("Tick", "7", 400, "no object")]
    [InlineData("Echo", "{}", 400, "call its route")]
    [InlineData("Greet", "{}", 400, "management API")]
    [InlineData("SlowOrder", "{}", 400, "disabled")]
    public async Task What_cannot_be_run_is_refused_with_the_reason(string function, string body, int status, string reason)
    {
        HttpResponseMessage response = await RunAsync(function, body);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(reason, (string)(await TestHost.JsonAsync(response))["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_the_master_key_runs_a_function() => Assert.Equal(
        HttpStatusCode.Unauthorized, (await _host.SendAsync(HttpMethod.Post, "/admin/functions/Tick", TestHost.HostKey)).StatusCode);

    private Task<HttpResponseMessage> GetAsync(string path) => _host.GetAsync(path, TestHost.Master);

    private async Task<JsonObject> StatusAsync() => await TestHost.JsonAsync(await GetAsync("/admin/functions/Tick/status"));

    private Task<HttpResponseMessage> RunAsync(string function, string body) => _host.SendAsync(
        HttpMethod.Post, $"/admin/functions/{function}", TestHost.Master, new StringContent(body, Encoding.UTF8, "application/json"));
}

using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.DurableTask.Client;

namespace Heal.FunctionsWorker.Tests;

/// <summary>extensions.durableTask.tracing of host.json: what the log says of inputs, outputs and replays.</summary>
public sealed class PayloadLogTests
{
    [Fact]
    public async Task Inputs_and_outputs_are_logged_where_host_json_asks_for_it()
    {
        string log = await LogOfGreetAsync("""{ "traceInputsAndOutputs": true }""");
        Assert.Contains("greet': Greet began (replay: False), input \"Ada\"", log, StringComparison.Ordinal);
        Assert.Contains("greet': SayHello began (replay: False), input \"Ada\"", log, StringComparison.Ordinal);
        Assert.Contains("greet': SayHello ended (replay: False), output \"", log, StringComparison.Ordinal);
        Assert.Contains("greet': Greet ended (replay: False), output \"", log, StringComparison.Ordinal);
        Assert.DoesNotContain("replay: True", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Replays_are_logged_where_host_json_asks_for_it_with_sizes_in_place_of_payloads()
    {
        string log = await LogOfGreetAsync("""{ "traceReplayEvents": true }""");
        Assert.Contains("greet': Greet began (replay: True), input (5 bytes)", log, StringComparison.Ordinal);
        Assert.DoesNotContain("replay: False", log, StringComparison.Ordinal);
        Assert.DoesNotContain("input \"Ada\"", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Otherwise_the_log_has_neither() =>
        Assert.DoesNotContain("(replay: ", await LogOfGreetAsync("{}"), StringComparison.Ordinal);

    private static async Task<string> LogOfGreetAsync(string tracing)
    {
        await using TestHost host = await TestHost.StartAsync(
            hostJson: $$"""{ "extensions": { "durableTask": { "tracing": {{tracing}} } } }""");
        var client = host.Get<DurableTaskClient>();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await client.ScheduleNewOrchestrationInstanceAsync(
            "Greet", "Ada", new Microsoft.DurableTask.StartOrchestrationOptions("greet"), limit.Token);
        await host.Get<Journal>().NextAsync();
        await client.RaiseEventAsync("greet", "End", "!", limit.Token);
        await client.WaitForInstanceCompletionAsync("greet", limit.Token);
        return host.Log.All;
    }
}

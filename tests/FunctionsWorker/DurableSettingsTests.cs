using System.Net;
using System.Net.Http.Json;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.Configuration;

namespace Heal.FunctionsWorker.Tests;

/// <summary>extensions.durableTask of host.json: what is read, what is refused, and what it does.</summary>
public sealed class DurableSettingsTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("durable-settings-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void All_that_the_engine_can_honour_is_read()
    {
        DurableSettings durable = Read("""
            { "defaultVersion": "2.1", "versionMatchStrategy": "strict", "versionFailureStrategy": "Fail",
              "overridableExistingInstanceStates": "AnyState", "extendedSessionsEnabled": true, "maxEntityOperationBatchSize": 7,
              "httpSettings": { "defaultAsyncRequestSleepTimeMilliseconds": 1500, "useForwardedHost": true, "maxResponseBytes": 4096 },
              "rollbackEntityOperationsOnExceptions": true, "throwStatusExceptionsOnRaiseEvent": false, "notifications": {},
              "tracing": { "distributedTracingEnabled": true, "version": "V2", "traceInputsAndOutputs": false, "traceReplayEvents": false },
              "extendedSessionIdleTimeoutInSeconds": 30, "useGracefulShutdown": true, "useAppLease": false, "maxOrchestrationActions": 9 }
            """, []);

        Assert.Equal(("2.1", DurableTaskWorkerOptions.VersionMatchStrategy.Strict, DurableTaskWorkerOptions.VersionFailureStrategy.Fail),
            (durable.DefaultVersion, durable.VersionMatch, durable.VersionFailure));
        Assert.Equal((OverridableStates.AnyState, true, 7),
            (durable.ExistingInstances, durable.ExtendedSessions, durable.MaxEntityOperationBatchSize));
        Assert.Equal((TimeSpan.FromSeconds(1.5), true, 4096),
            (durable.HttpPollInterval, durable.UseForwardedHost, durable.HttpMaxResponseBytes));
    }

    [Theory]
    [InlineData("""{ "extendedSessionsEnabled": "yes" }""", "extendedSessionsEnabled: is \"yes\", expected true or false")]
    [InlineData("""{ "overridableExistingInstanceStates": "Some" }""", "overridableExistingInstanceStates: is \"Some\", expected one of")]
    [InlineData("""{ "versionMatchStrategy": 3 }""", "versionMatchStrategy: is 3, expected one of None, Strict, CurrentOrOlder")]
    [InlineData("""{ "httpSettings": { "maxResponseBytes": 1 } }""", "httpSettings.maxResponseBytes: is 1, expected a whole number")]
    [InlineData("""{ "tracing": { "version": "V1" } }""", "tracing.version: is \"V1\", expected one of None, V2")]
    [InlineData("""{ "tracing": { "traceReplayEvents": "yes" } }""", "tracing.traceReplayEvents: is \"yes\", expected true or false")]
    [InlineData("""{ "tracing": { "traceInputs": true } }""", "tracing.traceInputs: is unknown, expected one of")]
    [InlineData("""{ "rollbackEntityOperationsOnExceptions": false }""", "rollbackEntityOperationsOnExceptions: is false, expected true")]
    [InlineData("""{ "throwStatusExceptionsOnRaiseEvent": true }""", "throwStatusExceptionsOnRaiseEvent: is true, expected false")]
    [InlineData("""{ "notifications": { "eventGrid": {} } }""", "notifications.eventGrid: is unknown, expected nothing: this host")]
    public void What_this_host_cannot_do_is_refused_with_the_reason(string durable, string fault)
    {
        var faults = new List<string>();
        Read(durable, faults);
        Assert.Contains(fault, Assert.Single(faults), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("NonRunningStates", 500)]
    [InlineData("AnyState", 202)]
    public async Task A_start_replaces_a_running_instance_where_any_state_may_be_overridden(string states, int expected)
    {
        await using TestHost host = await TestHost.StartAsync(
            hostJson: Json($$"""{ "overridableExistingInstanceStates": "{{states}}" }"""));
        await StartAsync("Greet");
        HttpResponseMessage second = await StartAsync("Greet");
        Assert.Equal(expected, (int)second.StatusCode);

        Task<HttpResponseMessage> StartAsync(string orchestrator) => host.SendAsync(HttpMethod.Post,
            $"/runtime/webhooks/durabletask/orchestrators/{orchestrator}/single", TestHost.SystemKey, JsonContent.Create("Ada"));
    }

    [Fact]
    public async Task New_orchestrations_have_the_default_version_and_other_versions_fail_where_they_are_to()
    {
        await using TestHost host = await TestHost.StartAsync(hostJson: Json(
            """{ "defaultVersion": "2.0", "versionMatchStrategy": "Strict", "versionFailureStrategy": "Fail" }"""));
        DurableTaskClient client = host.Get<DurableTaskClient>();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        string own = await client.ScheduleNewOrchestrationInstanceAsync("WhoRuns", limit.Token);
        string old = await client.ScheduleNewOrchestrationInstanceAsync(
            "WhoRuns", input: null, new Microsoft.DurableTask.StartOrchestrationOptions { Version = "1.0" }, limit.Token);

        Assert.EndsWith(" 2.0", (await client.WaitForInstanceCompletionAsync(own, true, limit.Token)).ReadOutputAs<string>()!,
            StringComparison.Ordinal);
        Assert.Equal("VersionMismatch", (await client.WaitForInstanceCompletionAsync(old, true, limit.Token)).FailureDetails!.ErrorType);
    }

    [Fact]
    public async Task Addresses_of_the_management_API_follow_the_proxy_where_host_json_trusts_it()
    {
        await using TestHost host = await TestHost.StartAsync(hostJson: Json("""{ "httpSettings": { "useForwardedHost": true } }"""));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/runtime/webhooks/durabletask/orchestrators/WhoRuns");
        request.Headers.Add("x-functions-key", TestHost.SystemKey);
        request.Headers.Add("X-Forwarded-Host", "heal.example");
        request.Headers.Add("X-Forwarded-Proto", "https");
        HttpResponseMessage started = await host.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Accepted, started.StatusCode);
        Assert.Equal("https://heal.example", started.Headers.Location!.GetLeftPart(UriPartial.Authority));
    }

    private static string Json(string durable) => $$"""{ "extensions": { "durableTask": {{durable}} } }""";

    private DurableSettings Read(string durable, List<string> faults)
    {
        string path = Path.Combine(_root, "host.json");
        File.WriteAllText(path, Json(durable));
        DurableSettings settings = HostSettingsReader.Read(path, _root, new ConfigurationBuilder().Build(), faults).Durable;
        return settings;
    }
}

using System.Net;
using System.Net.Http.Json;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

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

    /// <summary>What each of these limits does, the engine's own tests show.</summary>
    [Fact]
    public async Task Limits_and_sessions_reach_the_worker()
    {
        await using TestHost host = await TestHost.StartAsync(hostJson: """
            { "extensions": { "durableTask": {
              "maxConcurrentActivityFunctions": 3, "maxConcurrentOrchestratorFunctions": 4, "maxConcurrentEntityFunctions": 5,
              "maxEntityOperationBatchSize": 6, "maxLostAttempts": 7, "extendedSessionsEnabled": true,
              "concurrencyLimits": { "activities": { "SayHello": 1 }, "orchestrations": { "Greet": 2 } } } } }
            """);
        DurableTaskWorkerOptions worker = host.Get<IOptionsMonitor<DurableTaskWorkerOptions>>().Get(Options.DefaultName);
        TaskHubWorkerOptions hub = host.Get<IOptionsMonitor<TaskHubWorkerOptions>>().Get(Options.DefaultName);

        Assert.Equal(
            (3, 4, 5),
            (worker.Concurrency.MaximumConcurrentActivityWorkItems, worker.Concurrency.MaximumConcurrentOrchestrationWorkItems,
                worker.Concurrency.MaximumConcurrentEntityWorkItems));
        Assert.Equal((6, 7, true), (hub.MaximumEntityOperationsPerBatch, hub.MaximumLostAttempts, hub.ExtendedSessions));
        Assert.Equal((1, 2), (hub.ConcurrencyLimits.Activities["SayHello"], hub.ConcurrencyLimits.Orchestrations["Greet"]));
    }

    [Fact]
    public void How_the_stores_of_the_Azure_host_are_tuned_is_accepted_but_another_store_is_not()
    {
        var faults = new List<string>();
        DurableSettings durable = Read("""
            { "storageProvider": { "connectionStringName": "HUB_STATE", "partitionCount": 4, "largePayloadStorageEnabled": true,
              "largePayloadStorageThresholdBytes": 10240, "taskEventLockTimeout": "00:02:00", "workItemFilteringEnabled": true } }
            """, faults);
        Assert.Empty(faults);
        Assert.Equal(("HUB_STATE", 10240, true), (durable.ConnectionStringName, durable.LargePayloadThreshold, durable.FiltersWorkItems));

        Read("""{ "storageProvider": { "type": "azureManaged", "partitionCounts": 4 } }""", faults);
        Assert.Equal(2, faults.Count);
        Assert.Contains("expected one of PostgreSQL, where this host keeps state; to leave the file as it is, set AzureFunctionsJobHost__"
            + "extensions__durableTask__storageProvider__type=PostgreSQL", faults[0], StringComparison.Ordinal);
        Assert.EndsWith("partitionCounts: is unknown, expected one of connectionStringName, largePayloadStorageMaximumBytes, "
            + "largePayloadStorageThresholdBytes, type, workItemFilteringEnabled, workItemLockTimeout",
            faults[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("%HUB_NAME%", "Orders7", "Orders7", null)]
    [InlineData("%HUB_NAME%Test", "Orders7", "Orders7Test", null)]
    [InlineData("%HUB_NAME%", "no spaces", null, "hubName: is \"%HUB_NAME%\", which stands for 'no spaces', expected 1 to 45 letters")]
    [InlineData("%HUB_NAME%", null, null, "hubName: refers to setting 'HUB_NAME', which is not set")]
    public void The_name_of_the_hub_may_stand_in_a_setting(string name, string? setting, string? expected, string? fault)
    {
        var faults = new List<string>();
        DurableSettings durable = Read($$"""{ "hubName": "{{name}}" }""", faults, new() { ["HUB_NAME"] = setting });
        Assert.Equal(expected ?? new DurableSettings().HubName, durable.HubName);
        if (fault is null)
        {
            Assert.Empty(faults);
        }
        else
        {
            Assert.Contains(fault, Assert.Single(faults), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(true, "Pending")]
    [InlineData(false, "Failed")]
    public async Task Work_for_functions_that_are_not_here_is_left_alone_where_it_is_filtered(bool isFiltered, string expected)
    {
        await using TestHost host = await TestHost.StartAsync(
            hostJson: Json($$"""{ "storageProvider": { "workItemFilteringEnabled": {{(isFiltered ? "true" : "false")}} } }"""));
        DurableTaskClient client = host.Get<DurableTaskClient>();
        string other = await client.ScheduleNewOrchestrationInstanceAsync("OfAnotherApplication");
        string own = await client.ScheduleNewOrchestrationInstanceAsync("WhoRuns");
        await host.EndAsync(own);
        if (!isFiltered)
        {
            await host.EndAsync(other);
        }

        Assert.Equal(expected, (await client.GetInstanceAsync(other))!.RuntimeStatus.ToString());
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

    [Theory]
    [InlineData("NonRunningStates", 500)]
    [InlineData("AnyState", 202)]
    public async Task A_restart_replaces_a_running_instance_where_any_state_may_be_overridden(string states, int expected)
    {
        await using TestHost host = await TestHost.StartAsync(
            hostJson: Json($$"""{ "overridableExistingInstanceStates": "{{states}}" }"""));
        DurableTaskClient client = host.Get<DurableTaskClient>();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        string id = await client.ScheduleNewOrchestrationInstanceAsync("Greet", "Ada", limit.Token);
        OrchestrationMetadata first = await client.WaitForInstanceStartAsync(id, limit.Token);
        HttpResponseMessage restarted = await host.SendAsync(HttpMethod.Post,
            $"/runtime/webhooks/durabletask/instances/{id}/restart?restartWithNewInstanceId=false", TestHost.SystemKey);

        Assert.Equal(expected, (int)restarted.StatusCode);
        OrchestrationMetadata second = await client.WaitForInstanceStartAsync(id, getInputsAndOutputs: true, limit.Token);
        Assert.Equal(("\"Ada\"", OrchestrationRuntimeStatus.Running), (second.SerializedInput, second.RuntimeStatus));
        Assert.Equal(expected == 202, first.CreatedAt != second.CreatedAt);
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
        const string Api = "/runtime/webhooks/durabletask";
        Assert.StartsWith(
            $"https://heal.example{Api}/instances/waits-1?", await LocationAsync(HttpMethod.Post, $"{Api}/orchestrators/Fleeting/waits-1"),
            StringComparison.Ordinal);
        foreach (string status in new[] { $"{Api}/instances/waits-1?showInput=false", $"{Api}/instances/waits-1?showHistory=true" })
        {
            Assert.Equal($"https://heal.example{status}", await LocationAsync(HttpMethod.Get, status));
        }

        async Task<string> LocationAsync(HttpMethod method, string path)
        {
            using var request = new HttpRequestMessage(method, path);
            request.Headers.Add("x-functions-key", TestHost.SystemKey);
            request.Headers.Add("X-Forwarded-Host", "heal.example");
            request.Headers.Add("X-Forwarded-Proto", "https");
            HttpResponseMessage response = await host.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
            return response.Headers.Location!.OriginalString;
        }
    }

    private static string Json(string durable) => $$"""{ "extensions": { "durableTask": {{durable}} } }""";

    private DurableSettings Read(string durable, List<string> faults, Dictionary<string, string?>? settings = null)
    {
        string path = Path.Combine(_root, "host.json");
        File.WriteAllText(path, Json(durable));
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(settings ?? []).Build();
        return HostSettingsReader.Read(path, _root, configuration, faults).Durable;
    }
}

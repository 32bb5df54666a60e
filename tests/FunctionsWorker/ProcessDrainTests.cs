using System.Text.Json.Nodes;
using Heal.FunctionsWorker.Tests.Support;
using Npgsql;

namespace Heal.FunctionsWorker.Tests;

/// <summary>SIGTERM to a real process that has requests and activities under way.</summary>
public sealed class ProcessDrainTests
{
    [Fact]
    public async Task A_request_that_runs_is_answered_and_new_connections_are_refused()
    {
        await using SampleProcess process = await SampleProcess.StartAsync(new(StringComparer.Ordinal));
        using var client = new HttpClient { BaseAddress = process.Address };
        Task<string> running = client.GetStringAsync(new Uri("/api/wait/00:00:05", UriKind.Relative));
        await process.UntilPrintedAsync("waits 00:00:05");
        await process.SignalAsync("TERM");
        await process.UntilPrintedAsync("Stopping: 1 invocations may finish");
        await Azurite.UntilAsync(async () => !await IsReachableAsync(process.Address), "connections are refused");
        Assert.False(running.IsCompleted);
        Assert.Equal("done", await running);
        Assert.Equal(0, await process.ExitCodeAsync());
    }

    [Fact]
    public async Task An_activity_that_does_not_end_goes_to_another_host_at_once_and_its_orchestration_completes()
    {
        string schema = $"test_drain_{Guid.NewGuid():N}"[..40];
        // ten minutes: a lease that is not given back would outlast the test
        string hostJson = $$"""
            { "extensions": { "durableTask": { "hubName": "{{schema}}", "storageProvider": {
                "type": "PostgreSQL", "connectionStringName": "TEST_POSTGRES", "workItemLockTimeout": "00:10:00" } } } }
            """;
        string connection = Environment.GetEnvironmentVariable("HEAL_TEST_POSTGRES")
            ?? throw new InvalidOperationException("HEAL_TEST_POSTGRES is not set. Run ./test.sh, or eng/services.sh up.");
        Dictionary<string, string> Settings(string errand) => new(StringComparer.Ordinal)
        {
            ["TEST_POSTGRES"] = connection, ["ERRAND"] = errand, ["FUNCTIONS_DRAIN_TIMEOUT"] = "00:00:01",
        };
        await using (SampleProcess first = await SampleProcess.StartAsync(Settings("00:30:00"), hostJson))
        {
            using var starter = new HttpClient { BaseAddress = first.Address };
            await starter.PostAsync(new Uri("/api/errands/e1", UriKind.Relative), content: null);
            await first.UntilPrintedAsync("errand e1");
            await first.SignalAsync("TERM");
            Assert.Equal(0, await first.ExitCodeAsync());
        }

        await using (SampleProcess second = await SampleProcess.StartAsync(Settings("00:00:00"), hostJson))
        {
            await second.UntilPrintedAsync("errand e1");
            using var client = new HttpClient { BaseAddress = second.Address };
            JsonNode? status = null;
            await Azurite.UntilAsync(
                async () =>
                {
                    status = JsonNode.Parse(await client.GetStringAsync(
                        new Uri($"/runtime/webhooks/durabletask/instances/e1?code={TestHost.SystemKey}", UriKind.Relative)));
                    return (string?)status!["runtimeStatus"] is not ("Pending" or "Running");
                },
                "the orchestration has ended");
            Assert.Equal(("Completed", "run"), ((string)status!["runtimeStatus"]!, (string)status["output"]!));
            Assert.Single(second.Lines, static l => l.Contains("errand e1", StringComparison.Ordinal));
        }

        await using var database = new NpgsqlConnection(connection);
        await database.OpenAsync();
        await using var drop = new NpgsqlCommand($"DROP SCHEMA IF EXISTS {schema} CASCADE", database);
        await drop.ExecuteNonQueryAsync();
    }

    private static async Task<bool> IsReachableAsync(Uri address)
    {
        using var client = new HttpClient { BaseAddress = address };
        try
        {
            await client.GetAsync(new Uri("/healthz/live", UriKind.Relative));
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}

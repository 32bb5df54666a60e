using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using DurableTask.Core.History;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Management;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Heal.FunctionsWorker.Tests;

/// <summary>Looks at the memory of the whole process: nothing else may run meanwhile.</summary>
[CollectionDefinition(nameof(LongHistoryTests), DisableParallelization = true)]
public sealed class LongHistoryCollection;

[Collection(nameof(LongHistoryTests))]
public sealed class LongHistoryTests : IAsyncLifetime
{
    private const int LargePayload = 16 * 1024; // Bytes.
    private const int FirstAdded = 1000;

    private readonly string _schema = $"test_long_{Guid.NewGuid():N}"[..40];

    private static string ConnectionString => Environment.GetEnvironmentVariable("HEAL_TEST_POSTGRES")
        ?? throw new InvalidOperationException("HEAL_TEST_POSTGRES is not set. Run ./test.sh, or eng/services.sh up.");

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => ExecuteAsync($"DROP SCHEMA IF EXISTS {_schema}, {_schema}_host CASCADE");

    [Fact]
    public async Task A_history_of_ten_thousand_events_is_sent_without_being_held()
    {
        const int Calls = 5_000;
        const int PayloadLength = 4_000;
        await using TestHost host = await StartAsync();
        await RunAsync(host);
        await AddCallsAsync("long", Calls, $"\"{new string('x', PayloadLength)}\"");

        long before = GC.GetTotalMemory(forceFullCollection: true);
        long most = 0;
        long length = 0;
        int completions = 0;
        using HttpResponseMessage reply = await BeginAsync(host);
        using var text = new StreamReader(await reply.Content.ReadAsStreamAsync());
        char[] part = new char[1024 * 1024];
        for (int read; (read = await text.ReadBlockAsync(part)) > 0;)
        {
            length += read;
            completions += part.AsSpan(0, read).Count("\"TaskCompleted\"");
            most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
        }

        Assert.True(length > 2L * Calls * PayloadLength, $"only {length} characters came");
        Assert.InRange(completions, Calls - (length / part.Length), Calls + 3); // one on the edge of two parts is not counted
        Assert.True(most < length / 4, $"{most} bytes were held of a history of {length}");
    }

    [Fact]
    public async Task A_history_that_fails_on_the_way_is_cut_off_so_that_the_client_sees_it_and_the_log_names_the_instance()
    {
        await using TestHost host = await StartAsync();
        await RunAsync(host);
        await AddCallsAsync("long", 5_000, $"\"{new string('x', 4_000)}\"");

        // Far more than the connection takes while nobody reads: when the head has come, the end has not been read.
        using HttpResponseMessage reply = await BeginAsync(host);
        await ExecuteAsync($"ALTER TABLE {_schema}.history RENAME TO history_away");

        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => reply.Content.CopyToAsync(Stream.Null));
        await host.Log.ContainsAsync("GET /runtime/webhooks/durabletask/instances/long failed after its reply had begun");
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/livez")).StatusCode);
    }

    [Fact]
    public async Task A_history_that_fails_before_anything_was_sent_leaves_nothing_in_front_of_the_error()
    {
        var http = new DefaultHttpContext();
        using var body = new MemoryStream();
        http.Response.Body = body;
        var instance = new OrchestrationMetadata("Family", "short");

        await Assert.ThrowsAsync<InvalidOperationException>(
            () => ManagementReplies.StatusAsync(
                http, "http://host.example/", instance, InstanceStatus.Of(instance, showInput: true), FailingAsync()));

        Assert.Equal(0, body.Length);
        Assert.Empty(http.Response.Headers);

        static async IAsyncEnumerable<JsonObject> FailingAsync()
        {
            yield return new() { ["EventType"] = "ExecutionStarted" };
            await Task.Yield();
            throw new InvalidOperationException("the database is away");
        }
    }

    [Fact]
    public async Task A_history_in_parts_is_that_of_the_whole_with_payloads_that_are_stored_apart()
    {
        await using TestHost host = await StartAsync();
        var client = host.Get<DurableTaskClient>();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        string name = new('x', 2 * LargePayload);
        await client.ScheduleNewOrchestrationInstanceAsync("Greet", name, new StartOrchestrationOptions("parts"), limit.Token);
        await host.Get<Journal>().NextAsync();
        await client.RaiseEventAsync("parts", "End", "!", limit.Token);
        await client.WaitForInstanceCompletionAsync("parts", limit.Token);
        await AddCallsAsync("parts", 200, "1");

        var whole = await client.GetOrchestrationHistoryAsync("parts", limit.Token);
        var parts = new List<HistoryEvent>();
        await foreach (HistoryEvent entry in client.ReadOrchestrationHistoryAsync("parts", limit.Token))
        {
            parts.Add(entry);
        }

        Assert.Equal(whole.Select(HistorySerializer.Serialize), parts.Select(HistorySerializer.Serialize));
        Assert.Contains(name, parts.OfType<ExecutionStartedEvent>().Single().Input, StringComparison.Ordinal);
        Assert.Equal(200, parts.OfType<TaskCompletedEvent>().Count(static e => e.TaskScheduledId >= FirstAdded));
    }

    private static Task<HttpResponseMessage> RunAsync(TestHost host) => host.SendAsync(
        HttpMethod.Post, "/runtime/webhooks/durabletask/orchestrators/Family/long?timeout=30&pollingInterval=1", TestHost.SystemKey,
        JsonContent.Create(3));

    /// <summary>Asks for the history, and has the head of the reply.</summary>
    private static async Task<HttpResponseMessage> BeginAsync(TestHost host)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get, "/runtime/webhooks/durabletask/instances/long?showHistory=true&showHistoryOutput=true");
        request.Headers.Add("x-functions-key", TestHost.SystemKey);
        return await host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private Task<TestHost> StartAsync() => TestHost.StartAsync(
        settings: new(StringComparer.Ordinal) { [TestHost.PostgresSetting] = ConnectionString },
        hostJson: $$"""
            { "extensions": { "durableTask": { "hubName": "{{_schema}}",
                "storageProvider": {
                    "connectionStringName": "TEST_POSTGRES", "largePayloadStorageThresholdBytes": {{LargePayload}} } } } }
            """);

    private static async Task ExecuteAsync(string statement)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Writes so many calls with their completions behind the history that is there.</summary>
    private async Task AddCallsAsync(string instanceId, int count, string payload)
    {
        var events = Enumerable.Range(FirstAdded, count).SelectMany(id => new HistoryEvent[]
        {
            new TaskScheduledEvent(id, "Step", version: null, payload),
            new TaskCompletedEvent(-1, id, payload),
        });
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        foreach (HistoryEvent[] part in events.Chunk(500))
        {
            await using var insert = new NpgsqlCommand(
                $"""
                INSERT INTO {_schema}.history
                SELECT $1, (SELECT max(seq) FROM {_schema}.history WHERE instance_id = $1) + e.place, e.text
                FROM unnest($2::text[]) WITH ORDINALITY AS e(text, place)
                """,
                connection);
            insert.Parameters.Add(new() { Value = instanceId });
            insert.Parameters.Add(new() { Value = part.Select(HistorySerializer.Serialize).ToArray() });
            await insert.ExecuteNonQueryAsync();
        }
    }
}

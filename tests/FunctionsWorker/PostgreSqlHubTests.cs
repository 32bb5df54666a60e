using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Heal.Postgres;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.PostgreSql;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Heal.FunctionsWorker.Tests;

public sealed class PostgreSqlHubTests : IAsyncLifetime
{
    private readonly string _schema = $"test_host_{Guid.NewGuid():N}"[..40];

    private static string ConnectionString => Environment.GetEnvironmentVariable("HEAL_TEST_POSTGRES")
        ?? throw new InvalidOperationException("HEAL_TEST_POSTGRES is not set. Run ./test.sh, or eng/services.sh up.");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var drop = new NpgsqlCommand($"DROP SCHEMA IF EXISTS {_schema}, {_schema}_host CASCADE", connection);
        await drop.ExecuteNonQueryAsync();
    }

    [Fact]
    public async Task The_hub_of_host_json_runs_the_durable_functions()
    {
        await using TestHost host = await StartAsync(ConnectionString);
        HttpResponseMessage started = await host.SendAsync(HttpMethod.Post, "/api/greet/Ada");
        string id = (string)(await TestHost.JsonAsync(started))["Id"]!;
        await host.Get<Journal>().NextAsync();
        var client = host.Get<DurableTaskClient>();
        await client.RaiseEventAsync(id, "End", "!");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        OrchestrationMetadata ended = await client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true, limit.Token);
        Assert.Equal("Hello, Ada!", ended.ReadOutputAs<string>());
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/readyz")).StatusCode);
    }

    [Fact]
    public async Task The_management_API_shows_the_history_rewinds_and_restarts_what_the_database_holds()
    {
        await using TestHost host = await StartAsync(ConnectionString);
        host.Get<Journal>().Fail = true;
        await PostAsync("/orchestrators/Family/pg-1?timeout=30&pollingInterval=1", JsonContent.Create(3));
        JsonArray failed = (await TestHost.JsonAsync(await GetAsync("/instances/pg-1?showHistory=true")))["historyEvents"]!.AsArray();
        Assert.Equal(["ExecutionStarted", "TaskFailed", "ExecutionCompleted"], failed.Select(static e => (string)e!["EventType"]!));

        host.Get<Journal>().Fail = false;
        Assert.Equal(HttpStatusCode.Accepted, (await PostAsync("/instances/pg-1/rewind?reason=mended")).StatusCode);
        await Azurite.UntilAsync(
            async () => (string)(await TestHost.JsonAsync(await GetAsync("/instances/pg-1")))["runtimeStatus"]! == "Completed",
            "pg-1 has completed");
        HttpResponseMessage again = await PostAsync(
            "/instances/pg-1/restart?restartWithNewInstanceId=false&timeout=30&pollingInterval=1");
        Assert.Equal("12", await again.Content.ReadAsStringAsync());

        Task<HttpResponseMessage> GetAsync(string path) => host.GetAsync($"/runtime/webhooks/durabletask{path}", TestHost.SystemKey);

        Task<HttpResponseMessage> PostAsync(string path, HttpContent? body = null) =>
            host.SendAsync(HttpMethod.Post, $"/runtime/webhooks/durabletask{path}", TestHost.SystemKey, body);
    }

    [Fact]
    public async Task A_database_that_goes_away_leaves_the_host_up_and_not_ready()
    {
        var server = new NpgsqlConnectionStringBuilder(ConnectionString);
        await using var proxy = new SwitchableProxy(server.Port);
        proxy.SwitchOn();
        server.Port = proxy.Port;
        await using TestHost host = await StartAsync(server.ConnectionString);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/readyz")).StatusCode);

        await proxy.SwitchOffAsync();

        // An answer may be half a second old.
        await Azurite.UntilAsync(
            async () => (await host.GetAsync("/readyz")).StatusCode == HttpStatusCode.ServiceUnavailable, "the host is not ready");
        Assert.Contains("task hub", await host.GetTextAsync("/readyz"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/livez")).StatusCode);
    }

    [Fact]
    public async Task A_server_that_answers_and_has_no_such_database_ends_the_start_and_is_named()
    {
        var wrong = new NpgsqlConnectionStringBuilder(ConnectionString) { Database = "no_such_database" };

        PostgresUnavailableException exception = await Assert.ThrowsAsync<PostgresUnavailableException>(
            () => StartAsync(wrong.ConnectionString));

        Assert.Contains("'no_such_database'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_application_may_insist_on_its_database_at_the_start()
    {
        var away = new NpgsqlConnectionStringBuilder(ConnectionString) { Host = "127.0.0.1", Port = 1 };

        PostgresUnavailableException exception = await Assert.ThrowsAsync<PostgresUnavailableException>(
            () => StartAsync(away.ConnectionString, static hub =>
            {
                hub.RequiredAtStart = true;
                hub.StartupTimeout = TimeSpan.FromSeconds(1);
            }));

        Assert.Contains("127.0.0.1:1", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_that_is_no_connection_string_is_refused_at_start()
    {
        HostStartupException exception = await Assert.ThrowsAsync<HostStartupException>(() => StartAsync("postgres somewhere"));
        Assert.Contains("TEST_POSTGRES", exception.Message, StringComparison.Ordinal);
    }

    private Task<TestHost> StartAsync(string connection, Action<PostgreSqlTaskHubOptions>? configure = null) => TestHost.StartAsync(
        configure: builder => builder.Services.PostConfigure(Options.DefaultName, configure ?? (static _ => { })),
        settings: new(StringComparer.Ordinal) { [TestHost.PostgresSetting] = connection },
        hostJson: $$"""
            { "extensions": { "durableTask": { "hubName": "{{_schema}}",
                "storageProvider": { "type": "PostgreSQL", "connectionStringName": "TEST_POSTGRES" } } } }
            """);
}

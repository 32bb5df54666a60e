using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.PostgreSql;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Heal.DurableTask.PostgreSql.Tests;

/// <summary>A client of a hub, as an application builds it, and a way to look into the hub's tables.</summary>
internal sealed class HubClient : IAsyncDisposable
{
    private readonly IHost _host;

    private HubClient(IHost host, string connectionString, string schema)
    {
        _host = host;
        Client = host.Services.GetRequiredService<DurableTaskClient>();
        Source = PostgresDataSource.Create(connectionString, schema, "tests");
    }

    public DurableTaskClient Client { get; }

    public Npgsql.NpgsqlDataSource Source { get; }

    public static async Task<HubClient> StartAsync(
        string connectionString, string schema, Action<PostgreSqlTaskHubOptions>? configure = null, ILoggerProvider? log = null)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(settings: null);
        if (log is not null)
        {
            builder.Logging.AddProvider(log);
        }

        builder.Services.AddDurableTaskClient(client => client
            .UsePostgreSql(options =>
            {
                options.ConnectionString = connectionString;
                options.Schema = schema;
                configure?.Invoke(options);
            })
            .RegisterDirectly());
        IHost host = builder.Build();
        try
        {
            await host.StartAsync();
        }
        catch
        {
            host.Dispose();
            throw;
        }

        return new HubClient(host, connectionString, schema);
    }

    public Task<string> ScheduleAsync(int steps) =>
        Client.ScheduleNewOrchestrationInstanceAsync(Workers.Steps.Orchestrator, steps);

    /// <summary>Who did each step, when the orchestration has completed.</summary>
    public async Task<string[]> WaitAsync(string instanceId, CancellationToken deadline)
    {
        OrchestrationMetadata ended = await Client.WaitForInstanceCompletionAsync(instanceId, getInputsAndOutputs: true, deadline);
        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        return ended.ReadOutputAs<string[]>()!;
    }

    public async Task<T> QueryAsync<T>(string sql, params object?[] arguments)
    {
        await using Npgsql.NpgsqlCommand command = Source.CreateCommand(sql, arguments);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await _host.StopAsync();
        // The host disposes the hub.
        await ((IAsyncDisposable)_host).DisposeAsync();
    }
}

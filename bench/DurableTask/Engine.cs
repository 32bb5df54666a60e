using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.PostgreSql;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Heal.Bench.DurableTask;

/// <summary>A worker and a client in this process, as an application has them, on a schema of their own.</summary>
internal sealed class Engine : IAsyncDisposable
{
    private readonly IHost _host;

    private Engine(IHost host)
    {
        _host = host;
        Client = host.Services.GetRequiredService<DurableTaskClient>();
    }

    public DurableTaskClient Client { get; }

    public static async Task<Engine> StartAsync(
        string connectionString,
        string schema,
        bool withWorker = true,
        Action<DurableTaskRegistry>? tasks = null,
        Action<DurableTaskWorkerOptions>? configure = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        void Configure(PostgreSqlTaskHubOptions options)
        {
            options.ConnectionString = connectionString;
            options.Schema = schema;
        }

        if (withWorker)
        {
            builder.Services.AddDurableTaskWorker(worker =>
            {
                worker.AddTasks(tasks ?? Orchestrations.Register);
                worker.UsePostgreSql(Configure);
                worker.Configure(options => configure?.Invoke(options));
            });
        }

        builder.Services.AddDurableTaskClient(client =>
        {
            client.UsePostgreSql(Configure);
            client.RegisterDirectly();
        });
        var host = builder.Build();
        await host.StartAsync();
        return new Engine(host);
    }

    public async Task RunAsync(TaskName orchestrator, object? input = null)
    {
        var id = await Client.ScheduleNewOrchestrationInstanceAsync(orchestrator, input);
        await WaitAsync(id);
    }

    public async Task WaitAsync(string instanceId)
    {
        var done = await Client.WaitForInstanceCompletionAsync(instanceId);
        if (done.RuntimeStatus != OrchestrationRuntimeStatus.Completed)
        {
            // Only now: what is measured reads no payloads, and without them there are no details of a failure.
            var failed = await Client.GetInstanceAsync(instanceId, getInputsAndOutputs: true);
            throw new InvalidOperationException(
                $"Instance '{instanceId}' ended as {done.RuntimeStatus}: {failed?.FailureDetails?.ErrorMessage}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        if (_host is IAsyncDisposable disposable)
        {
            await disposable.DisposeAsync();
        }
    }

    /// <summary>An unused name.</summary>
    public static string NewSchema(string benchmark) => $"bench_{benchmark}_{Settings.Time.GetUtcNow().UtcTicks % 1_000_000_000_000}";

    public static async Task DropAsync(string connectionString, string schema)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var drop = source.CreateCommand($"DROP SCHEMA IF EXISTS {schema} CASCADE");
        await drop.ExecuteNonQueryAsync();
    }
}

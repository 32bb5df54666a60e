using Heal.Postgres;
using Microsoft.DurableTask.PostgreSql;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Heal.DurableTask.Hubs.Tests;

/// <summary>What the tests of the hub on PostgreSQL share: hubs of one schema, and a look at its rows.</summary>
public abstract class PostgreSqlHubSuite(HubTestDatabase database) : IClassFixture<HubTestDatabase>, IAsyncLifetime
{
    private protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly List<PostgreSqlTaskHub> _hubs = [];

    private protected HubTestDatabase Database { get; } = database;

    private protected string Schema { get; } = "hub_" + Guid.NewGuid().ToString("N")[..12];

    private protected CollectingLoggerFactory Log { get; } = new();

    private protected NpgsqlDataSource Source { get; private set; } = null!;

    public Task InitializeAsync()
    {
        Source = HubDatabase.CreateDataSource(Options(), loggerFactory: null);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        foreach (var hub in _hubs)
        {
            await hub.DisposeAsync();
        }

        await Source.DisposeAsync();
    }

    private protected async Task<PostgreSqlTaskHub> StartHubAsync(
        TimeSpan? safetyPoll = null, string? connectionString = null, TimeSpan? workerCheck = null, ILoggerFactory? log = null)
    {
        var options = Options();
        options.ConnectionString = connectionString ?? options.ConnectionString;
        options.SafetyPollInterval = safetyPoll ?? options.SafetyPollInterval;
        options.WorkerCheckInterval = workerCheck ?? options.WorkerCheckInterval;
        var hub = new PostgreSqlTaskHub(options, TimeProvider.System, log ?? Log);
        _hubs.Add(hub);
        await hub.InitializeAsync();
        return hub;
    }

    private protected PostgreSqlTaskHubOptions Options() => new() { ConnectionString = Database.ConnectionString, Schema = Schema };

    private protected static async Task<OrchestrationWorkItem> NextAsync(PostgreSqlTaskHub hub, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await hub.LockOrchestrationsAsync(new LockRequest("w1", 1, Some.Lease), cancellationToken) is [var item])
            {
                return item;
            }

            await hub.WaitForWorkAsync(WorkKind.Orchestration, cancellationToken);
        }
    }

    private protected static async Task<T> RetryAsync<T>(Func<Task<T>> action, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                return await action();
            }
            catch (NpgsqlException exception) when (PostgresErrors.IsTransient(exception))
            {
                // What a worker does: again.
            }
        }
    }

    private protected async Task UntilAsync(string condition)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while ((await ListAsync($"SELECT ({condition})::text"))[0] != "true")
        {
            deadline.Token.ThrowIfCancellationRequested();
        }
    }

    private protected async Task<List<string>> ListAsync(string sql, params object?[] arguments)
    {
        await using var command = Source.CreateCommand(sql, arguments);
        await using var reader = await command.ExecuteReaderAsync();
        return await HubDatabase.ReadAllAsync(reader, row => row.GetString(0), CancellationToken.None);
    }

    private protected async Task ExecuteAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}

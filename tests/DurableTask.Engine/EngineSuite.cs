using System.Collections.Concurrent;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Heal.Postgres.Tests;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.InMemory;
using Microsoft.DurableTask.PostgreSql;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.DurableTask.Engine.Tests;

/// <summary>Where a suite's hubs come from: each suite runs once for every implementation.</summary>
public interface IHubBackend
{
    /// <summary>A hub object on a store; two objects with the same store's name are two processes on one hub.</summary>
    ITaskHub CreateHub(string store);
}

public sealed class InMemoryBackend : IHubBackend
{
    private readonly ConcurrentDictionary<string, InMemoryStorage> _stores = new(StringComparer.Ordinal);

    public ITaskHub CreateHub(string store) =>
        new InMemoryTaskHub(TimeProvider.System, _stores.GetOrAdd(store, _ => new InMemoryStorage()));
}

public sealed class PostgreSqlBackend : IHubBackend, IAsyncLifetime
{
    private readonly TestDatabase _database = new();

    public ITaskHub CreateHub(string store) => new PostgreSqlTaskHub(
        new PostgreSqlTaskHubOptions { ConnectionString = _database.ConnectionString, Schema = $"engine_{store}" }, TimeProvider.System);

    public Task InitializeAsync() => _database.InitializeAsync();

    public Task DisposeAsync() => _database.DisposeAsync();
}

/// <summary>What the suites share.</summary>
public abstract class EngineSuite(IHubBackend backend)
{
    private protected ITaskHub CreateHub(string store) => backend.CreateHub(store);

    private protected Task<EngineHost> StartAsync(
        Action<DurableTaskRegistry> tasks,
        Action<DurableTaskWorkerOptions>? configure = null,
        Action<TaskHubWorkerOptions>? configureHub = null,
        Action<IServiceCollection>? services = null,
        string? store = null) =>
        EngineHost.StartAsync(CreateHub(store ?? NewStore()), tasks, configure, configureHub, services);

    private protected static string NewStore() => Guid.NewGuid().ToString("N");

    private protected static async Task<OrchestrationMetadata> UntilAsync(
        EngineHost engine, string id, Func<OrchestrationMetadata, bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            OrchestrationMetadata? state = await engine.Client.GetInstanceAsync(id, getInputsAndOutputs: true, limit.Token);
            if (state is not null && condition(state))
            {
                return state;
            }

            await Task.Delay(20, limit.Token);
        }
    }

    /// <summary>
    /// Starts the instance "one" and lets the test send it what it likes, before there is a worker: its first turn sees all of it.
    /// </summary>
    private protected async Task<EngineHost> StartAfterAsync(
        Action<DurableTaskRegistry> tasks, string orchestrator, object? input, Func<DurableTaskClient, Task> send) =>
        await EngineHost.StartAsync(CreateHub(NewStore()), tasks, before: async client =>
        {
            await client.ScheduleNewOrchestrationInstanceAsync(orchestrator, input, new StartOrchestrationOptions(InstanceId: "one"));
            await send(client);
        });

    private protected static async Task<IReadOnlyList<T>> HistoryAsync<T>(EngineHost engine, string id)
        where T : HistoryEvent => [.. (await engine.Client.GetOrchestrationHistoryAsync(id)).OfType<T>()];
}

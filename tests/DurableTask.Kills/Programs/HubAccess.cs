using Heal.Shared.Tests.Programs;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Heal.DurableTask.Kills.Tests.Programs;

/// <summary>
/// How the driving process reaches the hub. Nothing is changed from here while PostgreSQL crashes: of a call without an answer nobody would
/// know whether it took effect, and the model counts every event. Half of the orchestrations are started by workers, whatever happens.
/// </summary>
internal sealed class HubAccess(
    HubClient client, WorkerProcesses workers, NpgsqlDataSource source, ChangeGate gate, Random chance) : IHubAccess
{
    public DurableTaskClient Client => client.Client;

    /// <summary>The ids of what was started before.</summary>
    public IReadOnlySet<string> Begun { get; init; } = new HashSet<string>();

    public async Task StartAsync(string name, Order order, StartOrchestrationOptions options)
    {
        string id = options.InstanceId!;
        if (Begun.Contains(id))
        {
            return;
        }

        if (options.StartAt is not null || chance.Next(2) == 0)
        {
            await ChangeAsync(() => Client.ScheduleNewOrchestrationInstanceAsync(name, order, options));
            return;
        }

        string line = ProgramWorker.StartLine(id, name, order.Program);
        while (!await workers.AskAsync(chance.Next(workers.Count), line, id) && !await ExistsAsync(id))
        {
            // That worker was killed before it did it, or before the next one of its place listens.
            await Task.Yield();
        }
    }

    public async Task ChangeAsync(Func<Task> change)
    {
        using var open = await gate.EnterAsync();
        await HubClient.UntilAnsweredAsync(
            async () =>
            {
                try
                {
                    await change();
                    return true;
                }
                catch (Exception late) when (IsLate(late) || IsLate(late.InnerException))
                {
                    throw new InvalidOperationException("The server did not answer in time: nobody knows whether it took effect.", late);
                }
            },
            CancellationToken.None);
    }

    // As HubClient: the driver's own exception, or the client's around it.
    private static bool IsLate(Exception? thrown) => thrown is NpgsqlException { InnerException: TimeoutException };

    public Task ReadAsync(Func<Task> read) => HubClient.UntilAnsweredAsync(
        async () =>
        {
            await read();
            return true;
        },
        CancellationToken.None);

    public Task<Use> RootAsync(string instanceId) => Task.FromResult(new Use(instanceId));

    public async Task<Use?> BegunAsync(string instanceId, Use parent, CancellationToken parentEnded)
    {
        try
        {
            await ReadAsync(() => Client.WaitForInstanceStartAsync(instanceId, parentEnded));
        }
        catch (OperationCanceledException)
        {
            if (!await ExistsAsync(instanceId))
            {
                return null;
            }
        }

        return new Use(instanceId);
    }

    public Task EndAsync(Use use) => ReadAsync(() => Client.WaitForInstanceCompletionAsync(use.InstanceId));

    private Task<bool> ExistsAsync(string instanceId) => HubClient.UntilAnsweredAsync(
        async () => await Client.GetInstancesAsync(instanceId) is not null, CancellationToken.None);

    public Task<IReadOnlyList<Use>> ChildrenOfAsync(string instanceId) => HubClient.UntilAnsweredAsync<IReadOnlyList<Use>>(
        async () =>
        {
            await using var command = source.CreateCommand(
                $"SELECT instance_id FROM {Ledger.HubSchema}.instances WHERE parent_instance_id = $1");
            command.Parameters.Add(new() { Value = instanceId });
            var children = new List<Use>();
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                children.Add(new Use(reader.GetString(0)));
            }

            return children;
        },
        CancellationToken.None);
}

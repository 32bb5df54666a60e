using System.Collections.Concurrent;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.PostgreSql;
using Npgsql;

namespace Heal.DurableTask.Engine.Tests;

public sealed class PostgreSqlEngineTests(HubTestDatabase database) : EngineTests, IClassFixture<HubTestDatabase>
{
    protected override ITaskHub CreateHub(string store) => new PostgreSqlTaskHub(
        new PostgreSqlTaskHubOptions { ConnectionString = database.ConnectionString, Schema = $"engine_{store}" }, TimeProvider.System);

    [Fact]
    public async Task An_instance_whose_turn_can_never_be_stored_ends_with_the_reason()
    {
        await using EngineHost engine = await EngineHost.StartAsync(
            CreateHub(Guid.NewGuid().ToString("N")),
            tasks => tasks.AddOrchestratorFunc("Sends", context =>
            {
                context.SendEvent("somebody", "e\0", "a name that no database text can hold");
                return context.CallActivityAsync<string>("never\0reached");
            }));

        OrchestrationMetadata done = await engine.RunAsync("Sends");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, done.RuntimeStatus);
        Assert.Contains("could not be stored", done.FailureDetails!.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_that_cannot_be_written_ends_no_instance()
    {
        // More than a turn that can never be stored is tried.
        const int Tries = 7;
        string store = Guid.NewGuid().ToString("N");
        ITaskHub hub = new PostgreSqlTaskHub(
            new PostgreSqlTaskHubOptions
            {
                ConnectionString = database.ConnectionString + ";Options=-c statement_timeout=200",
                Schema = $"engine_{store}",
            },
            TimeProvider.System);
        var tried = new ConcurrentDictionary<string, int>();
        var isTried = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using EngineHost engine = await EngineHost.StartAsync(
            HubProxy.Around(hub, (method, arguments) =>
            {
                if (method == nameof(ITaskHub.CommitTurnAsync)
                    && arguments[0] is TurnCommit { LockHeld: true } turn
                    && tried.AddOrUpdate(turn.Lock.InstanceId, 1, (_, tries) => tries + 1) >= Tries)
                {
                    isTried.TrySetResult();
                }

                return null;
            }),
            tasks => tasks.AddOrchestratorFunc("Waits", context => context.WaitForExternalEvent<string>("go")));
        string[] ids = await Task.WhenAll(
            Enumerable.Range(0, 3).Select(_ => engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits")));
        await Task.WhenAll(ids.Select(id => engine.Client.WaitForInstanceStartAsync(id)));

        await using (var connection = new NpgsqlConnection(database.ConnectionString + $";Search Path=engine_{store}"))
        {
            await connection.OpenAsync();
            await using NpgsqlTransaction locking = await connection.BeginTransactionAsync();
            await using (var command = new NpgsqlCommand("LOCK TABLE history IN EXCLUSIVE MODE", connection, locking))
            {
                await command.ExecuteNonQueryAsync();
            }

            await Task.WhenAll(ids.Select(id => engine.Client.RaiseEventAsync(id, "go", "on")));
            await isTried.Task.WaitAsync(TimeSpan.FromMinutes(2));
        }

        foreach (string id in ids)
        {
            OrchestrationMetadata done = await engine.WaitAsync(id);
            Assert.Equal((OrchestrationRuntimeStatus.Completed, null), (done.RuntimeStatus, done.FailureDetails?.ErrorMessage));
        }
    }
}

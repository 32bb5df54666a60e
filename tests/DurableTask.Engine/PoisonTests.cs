using System.Diagnostics;
using DurableTask.Core.Hub;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.PostgreSql;
using Npgsql;

namespace Heal.DurableTask.Engine.Tests;

/// <summary>Work that nobody can do, with real processes and real rows.</summary>
public sealed class PoisonTests(HubTestDatabase database) : IClassFixture<HubTestDatabase>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    private readonly string _schema = "poison_" + Guid.NewGuid().ToString("N")[..12];

    [Fact]
    public async Task What_kills_every_worker_that_runs_it_is_ended_and_the_others_complete()
    {
        await using PostgreSqlTaskHub hub = CreateHub();
        await using EngineHost client = await EngineHost.StartAsync(HubProxy.WithoutWork(hub), _ => { });
        string turn = await client.Client.ScheduleNewOrchestrationInstanceAsync(Program.KillingTurn);
        string activity = await client.Client.ScheduleNewOrchestrationInstanceAsync(Program.KillingActivity);
        string[] innocent = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(_ => client.Client.ScheduleNewOrchestrationInstanceAsync(Program.Innocent)));
        using var limit = new CancellationTokenSource(Patience);

        Task<int> killed = SuperviseAsync(limit);
        OrchestrationMetadata[] done = await Task.WhenAll(
            innocent.Append(turn).Append(activity).Select(id => client.Client.WaitForInstanceCompletionAsync(id, true, limit.Token)));
        await limit.CancelAsync();

        Assert.All(done[..^2], instance => Assert.Equal(
            (OrchestrationRuntimeStatus.Completed, null), (instance.RuntimeStatus, instance.FailureDetails?.ErrorMessage)));
        Assert.Equal(("PoisonWorkItem", OrchestrationRuntimeStatus.Failed), (done[^2].FailureDetails!.ErrorType, done[^2].RuntimeStatus));
        Assert.Contains($"{Program.LostAttempts} workers were lost", done[^2].FailureDetails!.ErrorMessage, StringComparison.Ordinal);
        Assert.StartsWith("PoisonWorkItem: Activity 'Die'", done[^1].ReadOutputAs<string>(), StringComparison.Ordinal);
        // Both may have been there when a worker was lost, but no more are lost than it takes to tell.
        Assert.InRange(await killed, Program.LostAttempts, (2 * Program.LostAttempts) + 1);
    }

    [Fact]
    public async Task An_operation_that_kills_every_worker_that_runs_it_is_refused_and_those_beside_it_are_done_once()
    {
        await using PostgreSqlTaskHub hub = CreateHub();
        await using EngineHost client = await EngineHost.StartAsync(HubProxy.WithoutWork(hub), _ => { });
        await AddAsync();
        await AddAsync();
        string killing = await client.Client.ScheduleNewOrchestrationInstanceAsync(Program.KillingOperation);
        using var limit = new CancellationTokenSource(Patience);

        Task<int> killed = SuperviseAsync(limit);
        OrchestrationMetadata done = await client.Client.WaitForInstanceCompletionAsync(killing, true, limit.Token);
        await limit.CancelAsync();

        Assert.StartsWith(
            $"3 after PoisonWorkItem: Operation 'die' of entity '{Program.Fragile}' is not tried again: {Program.LostAttempts} workers",
            done.ReadOutputAs<string>(),
            StringComparison.OrdinalIgnoreCase);
        Assert.InRange(await killed, Program.LostAttempts, Program.LostAttempts + 1);

        Task AddAsync() => hub.Entities.SignalAsync(new OutgoingEntityMessage(
            Program.Fragile.ToString(), new EntityMessage { Operation = "Add", Input = "1", IsSignal = true }));
    }

    [Theory]
    [InlineData("{\"$event\":\"FromTheFuture\"}", "No worker that can read it has taken it within 00:00:00.3")]
    [InlineData("{\"$event\":", "cannot be read by this version")]
    public async Task A_stored_event_that_no_worker_can_read_fails_its_instance_only(string stored, string reason)
    {
        await using PostgreSqlTaskHub hub = CreateHub();
        await using EngineHost engine = await EngineHost.StartAsync(
            hub,
            tasks => tasks.AddOrchestratorFunc("Waits", context => context.WaitForExternalEvent<string>("go")),
            configureHub: options =>
            {
                options.RejectionDelay = TimeSpan.FromMilliseconds(50);
                options.UnreadableWorkTimeout = TimeSpan.FromMilliseconds(300);
            });
        string damaged = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        string healthy = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        await engine.Client.WaitForInstanceStartAsync(damaged);
        await ExecuteAsync($"INSERT INTO inbox (instance_id, visible_at, event) VALUES ('{damaged}', now(), '{stored}')");
        await Task.WhenAll(engine.Client.RaiseEventAsync(damaged, "go", "x"), engine.Client.RaiseEventAsync(healthy, "go", "x"));

        OrchestrationMetadata failed = await engine.WaitAsync(damaged);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await engine.WaitAsync(healthy)).RuntimeStatus);
        Assert.Equal(OrchestrationRuntimeStatus.Failed, failed.RuntimeStatus);
        Assert.Equal("UnreadableWorkItem", failed.FailureDetails!.ErrorType);
        Assert.Contains(reason, failed.FailureDetails.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_instance_with_an_event_that_no_worker_can_read_can_be_terminated()
    {
        await using PostgreSqlTaskHub hub = CreateHub();
        await using EngineHost engine = await EngineHost.StartAsync(
            hub,
            tasks => tasks.AddOrchestratorFunc("Waits", context => context.WaitForExternalEvent<string>("go")),
            configureHub: options => options.RejectionDelay = TimeSpan.FromMilliseconds(50));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        await engine.Client.WaitForInstanceStartAsync(id);
        await ExecuteAsync(
            $"INSERT INTO inbox (instance_id, visible_at, event) VALUES ('{id}', now(), '{{\"$event\":\"FromTheFuture\"}}')");

        await engine.Client.TerminateInstanceAsync(id, "over");

        Assert.Equal(OrchestrationRuntimeStatus.Terminated, (await engine.WaitAsync(id)).RuntimeStatus);
    }

    [Fact]
    public async Task A_stored_call_of_an_activity_that_cannot_be_read_fails_the_call_only()
    {
        await using PostgreSqlTaskHub hub = CreateHub();
        void Tasks(DurableTaskRegistry tasks) => tasks
            .AddOrchestratorFunc("Calls", context => context.CallActivityAsync<string>("Answer"))
            .AddActivityFunc("Answer", _ => "42");
        string damaged, healthy;
        await using (EngineHost first = await EngineHost.StartAsync(HubProxy.WithoutActivities(hub), Tasks))
        {
            damaged = await first.Client.ScheduleNewOrchestrationInstanceAsync("Calls");
            healthy = await first.Client.ScheduleNewOrchestrationInstanceAsync("Calls");
            await first.Client.WaitForInstanceStartAsync(damaged);
            await first.Client.WaitForInstanceStartAsync(healthy);
        }

        await ExecuteAsync($"UPDATE activities SET event = '{{' WHERE instance_id = '{damaged}'");
        await using EngineHost second = await EngineHost.StartAsync(hub, Tasks);

        Assert.Equal("42", (await second.WaitAsync(healthy)).ReadOutputAs<string>());
        Assert.Equal("UnreadableWorkItem", (await second.WaitAsync(damaged)).FailureDetails!.InnerFailure!.ErrorType);
    }

    /// <summary>Starts a worker process again whenever it dies, as a service manager does.</summary>
    /// <returns>How many died.</returns>
    private async Task<int> SuperviseAsync(CancellationTokenSource limit)
    {
        for (int died = 0; ; died++)
        {
            using Process worker = Program.Start(database.ConnectionString, _schema);
            try
            {
                await worker.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                worker.Kill();
                await worker.WaitForExitAsync(CancellationToken.None);
                return died;
            }
        }
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString + $";Search Path={_schema}");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }

    private PostgreSqlTaskHub CreateHub() =>
        new(new PostgreSqlTaskHubOptions { ConnectionString = database.ConnectionString, Schema = _schema }, TimeProvider.System);
}

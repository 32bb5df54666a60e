using Heal.Postgres;
using Microsoft.DurableTask.PostgreSql;

namespace Heal.DurableTask.Hubs.Tests;

/// <summary>What only the hub on PostgreSQL promises, beside groups, doubts and sweeps: migrations, the order of messages, histories that
/// come with locks, options.</summary>
public sealed class PostgreSqlOnlyTests(HubTestDatabase database) : PostgreSqlHubSuite(database)
{
    [Fact]
    public async Task TheSchema_goes_down_and_up_again()
    {
        var migrator = new Migrator(Source, Schema, Migration.FromResources<PostgreSqlTaskHub>());
        await migrator.MigrateAsync();
        var before = await ListAsync("SELECT indexname::text FROM pg_indexes WHERE schemaname = $1 ORDER BY 1", Schema);
        Assert.Contains("inbox_by_time", before);

        await migrator.MigrateToAsync(0);
        Assert.Equal(
            ["migration_is_applied_once"], await ListAsync("SELECT indexname::text FROM pg_indexes WHERE schemaname = $1", Schema));
        await migrator.MigrateAsync();
        Assert.Equal(before, await ListAsync("SELECT indexname::text FROM pg_indexes WHERE schemaname = $1 ORDER BY 1", Schema));
    }

    /// <summary>A clock that was set back by less than anybody takes for a jump: what was sent before has to wait until it has caught
    /// up.</summary>
    [Fact]
    public async Task A_message_is_not_played_before_one_that_was_sent_earlier_by_a_clock_that_was_set_back()
    {
        var hub = await StartHubAsync();
        await hub.CreateInstanceAsync(Some.Instance("i"), []);
        await hub.CommitTurnAsync(Some.Turn(Assert.Single(await hub.LockOrchestrationsAsync(new("w1", 10, Some.Lease)))));
        await hub.SendMessageAsync("i", Some.Event("first"));
        await ListAsync("WITH m AS (UPDATE inbox SET visible_at = now() + interval '1 h' RETURNING 1) SELECT count(*)::text FROM m");

        await hub.SendMessageAsync("i", Some.Event("second"));
        Assert.Empty(await hub.LockOrchestrationsAsync(new("w1", 10, Some.Lease)));
        await ListAsync("WITH m AS (UPDATE inbox SET visible_at = visible_at - interval '1 h' RETURNING 1) SELECT count(*)::text FROM m");
        var item = Assert.Single(await hub.LockOrchestrationsAsync(new("w1", 10, Some.Lease)));
        Assert.Equal(
            ["first", "second"], item.Messages.Select(message => Assert.IsType<EventRaisedEvent>(message.Event).Name));
    }

    [Fact]
    public async Task Histories_come_with_the_locks_of_instances_that_are_not_in_memory()
    {
        var hub = await StartHubAsync();
        foreach (var id in new[] { "known", "unknown", "new" })
        {
            await hub.CreateInstanceAsync(Some.Instance(id), []);
        }

        foreach (var item in await hub.LockOrchestrationsAsync(new("w1", 10, Some.Lease)))
        {
            Assert.Null(item.History);
            await (item.Instance.InstanceId == "new"
                ? hub.AbandonOrchestrationAsync(item.Lock, TimeSpan.Zero)
                : hub.CommitTurnAsync(Some.Turn(item) with { NewHistory = [Some.TurnStarted(), .. Some.Turn(item).NewHistory] }));
        }

        await hub.SendMessageAsync("known", Some.Event("e"));
        await hub.SendMessageAsync("unknown", Some.Event("e"));
        var again = await hub.LockOrchestrationsAsync(new("w2", 10, Some.Lease, IsInMemory: id => id == "known"));
        Assert.Equal(
            [("known", null), ("new", null), ("unknown", "OrchestratorStarted, ExecutionStarted")],
            again.Select(item => (
                    item.Instance.InstanceId,
                    item.History is null ? null : string.Join(", ", item.History.Select(entry => entry.EventType))))
                .Order());
    }

    [Fact]
    public async Task An_activity_that_was_lost_once_brings_its_instance_along_whose_next_turn_may_be_stored()
    {
        var hub = await StartHubAsync();
        await hub.CreateInstanceAsync(Some.Instance("i"), []);
        var first = Some.Turn(Assert.Single(await hub.LockOrchestrationsAsync(new("w1", 10, Some.Lease)))) with
        {
            NewHistory = [Some.TurnStarted(), Some.Task(1)], Activities = [Some.Task(1)],
        };
        await hub.CommitTurnAsync(first);
        var lost = Assert.Single(await hub.LockActivitiesAsync(new("w1", 10, TimeSpan.FromMilliseconds(1), IsInMemory: _ => false)));
        await hub.WaitForWorkAsync(WorkKind.Activity, only: null);
        var again = Assert.Single(await hub.LockActivitiesAsync(new("w2", 10, Some.Lease, IsInMemory: _ => false)));

        Assert.Null(lost.Instance);
        Assert.Equal("OrchestratorStarted, TaskScheduled", string.Join(", ", again.Instance!.History.Select(entry => entry.EventType)));
        await hub.CommitTurnAsync(first with
        {
            Lock = new OrchestrationLock("i", "w2", again.Instance.Fence),
            LockHeld = false,
            HistoryCount = again.Instance.History.Count,
            NewHistory = [Some.Outcome(1)],
            ConsumedMessages = [],
            Activities = [],
            FinishedActivities = [again.Lock],
        });
        Assert.Equal(["0"], await ListAsync("SELECT count(*)::text FROM activities"));
        Assert.Equal(3, (await hub.GetHistoryAsync("i"))!.Count);
    }

    [Fact]
    public void Every_fault_of_the_options_is_reported_at_once()
    {
        var options = new PostgreSqlTaskHubOptions { Schema = "Not A Name", MaxTurnsPerCommit = 0, SafetyPollInterval = TimeSpan.Zero };
        Assert.Equal(4, options.Validate().Count); // The connection string is missing too.
        Assert.Empty(new PostgreSqlTaskHubOptions { ConnectionString = "Host=x" }.Validate());
    }
}

using Microsoft.DurableTask.PostgreSql;
using Npgsql;

namespace Heal.DurableTask.Hubs.Tests;

/// <summary>Connections that break while a hub waits for an answer: what nobody knows is found out, and nothing is done twice.</summary>
public sealed class DoubtTests(HubTestDatabase database) : PostgreSqlHubSuite(database)
{
    [Fact]
    public async Task A_hub_recovers_when_every_connection_is_cut()
    {
        var hub = await StartHubAsync(safetyPoll: TimeSpan.FromHours(1));
        var other = await StartHubAsync(safetyPoll: TimeSpan.FromHours(1));
        using var deadline = new CancellationTokenSource(Patience);
        var created = Some.Instance();
        var waiting = RetryAsync(() => NextAsync(other, deadline.Token), deadline.Token);

        await Database.TerminateConnectionsAsync();
        await RetryAsync(
            async () =>
            {
                await hub.CreateInstanceAsync(created, []);
                return true;
            },
            deadline.Token);
        var item = await waiting;
        Assert.Equal(created.InstanceId, item.Instance.InstanceId);
        await RetryAsync(() => other.CommitTurnAsync(Some.Turn(item)), deadline.Token);
    }

    [Fact]
    public async Task A_commit_whose_answer_was_lost_throws_and_can_not_be_applied_twice()
    {
        await using var proxy = new CuttingProxy(Database.ConnectionString);
        var hub = await StartHubAsync(connectionString: proxy.ConnectionString);
        await hub.CreateInstanceAsync(Some.Instance(), []);
        var item = await NextAsync(hub, CancellationToken.None);

        // The statement that stores the turn is a transaction of its own. Notifications name instances too, but no executions.
        proxy.CutAfter(item.Instance.ExecutionId);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => hub.CommitTurnAsync(Some.Turn(item)).WaitAsync(Patience));
        Assert.Equal(["1"], await ListAsync("SELECT count(*)::text FROM history"));
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => hub.CommitTurnAsync(Some.Turn(item)).WaitAsync(Patience));
        Assert.Equal(["1"], await ListAsync("SELECT count(*)::text FROM history"));
    }

    /// <summary>The turn whose answer was lost has started an activity that nobody knows of. The outcome that it consumed is told once
    /// more, and the turn that this leads to knows of no open activity either.</summary>
    [Fact]
    public async Task What_a_turn_of_unknown_outcome_started_is_found_although_the_instance_goes_on_before_that()
    {
        await using var proxy = new CuttingProxy(Database.ConnectionString);
        var hub = await StartHubAsync(connectionString: proxy.ConnectionString, workerCheck: TimeSpan.FromSeconds(4));
        await hub.CreateInstanceAsync(Some.Instance(), []);
        var item = await NextAsync(hub, CancellationToken.None);
        var first = await hub.CommitTurnAsync(Some.Claiming(Some.Turn(item), Some.Lease));
        var held = Assert.Single(first.Claimed).Lock;

        proxy.CutAfter(item.Instance.ExecutionId);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => hub.CommitTurnAsync(new TurnCommit
        {
            Lock = item.Lock with { Fence = first.Fence },
            LockHeld = false,
            ExecutionId = item.Instance.ExecutionId,
            HistoryCount = 2,
            FinishedActivities = [held],
            NewHistory = [Some.Outcome(0), Some.Task(1)],
            Activities = [Some.Task(1)],
            ClaimActivities = 1,
            ClaimLease = Some.Lease,
            Status = OrchestrationStatus.Running,
        }).WaitAsync(Patience));
        await hub.CompleteActivityAsync(held, Some.Outcome(0));
        await hub.CommitTurnAsync(Some.Turn(await NextAsync(hub, CancellationToken.None)));

        using var deadline = new CancellationTokenSource(Patience);
        while (true)
        {
            if (await hub.LockActivitiesAsync(new LockRequest("w2", 1, Some.Lease), deadline.Token) is [var found])
            {
                Assert.Equal(1, found.Lock.TaskId);
                return;
            }

            await hub.WaitForWorkAsync(WorkKind.Activity, deadline.Token);
        }
    }

    [Fact]
    public async Task An_activity_is_given_back_once_although_the_first_answer_was_lost()
    {
        await using var proxy = new CuttingProxy(Database.ConnectionString);
        var hub = await StartHubAsync(connectionString: proxy.ConnectionString);
        await hub.CreateInstanceAsync(Some.Instance(), []);
        var item = await NextAsync(hub, CancellationToken.None);
        var claimed = Assert.Single((await hub.CommitTurnAsync(Some.Claiming(Some.Turn(item), Some.Lease))).Claimed);

        proxy.CutAfter(item.Instance.ExecutionId);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => hub.AbandonActivityAsync(claimed.Lock, TimeSpan.Zero).WaitAsync(Patience));
        await hub.AbandonActivityAsync(claimed.Lock, TimeSpan.Zero).WaitAsync(Patience);

        Assert.Single(await hub.LockActivitiesAsync(new LockRequest("w2", 10, Some.Lease)));
    }

    [Theory]
    [InlineData('\0')]
    [InlineData('\ud800')]
    public async Task A_doubt_that_no_query_can_name_does_not_keep_the_others_from_being_settled(char bad)
    {
        var hub = await StartHubAsync();
        await hub.CreateInstanceAsync(Some.Instance("good"), []);
        var residents = new Residents(TimeProvider.System);
        residents.Doubt($"bad{bad}", "worker");
        residents.Doubt("good", "worker");
        await using var connection = await Source.OpenConnectionAsync();

        await ResidentReclaimer.ReclaimDoubtfulAsync(connection, residents, () => Task.CompletedTask, CancellationToken.None);

        Assert.Empty(residents.Doubtful);
    }
}

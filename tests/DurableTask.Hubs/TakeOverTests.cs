using Microsoft.DurableTask.PostgreSql;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Heal.DurableTask.Hubs.Tests;

/// <summary>What happens to the leases of a process whose session ended. They last an hour here: nobody waits for their end.</summary>
public sealed class TakeOverTests(HubTestDatabase database) : IClassFixture<HubTestDatabase>, IAsyncLifetime
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(30));
    private readonly string _schema = "hub_" + Guid.NewGuid().ToString("N")[..12];
    private readonly List<IAsyncDisposable> _disposables = [];
    private NpgsqlDataSource _source = null!;

    public Task InitializeAsync()
    {
        _source = HubDatabase.CreateDataSource(Options(), loggerFactory: null);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        foreach (var disposable in Enumerable.Reverse(_disposables))
        {
            await disposable.DisposeAsync();
        }

        await _source.DisposeAsync();
        _deadline.Dispose();
    }

    [Fact]
    public async Task What_a_process_held_whose_session_ended_goes_to_a_living_one_at_once()
    {
        var (dying, living) = (await StartHubAsync(), await StartHubAsync());
        var (turn, activity) = await HoldBothAsync(dying, "dying");
        await dying.DisposeAsync();

        var (takenTurn, takenActivity) = (await NextAsync(living, "living"), await NextActivityAsync(living, "living"));
        Assert.Equal(turn.Lock.InstanceId, takenTurn.Lock.InstanceId);
        Assert.Equal(activity.Lock.ActivityId, takenActivity.Lock.ActivityId);
        Assert.Equal(2, takenActivity.DeliveryCount);
        await living.CommitTurnAsync(Some.Turn(takenTurn));
        await living.CompleteActivityAsync(takenActivity.Lock, Some.Outcome(takenActivity.Lock.TaskId));
    }

    [Fact]
    public async Task An_entity_that_a_process_held_whose_session_ended_goes_to_a_living_one_at_once()
    {
        var (dying, living) = (await StartHubAsync(), await StartHubAsync());
        var add = new EntityMessage { Operation = "add", IsSignal = true };
        await dying.Entities.SignalAsync(new OutgoingEntityMessage("@counter@one", add));
        var held = Assert.Single(await dying.Entities.LockAsync(new LockRequest("dying", 1, Hour)));
        await dying.DisposeAsync();

        IReadOnlyList<EntityWorkItem> taken;
        while ((taken = await living.Entities.LockAsync(new LockRequest("living", 1, Hour), _deadline.Token)).Count == 0)
        {
            await living.WaitForWorkAsync(WorkKind.Entity, _deadline.Token);
        }

        Assert.Equal(held.Lock.EntityId, taken[0].Lock.EntityId);
        Assert.Equal(1, taken[0].LostAttempts);
        await living.Entities.CommitAsync(new EntityCommit { Lock = taken[0].Lock, ConsumedMessages = [taken[0].Messages[0].Id] });
    }

    [Fact]
    public async Task A_process_that_starts_gives_back_what_its_killed_predecessor_held_before_it_looks_for_work()
    {
        var killed = await StartHubAsync();
        var (turn, activity) = await HoldBothAsync(killed, "killed");
        await killed.DisposeAsync();

        var next = await StartHubAsync();
        Assert.Equal(turn.Lock.InstanceId, (await NextAsync(next, "next")).Lock.InstanceId);
        Assert.Equal(activity.Lock.ActivityId, (await NextActivityAsync(next, "next")).Lock.ActivityId);
    }

    [Fact]
    public async Task A_process_that_only_lost_its_session_commits_nothing_under_the_leases_that_others_took_and_goes_on()
    {
        await using var proxy = new CuttingProxy(database.ConnectionString);
        var cutOff = await StartHubAsync(proxy.ConnectionString);
        var living = await StartHubAsync();
        var (turn, activity) = await HoldBothAsync(cutOff, "cut off");
        var fence = (await LongListAsync("SELECT fence FROM instances WHERE instance_id = $1", activity.Lock.InstanceId)).Single();

        proxy.CutEvery("LISTEN");
        await EndSessionOfAsync("cut off");
        var taken = await NextActivityAsync(living, "living");
        var takenTurn = await NextAsync(living, "living");

        await Assert.ThrowsAsync<WorkItemLockLostException>(() => cutOff.CommitTurnAsync(Some.Turn(turn)));
        await Assert.ThrowsAsync<WorkItemLockLostException>(
            () => cutOff.CompleteActivityAsync(activity.Lock, Some.Outcome(activity.Lock.TaskId)));
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => cutOff.CommitTurnAsync(new TurnCommit
        {
            Lock = new OrchestrationLock(activity.Lock.InstanceId, "cut off", fence),
            LockHeld = false,
            ExecutionId = activity.ExecutionId,
            HistoryCount = 1,
            FinishedActivities = [activity.Lock],
            NewHistory = [Some.Outcome(activity.Lock.TaskId)],
            Status = OrchestrationStatus.Running,
        }));
        var lost = await cutOff.RenewLocksAsync([turn.Lock], [activity.Lock], Hour);
        Assert.Equal((1, 1), (lost.Orchestrations.Count, lost.Activities.Count));
        await living.CompleteActivityAsync(taken.Lock, Some.Outcome(taken.Lock.TaskId));
        await living.CommitTurnAsync(Some.Turn(takenTurn));

        proxy.CutEvery(word: null);
        await cutOff.CreateInstanceAsync(Some.Instance("again"), []);
        await UntilAsync("SELECT count(*) FROM workers WHERE worker_id = 'cut off' AND died_at IS NULL", 1);
        OrchestrationWorkItem? mine;
        do
        {
            mine = await NextAsync(cutOff, "cut off");
            await cutOff.CommitTurnAsync(Some.Turn(mine));
        }
        while (mine.Lock.InstanceId != "again");
    }

    [Fact]
    public async Task An_activity_that_its_living_worker_has_lost_sight_of_goes_to_another_when_its_lease_is_over()
    {
        var lease = TimeSpan.FromSeconds(1);
        var hub = await StartHubAsync();
        var lost = await ClaimAsync(hub, lease);
        var kept = await ClaimAsync(hub, lease);

        // What the worker still has keeps the worker's own lease alive.
        IReadOnlyList<ActivityWorkItem> taken;
        do
        {
            Assert.Empty((await hub.RenewLocksAsync([], [kept.Lock], lease, _deadline.Token)).Activities);
        }
        while ((taken = await hub.LockActivitiesAsync(new LockRequest("other", 10, Hour), _deadline.Token)).Count == 0);

        Assert.Equal(lost.Lock.InstanceId, Assert.Single(taken).Lock.InstanceId);
        Assert.Equal([lost.Lock], (await hub.RenewLocksAsync([], [lost.Lock, kept.Lock], lease)).Activities);
        await hub.CompleteActivityAsync(kept.Lock, Some.Outcome(0));
        await hub.CompleteActivityAsync(taken[0].Lock, Some.Outcome(0));
    }

    [Fact]
    public async Task An_activity_stays_with_its_worker_while_another_one_of_the_same_process_runs_a_turn()
    {
        var hub = await StartHubAsync();
        var activity = await ClaimAsync(hub, Hour);
        await hub.SendMessageAsync(activity.Lock.InstanceId, Some.Event("go"));
        var turn = await NextAsync(hub, "other");

        Assert.Empty((await hub.RenewLocksAsync([], [activity.Lock], Hour)).Activities);
        await hub.CommitTurnAsync(Some.Turn(turn));
        await hub.CompleteActivityAsync(activity.Lock, Some.Outcome(0));

        Assert.Equal(["TaskCompleted"], Some.Names(await NextAsync(hub, "other")));
    }

    /// <summary>An activity that has no row, in the memory of "worker".</summary>
    private async Task<ActivityWorkItem> ClaimAsync(PostgreSqlTaskHub hub, TimeSpan lease)
    {
        await hub.CreateInstanceAsync(Some.Instance(), []);
        var receipt = await hub.CommitTurnAsync(Some.Claiming(Some.Turn(await NextAsync(hub, "worker")), lease));
        return Assert.Single(receipt.Claimed, item => item.Lock.ActivityId == Residents.NoRow);
    }

    [Fact]
    public async Task What_may_live_in_memory_stays_in_doubt_while_somebody_has_its_row_locked()
    {
        var hub = await StartHubAsync();
        var created = Some.Instance();
        await hub.CreateInstanceAsync(created, []);
        await hub.CommitTurnAsync(Some.Claiming(Some.Turn(await NextAsync(hub, "worker")), Hour));
        var residents = new Residents(TimeProvider.System);
        residents.Doubt(created.InstanceId, "worker");

        await using var connection = await _source.OpenConnectionAsync();
        await using (var writer = await _source.OpenConnectionAsync())
        await using (var writing = await writer.BeginTransactionAsync())
        {
            await using var touch = new NpgsqlCommand("UPDATE instances SET updated_at = now()", writer, writing);
            await touch.ExecuteNonQueryAsync();
            Assert.Equal(0, await ResidentReclaimer.ReclaimDoubtfulAsync(connection, residents, TellNobody, _deadline.Token));
            Assert.Equal([created.InstanceId], residents.Doubtful.Select(doubt => doubt.InstanceId));
        }

        Assert.Equal(1, await ResidentReclaimer.ReclaimDoubtfulAsync(connection, residents, TellNobody, _deadline.Token));
        Assert.Empty(residents.Doubtful);
        Assert.Equal(0, (await NextActivityAsync(hub, "other")).Lock.TaskId);
    }

    [Fact]
    public async Task An_instance_that_is_not_there_stays_in_doubt_while_its_creation_may_still_be_under_way()
    {
        await StartHubAsync();
        var time = new SetTime();
        var residents = new Residents(time);
        residents.Doubt("coming", "worker");
        await using var connection = await _source.OpenConnectionAsync();

        Assert.Equal(0, await ResidentReclaimer.ReclaimDoubtfulAsync(connection, residents, TellNobody, _deadline.Token));
        Assert.Single(residents.Doubtful);
        time.Elapsed = TimeSpan.FromHours(1);
        Assert.Equal(0, await ResidentReclaimer.ReclaimDoubtfulAsync(connection, residents, TellNobody, _deadline.Token));
        Assert.Empty(residents.Doubtful);
    }

    [Fact]
    public async Task A_worker_that_lives_on_in_another_session_keeps_its_leases()
    {
        var (first, second, third) = (await StartHubAsync(), await StartHubAsync(), await StartHubAsync());
        var (turn, activity) = await HoldBothAsync(first, "both");
        Assert.Empty(await second.LockOrchestrationsAsync(new LockRequest("both", 1, Hour)));
        await first.DisposeAsync();
        // The row of the ended session is forgotten at the second look: all looks are over then.
        await UntilAsync("SELECT count(*) FROM workers WHERE worker_id = 'both'", 1);

        var lost = await third.RenewLocksAsync([turn.Lock], [activity.Lock], Hour);
        Assert.Empty(lost.Orchestrations);
        Assert.Empty(lost.Activities);
    }

    [Fact]
    public async Task A_process_that_has_the_hub_for_itself_looks_seldom_and_often_while_there_is_somebody_to_outlive()
    {
        await (await StartHubAsync()).DisposeAsync();
        await using var ours = await _source.OpenConnectionAsync();
        var looks = Sessions("ours");
        await looks.EnterAsync(ours, _deadline.Token);
        var often = Options().WorkerCheckInterval;
        Assert.True(looks.CheckInterval(mayHavePeers: false) > often);
        Assert.Equal(often, looks.CheckInterval(mayHavePeers: true));

        // A connection that ends when it is closed, as the death of its process ends it.
        await using var unpooled = HubDatabase.CreateDataSource(
            Options(), loggerFactory: null, static settings => settings.Pooling = false);
        var theirs = await unpooled.OpenConnectionAsync();
        var others = Sessions("theirs");
        await others.RegisterAsync("worker", _deadline.Token);
        await others.EnterAsync(theirs, _deadline.Token);
        await looks.CheckAsync(ours, _deadline.Token);
        Assert.Equal(often, looks.CheckInterval(mayHavePeers: false));

        await theirs.DisposeAsync();
        while (looks.CheckInterval(mayHavePeers: false) >= often)
        {
            await looks.CheckAsync(ours, _deadline.Token);
        }

        while (looks.CheckInterval(mayHavePeers: false) <= often)
        {
            await looks.CheckAsync(ours, _deadline.Token);
        }

        Assert.Empty(await LongListAsync("SELECT 1::bigint FROM workers"));
    }

    private static Task TellNobody() => Task.CompletedTask;

    /// <summary>One orchestration and one activity of another orchestration, locked for an hour.</summary>
    private async Task<(OrchestrationWorkItem Turn, ActivityWorkItem Activity)> HoldBothAsync(PostgreSqlTaskHub hub, string worker)
    {
        await hub.CreateInstanceAsync(Some.Instance(), []);
        await hub.CommitTurnAsync(Some.Turn(await NextAsync(hub, worker)) with { Activities = [Some.Task(0)] });
        var activity = await NextActivityAsync(hub, worker);
        await hub.CreateInstanceAsync(Some.Instance(), []);
        return (await NextAsync(hub, worker), activity);
    }

    private async Task<PostgreSqlTaskHub> StartHubAsync(string? connectionString = null)
    {
        var options = Options();
        options.ConnectionString = connectionString ?? options.ConnectionString;
        options.SafetyPollInterval = Hour;
        // The shared server may have been started a moment ago.
        options.ReconnectGrace = TimeSpan.FromMilliseconds(1);
        var hub = new PostgreSqlTaskHub(options, TimeProvider.System);
        _disposables.Add(hub);
        await hub.InitializeAsync();
        return hub;
    }

    private WorkerSessions Sessions(string self)
    {
        var options = Options();
        options.ReconnectGrace = TimeSpan.FromMilliseconds(1);
        var hub = new HubDatabase(options, NullLoggerFactory.Instance);
        _disposables.Add(hub);
        return new WorkerSessions(
            hub, new HubSignals(TimeProvider.System, Hour), new Residents(TimeProvider.System), self, TimeProvider.System,
            NullLogger.Instance);
    }

    private PostgreSqlTaskHubOptions Options() => new() { ConnectionString = database.ConnectionString, Schema = _schema };

    private async Task<OrchestrationWorkItem> NextAsync(PostgreSqlTaskHub hub, string worker)
    {
        while (true)
        {
            if (await hub.LockOrchestrationsAsync(new LockRequest(worker, 1, Hour), _deadline.Token) is [var item])
            {
                return item;
            }

            await hub.WaitForWorkAsync(WorkKind.Orchestration, _deadline.Token);
        }
    }

    private async Task<ActivityWorkItem> NextActivityAsync(PostgreSqlTaskHub hub, string worker)
    {
        while (true)
        {
            if (await hub.LockActivitiesAsync(new LockRequest(worker, 1, Hour), _deadline.Token) is [var item])
            {
                return item;
            }

            await hub.WaitForWorkAsync(WorkKind.Activity, _deadline.Token);
        }
    }

    /// <summary>Ends the connection that says that the process of this worker lives.</summary>
    private Task EndSessionOfAsync(string worker) => ExecuteAsync(
        "SELECT pg_terminate_backend(l.pid) FROM workers w CROSS JOIN hashtextextended('heal.session:' || w.session, 0) AS key "
        + "JOIN pg_locks l ON l.locktype = 'advisory' AND l.objsubid = 1 AND (l.classid::bigint << 32) | l.objid::bigint = key "
        + $"WHERE w.worker_id = '{worker}'");

    private async Task UntilAsync(string query, long value)
    {
        while ((await LongListAsync(query)).Single() != value)
        {
            _deadline.Token.ThrowIfCancellationRequested();
        }
    }

    private async Task<List<long>> LongListAsync(string sql, params object?[] arguments)
    {
        await using var command = Heal.Postgres.SqlArguments.CreateCommand(_source, sql, arguments);
        await using var reader = await command.ExecuteReaderAsync();
        return await HubDatabase.ReadAllAsync(reader, row => row.GetInt64(0), CancellationToken.None);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private sealed class SetTime : TimeProvider
    {
        public TimeSpan Elapsed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Elapsed.Ticks;
    }
}

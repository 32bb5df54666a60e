using DurableTask.Core.Exceptions;
using Microsoft.DurableTask.PostgreSql;
using Npgsql;

namespace Heal.DurableTask.Hubs.Tests;

/// <summary>Instances whose first turn runs before they are stored: start and turn are stored together, or the start by itself.</summary>
public sealed class FirstTurnTests(HubTestDatabase database) : IClassFixture<HubTestDatabase>, IAsyncLifetime
{
    private const string StoredTogether =
        "SELECT count(*)::text FROM instances i JOIN history h USING (instance_id) WHERE i.xmin = h.xmin";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly string _schema = "hub_" + Guid.NewGuid().ToString("N")[..12];
    private readonly HeldBackTime _time = new();
    private readonly Worker _worker = new();
    private NpgsqlDataSource _source = null!;
    private PostgreSqlTaskHub _hub = null!;

    public async Task InitializeAsync()
    {
        var options = new PostgreSqlTaskHubOptions { ConnectionString = database.ConnectionString, Schema = _schema };
        _source = HubDatabase.CreateDataSource(options, loggerFactory: null);
        _hub = new PostgreSqlTaskHub(options, _time);
        await _hub.InitializeAsync();
        _hub.Attach(_worker);
    }

    public async Task DisposeAsync()
    {
        await _hub.DisposeAsync();
        await _source.DisposeAsync();
    }

    [Fact]
    public async Task Start_and_first_turn_are_one_transaction()
    {
        var (created, item) = await BeginAsync();
        Assert.Null(await _hub.GetInstanceAsync(item.Lock.InstanceId, withPayloads: false));

        var receipt = await _hub.CommitTurnAsync(Lockless(Some.Claiming(Some.Turn(item), Some.Lease)));
        await created.WaitAsync(Patience);

        Assert.Equal(["1"], await ListAsync(StoredTogether));
        var state = await _hub.GetInstanceAsync(item.Lock.InstanceId, withPayloads: true);
        Assert.Equal(
            (OrchestrationStatus.Running, "Order", "1.0", "\"input\"", "blue"),
            (state!.Status, state.Name, state.Version, state.Input, state.Tags["team"]));
        var activity = Assert.Single(receipt.Claimed);
        await _hub.CommitTurnAsync(Lockless(Some.Turn(item)) with
        {
            Lock = item.Lock with { Fence = receipt.Fence },
            HistoryCount = 2,
            NewHistory = [Some.Outcome(0)],
            ConsumedMessages = [],
            FinishedActivities = [activity.Lock],
        });
        Assert.Equal(3, (await _hub.GetHistoryAsync(item.Lock.InstanceId))!.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task First_turns_that_do_more_are_stored_with_the_start_too(bool ends)
    {
        var (created, item) = await BeginAsync();
        await _hub.CommitTurnAsync(Lockless(ends
            ? Some.Turn(item, OrchestrationStatus.Completed) with { Output = "1" }
            : Some.Turn(item) with { Timers = [Some.Timer(0, DateTime.UtcNow.AddHours(1))] }));
        await created.WaitAsync(Patience);

        Assert.Equal(["1"], await ListAsync(StoredTogether));
        Assert.Equal(ends ? [] : ["1"], await ListAsync("SELECT count(*)::text FROM inbox HAVING count(*) > 0"));
        var state = await _hub.GetInstanceAsync(item.Lock.InstanceId, withPayloads: true);
        Assert.Equal(ends ? (OrchestrationStatus.Completed, "1") : (OrchestrationStatus.Running, null), (state!.Status, state.Output));
    }

    [Fact]
    public async Task A_start_does_not_wait_for_a_turn_that_takes_its_time()
    {
        var (created, item) = await BeginAsync();
        _time.Fire();
        await created.WaitAsync(Patience);
        Assert.Equal(
            OrchestrationStatus.Pending, (await _hub.GetInstanceAsync(item.Lock.InstanceId, withPayloads: false))!.Status);

        await _hub.CommitTurnAsync(Lockless(Some.Claiming(Some.Turn(item), Some.Lease)));
        Assert.Equal(
            OrchestrationStatus.Running, (await _hub.GetInstanceAsync(item.Lock.InstanceId, withPayloads: false))!.Status);
    }

    [Fact]
    public async Task A_start_whose_turn_comes_to_nothing_goes_to_another_worker()
    {
        var (created, item) = await BeginAsync();
        await _hub.AbandonOrchestrationAsync(item.Lock, TimeSpan.Zero);
        await created.WaitAsync(Patience);
        await AssertBeginsElsewhereAsync(item);
    }

    [Fact]
    public async Task A_first_turn_that_can_not_be_stored_does_not_fail_the_start()
    {
        var (created, item) = await BeginAsync();
        var refused = Lockless(Some.Claiming(Some.Turn(item), Some.Lease)) with { CustomStatus = "no \0 in a text" };
        var error = await Assert.ThrowsAsync<PostgresException>(() => _hub.CommitTurnAsync(refused));
        Assert.Equal(PostgresErrorCodes.CharacterNotInRepertoire, error.SqlState);
        await created.WaitAsync(Patience);
        await _hub.AbandonOrchestrationAsync(item.Lock, TimeSpan.Zero);
        await AssertBeginsElsewhereAsync(item);
    }

    [Fact]
    public async Task An_id_that_is_taken_after_all_refuses_the_start_and_the_turn()
    {
        var id = Some.Id();
        _worker.HasRoom = false;
        await _hub.CreateInstanceAsync(Some.Instance(id), []);
        _worker.HasRoom = true;
        var (created, item) = await BeginAsync(id);

        await Assert.ThrowsAsync<WorkItemLockLostException>(
            () => _hub.CommitTurnAsync(Lockless(Some.Claiming(Some.Turn(item), Some.Lease))));
        await Assert.ThrowsAsync<OrchestrationAlreadyExistsException>(() => created.WaitAsync(Patience));
        Assert.Equal(["0"], await ListAsync("SELECT count(*)::text FROM history"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_worker_that_was_given_up_meanwhile_stores_no_first_turn(bool isLate)
    {
        var (first, other) = await BeginAsync();
        await _hub.CommitTurnAsync(Lockless(Some.Turn(other, OrchestrationStatus.Completed)));
        await first.WaitAsync(Patience);
        await ListAsync("UPDATE workers SET alive_until = now() - interval '1 second' RETURNING ''");

        var (created, item) = await BeginAsync();
        if (isLate)
        {
            _time.Fire();
            await created.WaitAsync(Patience);
        }

        await Assert.ThrowsAsync<WorkItemLockLostException>(
            () => _hub.CommitTurnAsync(Lockless(Some.Claiming(Some.Turn(item), Some.Lease))));
        await created.WaitAsync(Patience);
        await AssertBeginsElsewhereAsync(item);
    }

    /// <summary>Turns that share a commit have statements of their own.</summary>
    [Fact]
    public async Task First_and_last_turns_that_wait_together_are_stored_as_each_would_be_alone()
    {
        string taken = Some.Id();
        _worker.HasRoom = false;
        await _hub.CreateInstanceAsync(Some.Instance(taken), []);
        _worker.HasRoom = true;
        var blocker = await StartedAsync();
        var ending = new[] { await StartedAsync(), await StartedAsync() };
        var stale = await StartedAsync();
        await _hub.SendMessageAsync(ending[0].Turn.Lock.InstanceId, Some.Event("late"));
        var opening = new[] { await BeginAsync(), await BeginAsync(), await BeginAsync(taken) };

        Task<TurnReceipt> first;
        Task<TurnReceipt>[] group;
        await using (var connection = await _source.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await using var hold = new NpgsqlCommand("SELECT 1 FROM instances WHERE instance_id = $1 FOR UPDATE", connection);
            hold.Parameters.Add(new NpgsqlParameter<string> { TypedValue = blocker.Turn.Lock.InstanceId });
            await hold.ExecuteScalarAsync();
            first = _hub.CommitTurnAsync(Ending(blocker));
            using var deadline = new CancellationTokenSource(Patience);
            while ((await ListAsync(
                "SELECT '' FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")).Count == 0)
            {
                deadline.Token.ThrowIfCancellationRequested();
            }

            group =
            [
                .. opening.Select(begun => _hub.CommitTurnAsync(Lockless(Some.Claiming(Some.Turn(begun.Item), Some.Lease)))),
                .. ending.Select(started => _hub.CommitTurnAsync(Ending(started))),
                _hub.CommitTurnAsync(Ending(stale) with { Lock = stale.Turn.Lock }),
            ];
            await transaction.CommitAsync();
        }

        await first.WaitAsync(Patience);
        var errors = await Task.WhenAll(group.Select(commit => Record.ExceptionAsync(() => commit.WaitAsync(Patience))));
        Assert.Equal([null, null, typeof(WorkItemLockLostException), null, null, typeof(WorkItemLockLostException)],
            errors.Select(error => error?.GetType()));
        await opening[0].Created.WaitAsync(Patience);
        await opening[1].Created.WaitAsync(Patience);
        await Assert.ThrowsAsync<OrchestrationAlreadyExistsException>(() => opening[2].Created.WaitAsync(Patience));
        Assert.Equal(
            ["Completed 3 1", "Completed 3 1"],
            await ListAsync(
                "SELECT 'Completed ' || history_count || ' ' || succeeded::int FROM instances "
                + $"WHERE status = 1 AND resident_at IS NULL AND instance_id <> '{blocker.Turn.Lock.InstanceId}'"));
        Assert.Equal(["4"], await ListAsync("SELECT count(DISTINCT xmin::text)::text FROM instances"));
        Assert.Equal(["1"], await ListAsync("SELECT count(*)::text FROM inbox"));
    }

    [Fact]
    public async Task An_id_that_its_starter_chose_is_stored_before_its_first_turn_runs()
    {
        var created = _hub.CreateInstanceAsync(Some.Instance(), []);
        var item = await _worker.NextAsync();
        await created.WaitAsync(Patience);
        Assert.NotNull(await _hub.GetInstanceAsync(item.Lock.InstanceId, withPayloads: false));
    }

    [Fact]
    public async Task A_start_that_another_worker_took_along_is_not_posted_when_its_own_turn_comes_to_nothing()
    {
        var (item, taken) = await TakeAlongAsync();
        await _hub.AbandonOrchestrationAsync(item.Lock, TimeSpan.Zero);

        await _hub.CommitTurnAsync(Some.Turn(taken));
        Assert.Equal(["0"], await ListAsync("SELECT count(*)::text FROM inbox"));
    }

    [Fact]
    public async Task A_start_that_another_worker_took_along_is_played_once_when_its_own_worker_is_gone()
    {
        var (_, taken) = await TakeAlongAsync();
        await using (var connection = await _source.OpenConnectionAsync())
        {
            Assert.Equal(
                1, await ResidentReclaimer.ReclaimAsync(connection, [_worker.WorkerId], () => Task.CompletedTask, CancellationToken.None));
        }

        await Assert.ThrowsAsync<WorkItemLockLostException>(() => _hub.CommitTurnAsync(Some.Turn(taken)));
        var again = Assert.Single(await _hub.LockOrchestrationsAsync(new LockRequest("other", 1, Some.Lease)));
        Assert.Equal(["ExecutionStarted", "go"], Some.Names(again).Order(StringComparer.Ordinal));
        await _hub.CommitTurnAsync(Some.Turn(again));
        Assert.Equal(["0"], await ListAsync("SELECT count(*)::text FROM inbox"));
    }

    /// <summary>A message leads another worker to an instance before its first turn.</summary>
    private async Task<(OrchestrationWorkItem Item, OrchestrationWorkItem Taken)> TakeAlongAsync()
    {
        await _hub.CreateInstanceAsync(Some.Instance(), []);
        var item = await _worker.NextAsync();
        await _hub.SendMessageAsync(item.Lock.InstanceId, Some.Event("go"));
        var taken = Assert.Single(await _hub.LockOrchestrationsAsync(new LockRequest("other", 1, Some.Lease)));
        Assert.Equal(["ExecutionStarted", "go"], Some.Names(taken));
        return (item, taken);
    }

    private async Task<(Task Created, OrchestrationWorkItem Item)> BeginAsync(string? id = null)
    {
        var created = _hub.CreateInstanceAsync(Some.Instance(id) with { HasOwnId = true }, []);
        return (created, await _worker.NextAsync());
    }

    /// <summary>An instance in the worker's memory, whose activity is open.</summary>
    private async Task<(OrchestrationWorkItem Turn, TurnReceipt Receipt)> StartedAsync()
    {
        var (created, item) = await BeginAsync();
        var receipt = await _hub.CommitTurnAsync(Lockless(Some.Claiming(Some.Turn(item), Some.Lease)));
        await created.WaitAsync(Patience);
        return (item, receipt);
    }

    /// <summary>The last turn of such an instance.</summary>
    private static TurnCommit Ending((OrchestrationWorkItem Turn, TurnReceipt Receipt) started) =>
        Lockless(Some.Turn(started.Turn, OrchestrationStatus.Completed)) with
        {
            Lock = started.Turn.Lock with { Fence = started.Receipt.Fence },
            HistoryCount = 2,
            NewHistory = [Some.Outcome(0)],
            ConsumedMessages = [],
            FinishedActivities = [started.Receipt.Claimed[0].Lock],
        };

    private static TurnCommit Lockless(TurnCommit turn) => turn with { LockHeld = false };

    private async Task AssertBeginsElsewhereAsync(OrchestrationWorkItem item)
    {
        using var deadline = new CancellationTokenSource(Patience);
        IReadOnlyList<OrchestrationWorkItem> taken;
        while ((taken = await _hub.LockOrchestrationsAsync(new LockRequest("other", 1, Some.Lease), deadline.Token)).Count == 0)
        {
            await _hub.WaitForWorkAsync(WorkKind.Orchestration, only: null, deadline.Token);
        }

        Assert.Equal(item.Lock.InstanceId, taken[0].Lock.InstanceId);
        Assert.Equal(["ExecutionStarted"], Some.Names(taken[0]));
        Assert.Equal(0, taken[0].HistoryCount);
    }

    private async Task<List<string>> ListAsync(string sql)
    {
        await using var command = _source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        return await HubDatabase.ReadAllAsync(reader, row => row.GetString(0), CancellationToken.None);
    }

    /// <summary>A worker whose turns the test runs.</summary>
    private sealed class Worker : ILocalWorker
    {
        private TaskCompletionSource<OrchestrationWorkItem> _next = new();

        public string WorkerId => "worker";

        public TimeSpan Lease => Some.Lease;

        public bool HasRoom { get; set; } = true;

        public bool TryReserve(ExecutionStartedEvent start) => HasRoom;

        public void GiveBack()
        {
            // It has room for everything.
        }

        public void Start(OrchestrationWorkItem item) => _next.SetResult(item);

        public async Task<OrchestrationWorkItem> NextAsync()
        {
            var item = await _next.Task.WaitAsync(Patience);
            _next = new TaskCompletionSource<OrchestrationWorkItem>();
            return item;
        }
    }

    /// <summary>The system's time, but the wait of starts ends when the test says so.</summary>
    private sealed class HeldBackTime : TimeProvider
    {
        private Action _fire = () => { };

        public void Fire() => _fire();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime != HeldStarts.Patience)
            {
                return base.CreateTimer(callback, state, dueTime, period);
            }

            _fire = () => callback(state);
            return base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}

using System.Text;
using DurableTask.Core.Payloads;
using Heal.Postgres;
using Microsoft.DurableTask.PostgreSql;
using Npgsql;

namespace Heal.DurableTask.Hubs.Tests;

/// <summary>What only the hub on PostgreSQL promises: migrations, group commit, freedom from deadlocks, recovery, plans.</summary>
public sealed class PostgreSqlOnlyTests(HubTestDatabase database) : IClassFixture<HubTestDatabase>, IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly string _schema = "hub_" + Guid.NewGuid().ToString("N")[..12];
    private readonly CollectingLoggerFactory _log = new();
    private readonly List<PostgreSqlTaskHub> _hubs = [];
    private NpgsqlDataSource _source = null!;

    public Task InitializeAsync()
    {
        _source = HubDatabase.CreateDataSource(Options(), loggerFactory: null);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        foreach (var hub in _hubs)
        {
            await hub.DisposeAsync();
        }

        await _source.DisposeAsync();
    }

    [Fact]
    public async Task The_schema_goes_down_and_up_again()
    {
        var migrator = new Migrator(_source, _schema, Migration.FromResources<PostgreSqlTaskHub>());
        await migrator.MigrateAsync();
        var before = await ListAsync("SELECT indexname::text FROM pg_indexes WHERE schemaname = $1 ORDER BY 1", _schema);
        Assert.Contains("inbox_by_time", before);

        await migrator.MigrateToAsync(0);
        Assert.Equal(
            ["migration_is_applied_once"], await ListAsync("SELECT indexname::text FROM pg_indexes WHERE schemaname = $1", _schema));
        await migrator.MigrateAsync();
        Assert.Equal(before, await ListAsync("SELECT indexname::text FROM pg_indexes WHERE schemaname = $1 ORDER BY 1", _schema));
    }

    [Fact]
    public async Task Turns_that_wait_together_share_one_transaction()
    {
        var hub = await StartHubAsync();
        var commits = await CommitAsOneGroupAsync(hub, turn => turn);
        await Task.WhenAll(commits).WaitAsync(Patience);
        var transactions = await ListAsync("SELECT count(*)::text FROM instances GROUP BY xmin::text ORDER BY count(*)");
        Assert.Equal(["1", "10"], transactions);
    }

    [Theory]
    [InlineData('\0', typeof(PostgresException))]
    [InlineData('\ud800', typeof(EncoderFallbackException))]
    public async Task One_bad_turn_does_not_fail_its_neighbours(char bad, Type refusal)
    {
        var hub = await StartHubAsync();
        var position = 0;
        var commits = await CommitAsOneGroupAsync(hub, turn => position++ == 5 ? turn with { CustomStatus = $"no {bad} in a text" } : turn);
        var errors = await Task.WhenAll(commits.Select(commit => Record.ExceptionAsync(() => commit.WaitAsync(Patience))));

        Assert.IsType(refusal, Assert.Single(errors, error => error is not null));
        Assert.Contains(_log.Warnings, warning => warning.Contains("storing each alone", StringComparison.Ordinal));
        Assert.Equal(["10"], await ListAsync("SELECT count(*)::text FROM instances WHERE status = 0"));
        Assert.Equal(["10"], await ListAsync("SELECT count(*)::text FROM history"));
    }

    [Fact]
    public async Task A_stale_turn_does_not_fail_its_neighbours()
    {
        var hub = await StartHubAsync();
        var position = 0;
        var commits = await CommitAsOneGroupAsync(
            hub, turn => position++ == 5 ? turn with { Lock = turn.Lock with { Fence = turn.Lock.Fence - 1 } } : turn);
        var errors = await Task.WhenAll(commits.Select(commit => Record.ExceptionAsync(() => commit.WaitAsync(Patience))));
        Assert.IsType<WorkItemLockLostException>(Assert.Single(errors, error => error is not null));
        Assert.Empty(_log.Warnings);
    }

    [Theory]
    [InlineData('\0', typeof(PostgresException))]
    [InlineData('\ud800', typeof(EncoderFallbackException))]
    public async Task One_bad_message_does_not_fail_its_neighbours(char bad, Type refusal)
    {
        var hub = await StartHubAsync();
        await hub.CreateInstanceAsync(Some.Instance("good"), []);
        var sent = Enumerable.Range(0, 40)
            .Select(i => hub.SendMessageAsync(i % 10 == 5 ? $"bad{bad}{i}" : "good", Some.Event($"e{i}")))
            .ToArray();
        foreach (var (i, message) in sent.Index())
        {
            var error = await Record.ExceptionAsync(() => message.WaitAsync(Patience));
            Assert.Equal(i % 10 == 5 ? refusal : null, error?.GetType());
        }

        Assert.Equal(["36"], await ListAsync("SELECT count(*)::text FROM inbox WHERE event LIKE '%EventRaised%'"));
        Assert.False(await hub.SendMessageAsync("nobody", Some.Event("e")));
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

    [Theory]
    [InlineData('\0', typeof(PostgresException))]
    [InlineData('\ud800', typeof(EncoderFallbackException))]
    public async Task One_bad_start_does_not_fail_its_neighbours_and_leaves_no_doubt(char bad, Type refusal)
    {
        var hub = await StartHubAsync();
        var worker = new Eager();
        hub.Attach(worker);
        string[] ids = [.. Enumerable.Range(0, 40).Select(i => i % 10 == 5 ? $"bad{bad}{i}" : $"good{i}")];
        var created = ids.Select(id => hub.CreateInstanceAsync(Some.Instance(id), [])).ToArray();
        foreach (var (i, creation) in created.Index())
        {
            var error = await Record.ExceptionAsync(() => creation.WaitAsync(Patience));
            Assert.Equal(i % 10 == 5 ? refusal : null, error?.GetType());
        }

        // Those that began in memory are still there after a look for what is in doubt, and the look goes on working.
        Assert.Equal(36, worker.Started);
        await database.TerminateConnectionsAsync();
        Assert.Equal(["36"], await RetryAsync(
            () => ListAsync("SELECT count(*)::text FROM instances WHERE resident_at = 'eager'"), CancellationToken.None));
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
        await using var connection = await _source.OpenConnectionAsync();

        await ResidentReclaimer.ReclaimDoubtfulAsync(connection, residents, () => Task.CompletedTask, CancellationToken.None);

        Assert.Empty(residents.Doubtful);
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
    public async Task Two_turns_that_create_the_same_child_in_one_group_give_one_child_and_one_refusal()
    {
        var hub = await StartHubAsync();
        var commits = await CommitAsOneGroupAsync(hub, turn => turn with
        {
            SubOrchestrations =
            [
                Some.Instance(
                    "same", parent: new OrchestrationInstance { InstanceId = turn.Lock.InstanceId, ExecutionId = turn.ExecutionId }),
            ],
        });
        await Task.WhenAll(commits).WaitAsync(Patience);
        Assert.Equal(["10"], await ListAsync("SELECT count(*)::text FROM inbox WHERE event LIKE '%SubOrchestrationInstanceFailed%'"));
        Assert.Equal(["1"], await ListAsync("SELECT count(*)::text FROM inbox WHERE instance_id = 'same'"));
    }

    [Fact]
    public async Task Turns_that_message_and_create_each_other_s_instances_do_not_deadlock()
    {
        PostgreSqlTaskHub[] hubs = [await StartHubAsync(), await StartHubAsync()];
        var ids = Enumerable.Range(0, 24).Select(i => $"i{i:00}").ToArray();
        await Task.WhenAll(ids.Select(id => hubs[0].CreateInstanceAsync(Some.Instance(id), [])));
        var turnsLeft = 400;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async worker =>
        {
            var hub = hubs[worker % 2];
            var random = new Random(worker);
            while (Interlocked.Decrement(ref turnsLeft) > 0)
            {
                foreach (var item in await hub.LockOrchestrationsAsync(new LockRequest($"w{worker}", 4, Some.Lease)))
                {
                    string[] others = [.. ids.OrderBy(_ => random.Next()).Take(6)];
                    await hub.CommitTurnAsync(Some.Turn(item) with
                    {
                        NewHistory = [],
                        Messages = [.. others.Select(id => new OutgoingMessage(id, null, Some.Event("ping")))],
                        SubOrchestrations = [.. others.Take(3).Select(id => Some.Instance(id)), Some.Instance($"child{random.Next(20)}")],
                    });
                }
            }
        })).WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Empty(_log.Warnings);
    }

    [Fact]
    public async Task A_hub_recovers_when_every_connection_is_cut()
    {
        var hub = await StartHubAsync(safetyPoll: TimeSpan.FromHours(1));
        var other = await StartHubAsync(safetyPoll: TimeSpan.FromHours(1));
        using var deadline = new CancellationTokenSource(Patience);
        var created = Some.Instance();
        var waiting = RetryAsync(() => NextAsync(other, deadline.Token), deadline.Token);

        await database.TerminateConnectionsAsync();
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
        await using var proxy = new CuttingProxy(new NpgsqlConnectionStringBuilder(database.ConnectionString));
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
        await using var proxy = new CuttingProxy(new NpgsqlConnectionStringBuilder(database.ConnectionString));
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
        await using var proxy = new CuttingProxy(new NpgsqlConnectionStringBuilder(database.ConnectionString));
        var hub = await StartHubAsync(connectionString: proxy.ConnectionString);
        await hub.CreateInstanceAsync(Some.Instance(), []);
        var item = await NextAsync(hub, CancellationToken.None);
        var claimed = Assert.Single((await hub.CommitTurnAsync(Some.Claiming(Some.Turn(item), Some.Lease))).Claimed);

        proxy.CutAfter(item.Instance.ExecutionId);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => hub.AbandonActivityAsync(claimed.Lock, TimeSpan.Zero).WaitAsync(Patience));
        await hub.AbandonActivityAsync(claimed.Lock, TimeSpan.Zero).WaitAsync(Patience);

        Assert.Single(await hub.LockActivitiesAsync(new LockRequest("w2", 10, Some.Lease)));
    }

    [Fact]
    public async Task Messages_that_nobody_will_consume_are_swept()
    {
        var hub = await StartHubAsync();
        await hub.CreateInstanceAsync(Some.Instance("alive"), []);
        await ExecuteAsync(
            "INSERT INTO inbox (instance_id, execution_id, visible_at, event) "
            + "VALUES ('gone', NULL, now(), '{}'), ('alive', 'old', now(), '{}')");
        await using var statements = new HubDatabase(Options(), _log);
        var sweeper = new InboxSweeper(statements, TimeProvider.System, _log);
        Assert.Equal(2, await sweeper.RunOnceAsync(CancellationToken.None));
        Assert.Equal(["alive"], await ListAsync("SELECT instance_id FROM inbox"));
    }

    [Fact]
    public async Task Payloads_that_nothing_refers_to_are_swept_a_few_at_a_time()
    {
        var hub = await StartHubAsync();
        await hub.CreateInstanceAsync(Some.Instance("used"), []);
        string[] places =
        [
            "UPDATE instances SET custom_status = 'at p1'",
            "INSERT INTO history (instance_id, seq, event) VALUES ('used', 9, 'at p2')",
            "INSERT INTO inbox (instance_id, visible_at, event) VALUES ('used', 'infinity', 'at p3')",
            "INSERT INTO activities (instance_id, execution_id, task_id, event, visible_at) VALUES ('used', 'e', 0, 'at p4', 'infinity')",
        ];
        foreach (var place in places)
        {
            await using var command = _source.CreateCommand(place);
            await command.ExecuteNonQueryAsync();
        }

        await hub.PutPayloadsAsync([.. Enumerable.Range(0, 8).Select(i => new StoredPayload($"p{i}", i == 7 ? "purged" : "used", [0]))]);
        var options = Options();
        options.MaxPayloadsPerSweep = 3;
        await using var statements = new HubDatabase(options, _log);
        var sweeper = new PayloadStore(statements, TimeProvider.System, _log.CreateLogger(""));
        Assert.Equal(0, await sweeper.RunOnceAsync(TimeSpan.FromHours(1), CancellationToken.None));

        var removed = new List<int>();
        for (var round = 0; round < 4; round++)
        {
            removed.Add(await sweeper.RunOnceAsync(TimeSpan.Zero, CancellationToken.None));
        }

        // p3 to p5, p6 and p7, nothing more, and round again: p0 to p2.
        Assert.Equal([1, 2, 0, 1], removed);
        Assert.Equal(["p1", "p2", "p3", "p4"], await ListAsync("SELECT id FROM payloads ORDER BY id"));
    }

    [Fact]
    public async Task Payloads_of_entities_stay_for_as_long_as_a_state_or_a_message_refers_to_them()
    {
        var hub = await StartHubAsync();
        await ExecuteAsync("INSERT INTO entities (entity_id, state) VALUES ('@keeper@x', 'at p1')");
        await ExecuteAsync("INSERT INTO entity_inbox (entity_id, visible_at, message) VALUES ('@keeper@y', 'infinity', 'at p2')");
        await hub.PutPayloadsAsync(
            [new("p0", "@keeper@x", [0]), new("p1", "@keeper@x", [0]), new("p2", "@keeper@y", [0])]);
        await using var statements = new HubDatabase(Options(), _log);

        var sweeper = new PayloadStore(statements, TimeProvider.System, _log.CreateLogger(""));
        Assert.Equal(1, await sweeper.RunOnceAsync(TimeSpan.Zero, CancellationToken.None));

        Assert.Equal(["p1", "p2"], await ListAsync("SELECT id FROM payloads ORDER BY id"));
    }

    [Fact]
    public void Every_fault_of_the_options_is_reported_at_once()
    {
        var options = new PostgreSqlTaskHubOptions { Schema = "Not A Name", MaxTurnsPerCommit = 0, SafetyPollInterval = TimeSpan.Zero };
        Assert.Equal(4, options.Validate().Count); // The connection string is missing too.
        Assert.Empty(new PostgreSqlTaskHubOptions { ConnectionString = "Host=x" }.Validate());
    }

    /// <summary>Commits 10 turns while an 11th, whose row somebody holds, occupies the committer: they wait together and go
    /// together.</summary>
    private async Task<IReadOnlyList<Task<TurnReceipt>>> CommitAsOneGroupAsync(PostgreSqlTaskHub hub, Func<TurnCommit, TurnCommit> change)
    {
        for (var i = 0; i < 11; i++)
        {
            await hub.CreateInstanceAsync(Some.Instance(), []);
        }

        var items = await hub.LockOrchestrationsAsync(new LockRequest("w1", 11, Some.Lease));
        await using var connection = await _source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var hold = connection.CreateCommand(
            "SELECT 1 FROM instances WHERE instance_id = $1 FOR UPDATE", items[0].Instance.InstanceId);
        await hold.ExecuteScalarAsync();
        var first = hub.CommitTurnAsync(change(Some.Turn(items[0])) with { CustomStatus = null, Lock = items[0].Lock });
        await UntilAsync("SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");
        var commits = items.Skip(1).Select(item => hub.CommitTurnAsync(change(Some.Turn(item)))).ToArray();
        await transaction.CommitAsync();
        await first;
        return commits;
    }

    private async Task<PostgreSqlTaskHub> StartHubAsync(
        TimeSpan? safetyPoll = null, string? connectionString = null, TimeSpan? workerCheck = null)
    {
        var options = Options();
        options.ConnectionString = connectionString ?? options.ConnectionString;
        options.SafetyPollInterval = safetyPoll ?? options.SafetyPollInterval;
        options.WorkerCheckInterval = workerCheck ?? options.WorkerCheckInterval;
        var hub = new PostgreSqlTaskHub(options, TimeProvider.System, _log);
        _hubs.Add(hub);
        await hub.InitializeAsync();
        return hub;
    }

    private PostgreSqlTaskHubOptions Options() => new() { ConnectionString = database.ConnectionString, Schema = _schema };

    private static async Task<OrchestrationWorkItem> NextAsync(PostgreSqlTaskHub hub, CancellationToken cancellationToken)
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

    private static async Task<T> RetryAsync<T>(Func<Task<T>> action, CancellationToken cancellationToken)
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

    private async Task UntilAsync(string condition)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while ((await ListAsync($"SELECT ({condition})::text"))[0] != "true")
        {
            deadline.Token.ThrowIfCancellationRequested();
        }
    }

    private async Task<List<string>> ListAsync(string sql, params object?[] arguments)
    {
        await using var command = _source.CreateCommand(sql, arguments);
        await using var reader = await command.ExecuteReaderAsync();
        return await HubDatabase.ReadAllAsync(reader, row => row.GetString(0), CancellationToken.None);
    }

    /// <summary>A worker that has room for everything, and only counts what it gets.</summary>
    private sealed class Eager : ILocalWorker
    {
        private int _started;

        public int Started => _started;

        public string WorkerId => "eager";

        public TimeSpan Lease => Some.Lease;

        public bool TryReserve(ExecutionStartedEvent start) => true;

        public void GiveBack()
        {
            // It has room for everything.
        }

        public void Start(OrchestrationWorkItem item) => Interlocked.Increment(ref _started);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}

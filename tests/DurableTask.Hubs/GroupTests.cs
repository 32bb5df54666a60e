using System.Text;
using Heal.Postgres;
using Microsoft.DurableTask.PostgreSql;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Heal.DurableTask.Hubs.Tests;

/// <summary>What is stored together, turns, messages and starts of many callers in one transaction: none fails or waits for another.
/// </summary>
public sealed class GroupTests(HubTestDatabase database) : PostgreSqlHubSuite(database)
{
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
        Assert.Contains(Log.Warnings, warning => warning.Contains("storing each alone", StringComparison.Ordinal));
        Assert.Equal(["10"], await ListAsync("SELECT count(*)::text FROM instances WHERE status = 0"));
        Assert.Equal(["10"], await ListAsync("SELECT count(*)::text FROM history"));
    }

    /// <summary>The committer says that it stores each turn alone; when that throws, whoever waits must hear of its turn all the same.
    /// </summary>
    [Fact]
    public async Task A_logger_that_throws_keeps_no_turn_from_being_stored()
    {
        using var log = new ThrowingLoggers();
        var hub = await StartHubAsync(log: log);
        var position = 0;
        var commits = await CommitAsOneGroupAsync(hub, turn => position++ == 5 ? turn with { CustomStatus = "no \0 in a text" } : turn);
        var errors = await Task.WhenAll(commits.Select(commit => Record.ExceptionAsync(() => commit.WaitAsync(Patience))));

        Assert.IsType<PostgresException>(Assert.Single(errors, error => error is not null));
        Assert.NotEqual(0, log.Thrown);
        Assert.True(await hub.SendMessageAsync(Assert.Single(await ListAsync(
            "SELECT instance_id FROM instances WHERE status = 0 LIMIT 1")), Some.Event("e")).WaitAsync(Patience));
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
        Assert.Empty(Log.Warnings);
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
        await Database.TerminateConnectionsAsync();
        Assert.Equal(["36"], await RetryAsync(
            () => ListAsync("SELECT count(*)::text FROM instances WHERE resident_at = 'eager'"), CancellationToken.None));
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
        Assert.Empty(Log.Warnings);
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
        await using var connection = await Source.OpenConnectionAsync();
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

    /// <summary>What a full disk makes of a provider that writes to it.</summary>
    private sealed class ThrowingLoggers : ILoggerFactory, ILogger
    {
        public int Thrown { get; private set; }

        public void AddProvider(ILoggerProvider provider)
        {
            // It has none.
        }

        public ILogger CreateLogger(string categoryName) =>
            categoryName == typeof(PostgreSqlTaskHub).FullName ? this : NullLogger.Instance;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Thrown++;
            throw new IOException("No space left on device.");
        }

        public void Dispose()
        {
            // It holds nothing.
        }
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
}

using Heal.Healing;
using Heal.Postgres;
using Heal.Postgres.Tests;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Activities.Tests;

/// <summary>Received signals on a real PostgreSQL, from their arrival until they are forgotten.</summary>
public sealed class ReceivedSignalsTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = Some.Noon;
    private readonly TestDatabase _database = new();
    private readonly IntakeMetrics _metrics = new(TimeProvider.System);
    private HealDatabase _heal = null!;
    private ReceivedSignals _received = null!;
    private SignalWriter _writer = null!;

    public async Task InitializeAsync()
    {
        await _database.InitializeAsync();
        _heal = new HealDatabase(PostgresDataSource.Create(_database.ConnectionString, HealStore.Schema, "test"), HealStore.Schema);
        await _heal.MigrateAsync(CancellationToken.None);
        _received = new ReceivedSignals(_heal.DataSource, _metrics, Some.UnreadableRows);
        _writer = NewWriter();
    }

    public async Task DisposeAsync()
    {
        await _writer.DisposeAsync();
        await _heal.DisposeAsync();
        await _database.DisposeAsync();
        _metrics.Dispose();
    }

    [Fact]
    public async Task A_signal_is_new_once_through_whichever_process()
    {
        await using var other = NewWriter();

        Assert.Equal([true, true], await WriteAsync("a", "b"));
        Assert.Equal([false, true], await other.WriteAsync(Some.Signals("a", "c"), CancellationToken.None));
    }

    [Fact]
    public async Task Processes_that_store_the_same_signals_at_once_do_not_lock_each_other_out()
    {
        await using var other = NewWriter();
        var names = Enumerable.Range(0, 400).Select(i => $"s{i}").ToArray();
        string[] backwards = [.. names.Reverse()];

        var told = await Task.WhenAll(Enumerable.Range(0, 20).SelectMany(i => new[]
        {
            _writer.WriteAsync(Some.Signals(names[..(20 * (i + 1))]), CancellationToken.None),
            other.WriteAsync(Some.Signals(backwards[..(20 * (i + 1))]), CancellationToken.None),
        }));

        Assert.Equal(400, told.Sum(isNew => isNew.Count(value => value)));
    }

    [Fact]
    public async Task A_writer_whose_connections_were_cut_serves_the_next_sender()
    {
        await WriteAsync("a");

        await _database.TerminateConnectionsAsync();

        Assert.Equal([false, true], await WriteAsync("a", "b"));
    }

    [Fact]
    public async Task Without_a_store_a_sender_is_told_so_and_what_was_acknowledged_stays()
    {
        await WriteAsync("a");
        await ExecuteAsync("ALTER TABLE heal.received_signal RENAME TO away");

        await Assert.ThrowsAnyAsync<Npgsql.NpgsqlException>(() => WriteAsync("b"));
        await ExecuteAsync("ALTER TABLE heal.away RENAME TO received_signal");

        Assert.Equal([false, true], await WriteAsync("a", "b"));
    }

    [Fact]
    public async Task What_waits_comes_back_whole_those_first_that_wait_longest()
    {
        await WriteAsync("a");
        var late = Some.Signal("b") with { ReceivedAt = Noon.AddMinutes(-1), CorrelationId = "nul\0", TraceParent = "00-1-2-00" };
        await _writer.WriteAsync([late], CancellationToken.None);

        var due = await _received.DueAsync(Noon, 10, CancellationToken.None);

        Assert.Equal([late.Id, Some.Signal("a").Id], due.Select(signal => signal.Id));
        Assert.Equivalent(late with { CorrelationId = "nul\uFFFD" }, due[0].Signal);
        Assert.Single(await _received.DueAsync(Noon, 1, CancellationToken.None));
    }

    [Fact]
    public async Task A_routed_signal_waits_no_more_and_is_still_known()
    {
        await WriteAsync("a", "b");

        await _received.RoutedAsync([Some.Signal("a").Id], Noon, CancellationToken.None);

        Assert.Equal(Some.Signal("b").Id, Assert.Single(await _received.DueAsync(Noon, 10, CancellationToken.None)).Id);
        Assert.Equal([false], await WriteAsync("a"));
        Assert.Equal(SignalProgress.Routed, (await FindAsync("a"))!.State);
    }

    [Fact]
    public async Task A_failed_one_waits_for_its_next_attempt_and_a_parked_one_for_a_person()
    {
        await WriteAsync("a", "b");

        await _received.FailedAsync(
            [new(Some.Signal("a").Id, 3, "slow", Noon.AddMinutes(1)), new(Some.Signal("b").Id, 9, "broken", null)],
            Noon,
            CancellationToken.None);

        Assert.Empty(await _received.DueAsync(Noon, 10, CancellationToken.None));
        Assert.Equal(Noon.AddMinutes(1), await _received.NextDueAsync(CancellationToken.None));
        Assert.Equal(3, Assert.Single(await _received.DueAsync(Noon.AddMinutes(1), 10, CancellationToken.None)).Attempts);
        var parked = Assert.Single(await _received.ParkedAsync(CancellationToken.None));
        Assert.Equal((Some.Signal("b").Id, "broken", "KubePodCrashLooping"), (parked.Id, parked.Reason, parked.Alert));
        Assert.Equivalent(new SignalBacklog(1, Noon, 1), await _received.BacklogAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_parked_one_can_be_tried_again_and_no_other()
    {
        await WriteAsync("a", "b");
        await _received.FailedAsync([new(Some.Signal("a").Id, 9, "broken", null)], Noon, CancellationToken.None);

        Assert.True(await _received.RetryAsync(Some.Signal("a").Id, Noon, CancellationToken.None));

        Assert.False(await _received.RetryAsync(Some.Signal("b").Id, Noon, CancellationToken.None));
        Assert.Equal(2, (await _received.DueAsync(Noon, 10, CancellationToken.None)).Count);
        Assert.Equal((SignalProgress.Waiting, 0), ((await FindAsync("a"))!.State, (await FindAsync("a"))!.Attempts));
    }

    [Fact]
    public async Task A_late_failure_does_not_bring_back_what_was_routed()
    {
        await WriteAsync("a");
        await _received.RoutedAsync([Some.Signal("a").Id], Noon, CancellationToken.None);

        await _received.FailedAsync([new(Some.Signal("a").Id, 1, "late", Noon)], Noon, CancellationToken.None);

        Assert.Empty(await _received.DueAsync(Noon, 10, CancellationToken.None));
    }

    [Fact]
    public async Task What_was_routed_long_ago_is_forgotten_and_nothing_that_waits()
    {
        await WriteAsync("old", "new", "waits");
        await new HealStore(_heal.DataSource).RecordSignalAsync(
            new UnroutedSignal(Some.Signal("old"), RouteKind.Rejected, "no target"), CancellationToken.None);
        await _received.RoutedAsync([Some.Signal("old").Id], Noon, CancellationToken.None);
        await _received.RoutedAsync([Some.Signal("new").Id], Noon.AddHours(1), CancellationToken.None);

        Assert.Equal(1, await _received.PurgeAsync(Noon.AddMinutes(1), CancellationToken.None));

        Assert.Null(await FindAsync("old"));
        Assert.NotNull(await FindAsync("new"));
        Assert.NotNull(await FindAsync("waits"));
        Assert.Equal(0L, await ScalarAsync("SELECT count(*) FROM heal.incident_signal"));
    }

    [Fact]
    public async Task Content_that_no_program_can_read_does_not_hold_up_the_others()
    {
        await WriteAsync("a", "b");
        await ExecuteAsync($"UPDATE heal.received_signal SET signal = '[' WHERE signal_id = '{Some.Signal("a").Id}'");

        var due = await _received.DueAsync(Noon, 10, CancellationToken.None);

        Assert.Null(due.Single(signal => signal.Id == Some.Signal("a").Id).Signal);
        Assert.NotNull(due.Single(signal => signal.Id == Some.Signal("b").Id).Signal);
    }

    [Fact]
    public async Task Going_back_to_an_older_program_is_refused_while_signals_wait_for_this_one()
    {
        await WriteAsync("a");

        var refused = await Assert.ThrowsAsync<MigrationException>(() => _heal.Migrator().MigrateToAsync(1));
        Assert.Contains("1 received signals are not routed yet", refused.Message);
        await _heal.MigrateAsync(CancellationToken.None);
        await _received.RoutedAsync([Some.Signal("a").Id], Noon, CancellationToken.None);

        await _heal.Migrator().MigrateToAsync(1);
    }

    [Fact]
    public async Task What_an_older_program_routed_is_known()
    {
        await _heal.Migrator().MigrateToAsync(1);
        await new HealStore(_heal.DataSource).RecordSignalAsync(
            new UnroutedSignal(Some.Signal("old"), RouteKind.Rejected, "no target"), CancellationToken.None);

        await _heal.MigrateAsync(CancellationToken.None);

        Assert.Equal([false], await WriteAsync("old"));
        Assert.Equal((RouteKind.Rejected, "no target"), ((await FindAsync("old"))!.Kind, (await FindAsync("old"))!.Reason));
    }

    [Fact]
    public async Task What_an_incident_has_says_whether_it_is_routed_yet()
    {
        await WriteAsync("a", "b");
        var target = new TargetReference("test", TargetKinds.Deployment, "shop", "web");
        var store = new HealStore(_heal.DataSource);
        foreach (var signal in Some.Signals("a", "b", "of an older program"))
        {
            await store.JoinAsync(
                new JoinRequest(signal, target), TimeSpan.FromMinutes(5), Noon,
                episode => new IncidentInput(target.IncidentId(episode), target, episode, signal, null, new SafetyLimits(), Noon),
                CancellationToken.None);
        }

        await _received.RoutedAsync([Some.Signal("a").Id], Noon, CancellationToken.None);

        var told = await _received.OfIncidentAsync(target.IncidentId(1), CancellationToken.None);
        Assert.Equal([SignalProgress.Routed, SignalProgress.Waiting, SignalProgress.Routed], told.Select(signal => signal.State));
    }

    private SignalWriter NewWriter()
    {
        var options = new IntakeOptions();
        return new SignalWriter(
            () => new SignalSink(_heal.DataSource, options.CommitTimeout), options, _metrics, TimeProvider.System,
            NullLogger<SignalWriter>.Instance);
    }

    private Task<IReadOnlyList<bool>> WriteAsync(params string[] fingerprints) =>
        _writer.WriteAsync(Some.Signals(fingerprints), CancellationToken.None);

    private Task<SignalState?> FindAsync(string fingerprint) => _received.FindAsync(Some.Signal(fingerprint).Id, CancellationToken.None);

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _heal.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<object?> ScalarAsync(string sql)
    {
        await using var command = _heal.DataSource.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}

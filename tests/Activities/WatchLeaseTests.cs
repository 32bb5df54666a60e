using Heal.Healing;
using Heal.Postgres;
using Heal.Postgres.Tests;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Activities.Tests;

/// <summary>Turns at watching on a real PostgreSQL, and what the next host knows when its turn begins.</summary>
public sealed class WatchLeaseTests : IAsyncLifetime
{
    private const string Watch = "cluster test";
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);
    private readonly TestDatabase _database = new();
    private HealDatabase _heal = null!;
    private WatchLease _lease = null!;

    public async Task InitializeAsync()
    {
        await _database.InitializeAsync();
        _heal = new HealDatabase(PostgresDataSource.Create(_database.ConnectionString, HealStore.Schema, "test"), HealStore.Schema);
        await _heal.MigrateAsync(CancellationToken.None);
        _lease = new WatchLease(_heal);
    }

    public async Task DisposeAsync()
    {
        await _heal.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task Of_hosts_that_race_for_a_turn_one_gets_it_whether_it_is_free_or_has_ended()
    {
        Assert.Single(await RaceAsync("first", Long), static took => took);

        await using var end = _heal.DataSource.CreateCommand("UPDATE watch_turn SET ends_at = clock_timestamp()");
        await end.ExecuteNonQueryAsync();

        Assert.Single(await RaceAsync("second", Long), static took => took);
    }

    [Fact]
    public async Task A_turn_is_its_holders_until_it_ends_or_is_given_back()
    {
        Assert.True(await TakeAsync("a", Long));
        Assert.True(await TakeAsync("a", Long));
        Assert.False(await TakeAsync("b", Long));

        await _lease.GiveBackAsync(Watch, "b", CancellationToken.None);
        Assert.False(await TakeAsync("b", Long));
        await _lease.GiveBackAsync(Watch, "a", CancellationToken.None);
        Assert.True(await TakeAsync("b", Long));
    }

    [Fact]
    public async Task Whose_turn_has_ended_neither_renews_it_nor_takes_that_of_the_next_away()
    {
        Assert.True(await TakeAsync("a", TimeSpan.Zero));
        Assert.True(await TakeAsync("b", Long));

        Assert.False(await TakeAsync("a", Long));
        await _lease.GiveBackAsync(Watch, "a", CancellationToken.None);
        Assert.False(await TakeAsync("c", Long));
    }

    [Fact]
    public async Task Each_watch_has_turns_of_its_own()
    {
        Assert.True(await TakeAsync("a", Long));
        Assert.True(await _lease.TakeAsync("libvirt hosts", "b", Long, CancellationToken.None));
    }

    [Fact]
    public async Task What_the_last_host_stored_is_known_to_the_next_one_although_it_is_not_routed_yet()
    {
        using var metrics = new IntakeMetrics(TimeProvider.System);
        var options = new IntakeOptions();
        await using var writer = new SignalWriter(
            () => new SignalSink(_heal.DataSource, options.CommitTimeout), options, metrics, TimeProvider.System,
            NullLogger<SignalWriter>.Instance);
        Signal[] told =
        [
            Of("firing"), Of("ended"), Of("ended", AlertStatus.Resolved), Of("note", AlertStatus.Firing, ("severity", "info")),
            Some.Signal("an alert"),
        ];
        await writer.WriteAsync(told, CancellationToken.None);

        var known = await new KnownEpisodes(_heal, Some.UnreadableRows).ReadAsync(Some.Noon.AddDays(-1), CancellationToken.None);

        Assert.Equal(("firing", false), Assert.Single(known) is var one ? (one.Signal.Alert.Fingerprint, one.IsSettled) : default);
    }

    [Fact]
    public async Task A_row_of_a_newer_program_is_passed_over_and_hides_no_other()
    {
        using var metrics = new IntakeMetrics(TimeProvider.System);
        var options = new IntakeOptions();
        await using var writer = new SignalWriter(
            () => new SignalSink(_heal.DataSource, options.CommitTimeout), options, metrics, TimeProvider.System,
            NullLogger<SignalWriter>.Instance);
        await writer.WriteAsync([Of("newer"), Of("firing")], CancellationToken.None);
        await using (var command = _heal.DataSource.CreateCommand(
            """
            UPDATE received_signal SET signal = jsonb_set(signal::jsonb, '{ReceivedAt}', '{}')::text
            WHERE signal::jsonb #>> '{Alert,Fingerprint}' = 'newer'
            """))
        {
            Assert.Equal(1, await command.ExecuteNonQueryAsync());
        }

        var known = await new KnownEpisodes(_heal, Some.UnreadableRows).ReadAsync(Some.Noon.AddDays(-1), CancellationToken.None);

        Assert.Equal("firing", Assert.Single(known).Signal.Alert.Fingerprint);
    }

    // The end comes after the begin.
    private static Signal Of(string fingerprint, AlertStatus status = AlertStatus.Firing, params (string, string)[] labels) =>
        Some.Signal(fingerprint, status, labels) with
        {
            Source = SignalSource.Watch, ReceivedAt = Some.Noon.AddSeconds(status == AlertStatus.Resolved ? 1 : 0),
        };

    private Task<bool> TakeAsync(string holder, TimeSpan length) => _lease.TakeAsync(Watch, holder, length, CancellationToken.None);

    private Task<bool[]> RaceAsync(string team, TimeSpan length) =>
        Task.WhenAll(Enumerable.Range(0, 20).Select(i => TakeAsync($"{team}-{i}", length)));
}

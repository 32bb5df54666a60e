using System.Text.Json.Nodes;
using Heal.Healing;
using Heal.Postgres;
using Heal.Postgres.Tests;

namespace Heal.Activities.Tests;

/// <summary>The store on a real PostgreSQL.</summary>
public sealed class HealStoreTests : IAsyncLifetime
{
    private static readonly TargetReference Target = new("test", TargetKinds.Deployment, "shop", "web");
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5);
    private readonly TestDatabase _database = new();
    private HealDatabase _heal = null!;
    private HealStore _store = null!;

    public async Task InitializeAsync()
    {
        await _database.InitializeAsync();
        _heal = new HealDatabase(PostgresDataSource.Create(_database.ConnectionString, HealStore.Schema, "test"), HealStore.Schema);
        await _heal.MigrateAsync(CancellationToken.None);
        _store = new HealStore(_heal.DataSource);
    }

    public async Task DisposeAsync()
    {
        await _heal.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task The_first_signal_opens_an_incident_and_the_second_joins_it()
    {
        var first = await JoinAsync(Some.Signal("a"));
        var second = await JoinAsync(Some.Signal("b"));

        Assert.True(first.Opened);
        Assert.False(second.Opened);
        Assert.Equal(first.IncidentId, second.IncidentId);
        Assert.Equal(first.IncidentId, second.Start!.IncidentId);
    }

    [Fact]
    public async Task A_repeated_join_gives_the_first_answer()
    {
        var first = await JoinAsync(Some.Signal("a"));

        var again = await JoinAsync(Some.Signal("a"));

        Assert.Equivalent(first, again);
    }

    [Fact]
    public async Task Signals_that_arrive_together_open_one_incident()
    {
        var joined = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => JoinAsync(Some.Signal($"s{i}"))));

        Assert.Single(joined, result => result.Opened);
        Assert.Single(joined.Select(result => result.IncidentId).Distinct());
    }

    [Fact]
    public async Task A_close_fails_while_a_signal_is_unseen_and_hands_it_back()
    {
        var id = (await JoinAsync(Some.Signal("a"))).IncidentId!;
        await JoinAsync(Some.Signal("b"));

        var refused = await CloseAsync(id, seen: 1);
        var closed = await CloseAsync(id, refused.SignalsSeen);

        Assert.False(refused.Closed);
        Assert.Equal(Some.Signal("b").Id, Assert.Single(refused.Unseen).SignalId);
        Assert.True(closed.Closed);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData(20, false)] // the clocks may differ by as much
    [InlineData(60, true)]
    public async Task An_unseen_signal_is_of_before_when_it_began_well_before_the_target_was_healed(int? healedAfter, bool isOfBefore)
    {
        var id = (await JoinAsync(Some.Signal("a"))).IncidentId!;
        var late = Some.Signal("b");
        await JoinAsync(late);

        var since = healedAfter is { } seconds ? late.Alert.StartsAt.AddSeconds(seconds) : (DateTimeOffset?)null;

        Assert.Equal(isOfBefore, Assert.Single((await CloseAsync(id, seen: 1, since)).Unseen).IsOfBefore);
    }

    [Theory]
    [InlineData("KubePodCrashLooping", SignalSource.Watch, true)]
    [InlineData("KubePodCrashLooping", SignalSource.Manual, false)] // a person asks for it, whatever was healed
    [InlineData("KubeNodeNotReady", SignalSource.Queue, false)] // what was healed says nothing of it
    public async Task An_unseen_signal_is_of_before_only_when_it_is_the_alert_that_opened_the_incident(
        string alert, SignalSource source, bool isOfBefore)
    {
        var id = (await JoinAsync(Some.Signal("a"))).IncidentId!;
        var late = Some.Signal("b");
        await JoinAsync(late with { Source = source, Alert = late.Alert with { Name = alert } });

        var closed = await CloseAsync(id, seen: 1, late.Alert.StartsAt.AddMinutes(10));

        Assert.Equal(isOfBefore, Assert.Single(closed.Unseen).IsOfBefore);
    }

    [Fact]
    public async Task Within_the_join_window_a_signal_joins_the_closed_incident_and_after_it_opens_the_next()
    {
        var id = (await JoinAsync(Some.Signal("a"))).IncidentId!;
        await CloseAsync(id, seen: 1);

        var soon = await JoinAsync(Some.Signal("b"), Noon + Window);
        var late = await JoinAsync(Some.Signal("c"), Noon + Window + TimeSpan.FromSeconds(1));

        Assert.Equal((id, OutcomeKind.Healed), (soon.IncidentId, soon.ClosedAs!.Value));
        Assert.Null(soon.Start);
        Assert.EndsWith("-2", late.IncidentId);
    }

    [Fact]
    public async Task A_signal_of_a_new_fault_leaves_the_closed_incident_for_a_new_one()
    {
        await CloseAsync((await JoinAsync(Some.Signal("a"))).IncidentId!, seen: 1);
        await JoinAsync(Some.Signal("b"));

        var moved = await _store.JoinAsync(
            new JoinRequest(Some.Signal("b"), Target, ShowsNewFault: true), Window, Noon, Open(Some.Signal("b")), CancellationToken.None);

        Assert.True(moved.Opened);
        Assert.EndsWith("-2", moved.IncidentId);
    }

    [Fact]
    public async Task An_open_incident_that_cannot_be_read_is_listed_as_such_among_the_others()
    {
        var id = (await JoinAsync(Some.Signal("a"))).IncidentId!;
        await ExecuteAsync("""
            INSERT INTO incident (incident_id, target_key, cluster, kind, namespace, name, episode, first_signal_id, input, opened_at)
            VALUES ('other', ' ', 'test', 'Deployment', 'shop', 'a', 1, 's', '"not an object"', now())
            """);

        var page = await _store.PageAsync("", 10, CancellationToken.None);

        Assert.Equal(["other", id], page.Select(row => row.Id));
        Assert.Equal((null, id), (page[0].Input?.IncidentId, page[1].Input?.IncidentId));
        Assert.Contains("IncidentInput", page[0].Fault);
    }

    [Fact]
    public async Task The_end_of_an_effect_is_registered_once_and_listed_until_it_has_ended()
    {
        var expiries = new ExpiryStore(_heal.DataSource);
        var expiry = new ExpiryRequest("i/1", "i", "patch_hpa_max", Target, Noon.AddHours(4));

        await expiries.RegisterAsync(expiry, Noon, CancellationToken.None);
        await expiries.RegisterAsync(expiry with { At = Noon }, Noon.AddHours(1), CancellationToken.None);
        await expiries.RestartedAsync("i/1", Noon.AddHours(2), CancellationToken.None);
        var listed = await expiries.PageAsync("", 10, CancellationToken.None);
        await expiries.EndedAsync("i/1", "Applied", Noon.AddHours(5), CancellationToken.None);

        Assert.Equal(new UnendedExpiry("i/1", expiry, null, Noon, 1, Noon.AddHours(2)), Assert.Single(listed));
        Assert.Empty(await expiries.PageAsync("", 10, CancellationToken.None));
    }

    [Fact]
    public async Task Ends_that_an_older_program_waits_for_are_registered_when_the_store_is_brought_up_to_date()
    {
        var id = (await JoinAsync(Some.Signal("a"))).IncidentId!;
        await _heal.Migrator().MigrateToAsync(5);
        var due = DateTimeOffset.UtcNow.AddHours(1);
        foreach (var (key, expiresAt, undone) in new[]
        {
            ("stands", (DateTimeOffset?)due, false), ("undone", due, true), ("long-ago", due.AddDays(-30), false),
            ("for-good", null, false),
        })
        {
            var image = new ActionImage("raises it", [], new JsonObject(), new Dictionary<string, string>(), expiresAt);
            var operation = Intent($"{id}/{key}", "first") with { IncidentId = id, PreImage = image.ToJson() };
            await _store.IntendAsync(operation, CancellationToken.None);
            if (!undone) continue;
            await _store.IntendAsync(operation with { Key = $"{id}/{key}/undo", Undoes = operation.Key }, CancellationToken.None);
            await _store.FinishAsync($"{id}/{key}/undo", new OperationEnd(
                OperationState.Confirmed, ActionStatus.Applied, "", new JsonObject()), Noon, CancellationToken.None);
        }

        await _heal.MigrateAsync(CancellationToken.None);

        var row = Assert.Single(await new ExpiryStore(_heal.DataSource).PageAsync("", 10, CancellationToken.None));
        Assert.Equal(new ExpiryRequest($"{id}/stands", id, row.Request!.ActionId, Target, due), row.Request);
    }

    [Fact]
    public async Task A_resolved_signal_opens_nothing()
    {
        var joined = await JoinAsync(Some.Signal("a", AlertStatus.Resolved));

        Assert.Null(joined.IncidentId);
    }

    [Fact]
    public async Task An_operation_is_intended_once_and_finished_once()
    {
        var first = await _store.IntendAsync(Intent("k", "first"), CancellationToken.None);
        var second = await _store.IntendAsync(Intent("k", "second"), CancellationToken.None);
        await _store.FinishAsync("k", new OperationEnd(
            OperationState.Confirmed, ActionStatus.Applied, "done", new JsonObject { ["n"] = 1 }), Noon, CancellationToken.None);
        var late = await _store.FinishAsync(
            "k", new OperationEnd(OperationState.Abandoned, ActionStatus.Blocked, "late"), Noon, CancellationToken.None);

        Assert.Equal("first", (string?)first.PreImage["by"]);
        Assert.Equal("first", (string?)second.PreImage["by"]);
        Assert.Equal((OperationState.Confirmed, ActionStatus.Applied, "done"), (late.State, late.Status!.Value, late.Detail));
    }

    [Fact]
    public async Task What_a_closed_incident_left_unfinished_keeps_nobody_from_the_target_but_an_undo_of_it_does()
    {
        var id = (await JoinAsync(Some.Signal("a"))).IncidentId!;
        await _store.IntendAsync(Intent("left", "x") with { IncidentId = id }, CancellationToken.None);

        var before = await TryAsync("first");
        await CloseAsync(id, seen: 1);
        var after = await TryAsync("second");
        await _store.FinishAsync(
            "second", new OperationEnd(OperationState.Abandoned, ActionStatus.Refused, ""), Noon, CancellationToken.None);
        await _store.IntendAsync(Intent("left/undo", "x") with { IncidentId = id, Undoes = "left" }, CancellationToken.None);
        var beside = await TryAsync("third");

        Assert.Equal(("left", "second", "left/undo"), (before.Key, after.Key, beside.Key));

        Task<Operation> TryAsync(string key) =>
            _store.IntendUnlessBusyAsync(Intent(key, "y"), Noon - TimeSpan.FromMinutes(30), CancellationToken.None);
    }

    [Fact]
    public async Task The_history_of_a_target_leaves_out_its_own_incident_and_what_was_abandoned()
    {
        await _store.IntendAsync(Intent("own", "x") with { IncidentId = "mine" }, CancellationToken.None);
        await _store.IntendAsync(Intent("given-up", "x"), CancellationToken.None);
        await _store.FinishAsync(
            "given-up", new OperationEnd(OperationState.Abandoned, ActionStatus.Blocked, ""), Noon, CancellationToken.None);
        await _store.IntendAsync(Intent("counts", "x"), CancellationToken.None);

        var history = await _store.HistoryAsync(Target.Key, "mine", Noon - TimeSpan.FromHours(4), CancellationToken.None);

        Assert.Equal(("counts", "removed", false), (Assert.Single(history).Key, history[0].RemovedTemplateHash, history[0].Finished));
    }

    [Fact]
    public async Task Text_with_a_null_character_is_stored()
    {
        await _store.RecordSignalAsync(new UnroutedSignal(Some.Signal("nul\0"), RouteKind.Rejected, "why"), CancellationToken.None);
    }

    [Fact]
    public async Task The_schema_goes_down_and_up_again()
    {
        var migrator = _heal.Migrator();
        await migrator.MigrateToAsync(0);

        Assert.Equal(migrator.LatestVersion, await _heal.MigrateAsync(CancellationToken.None));
    }

    private Task<JoinResult> JoinAsync(Signal signal, DateTimeOffset? at = null) =>
        _store.JoinAsync(new JoinRequest(signal, Target), Window, at ?? Noon, Open(signal), CancellationToken.None);

    private Task<CloseResult> CloseAsync(string id, int seen, DateTimeOffset? healedSince = null)
    {
        var outcome = new IncidentOutcome(id, Target, OutcomeKind.Healed, "well", null, null, [], [], Noon, Noon, seen);
        return _store.CloseAsync(new CloseRequest(outcome, seen, healedSince), Noon, CancellationToken.None);
    }

    private static Func<int, IncidentInput> Open(Signal signal) =>
        episode => new IncidentInput(Target.IncidentId(episode), Target, episode, signal, null, new SafetyLimits(), Noon);

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _heal.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static Operation Intent(string key, string by) => new(
        key, "theirs", "rollback_deployment", Target.Key, null, OperationState.Intended, new JsonObject { ["by"] = by }, null, "removed",
            null, null, Noon);

    private static class Some
    {
        public static Signal Signal(string fingerprint, AlertStatus status = AlertStatus.Firing)
        {
            var labels = new Dictionary<string, string> { ["alertname"] = "KubePodCrashLooping" };
            return Healing.Signal.Of(new Alert("KubePodCrashLooping", status, labels, new Dictionary<string, string>(), Noon, null,
                fingerprint), SignalSource.Queue, Noon);
        }
    }
}

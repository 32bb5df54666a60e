using Heal.Healing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Activities.Tests;

/// <summary>Routing on a simulated cluster and a real PostgreSQL; what it does to orchestrations is written down.</summary>
public sealed class SignalRouterTests(Rig rig) : IClassFixture<Rig>, IAsyncLifetime
{
    private readonly ManualTime _time = new(Some.Noon);
    private readonly HealOptions _options = new() { Cluster = "test" };
    private readonly NotedIncidents _incidents = new();
    private IntakeMetrics _metrics = null!;
    private ReceivedSignals _received = null!;
    private SignalWriter _writer = null!;

    public async Task InitializeAsync()
    {
        _metrics = new IntakeMetrics(_time);
        _received = new ReceivedSignals(rig.Database.DataSource, _metrics, Some.UnreadableRows);
        _writer = new SignalWriter(
            () => new SignalSink(rig.Database.DataSource, _options.Intake.CommitTimeout), _options.Intake, _metrics, TimeProvider.System,
            NullLogger<SignalWriter>.Instance);
        await using var empty = rig.Database.DataSource.CreateCommand(
            "TRUNCATE received_signal, incident_signal, incident CASCADE");
        await empty.ExecuteNonQueryAsync();
    }

    public async Task DisposeAsync()
    {
        await _writer.DisposeAsync();
        _metrics.Dispose();
    }

    [Fact]
    public async Task Signals_of_one_target_come_to_one_incident_that_is_started_and_told()
    {
        await StoreAsync(OfDeployment("a"), OfDeployment("b"), OfDeployment("c"));

        var report = await RouteAsync();

        Assert.Equal((3, 0, true), (report.Routed, report.Failed, report.More));
        var incident = Rig.Target.IncidentId(1);
        Assert.Equal([incident], _incidents.Started.Distinct());
        Assert.Equal([incident, incident], _incidents.Told);
        Assert.Equivalent(new RoutingReport(0, 0, false, null), await RouteAsync());
        Assert.Equal(3, (await _received.OfIncidentAsync(incident, CancellationToken.None)).Count);
    }

    [Fact]
    public async Task An_alert_without_a_target_is_recorded_with_the_reason()
    {
        await StoreAsync(Some.Signal("vague"));

        await RouteAsync();

        var found = await _received.FindAsync(Some.Signal("vague").Id, CancellationToken.None);
        Assert.Equal((SignalProgress.Routed, RouteKind.Rejected), (found!.State, found.Kind!.Value));
        Assert.Contains("pod", found.Reason);
        Assert.Empty(_incidents.Started);
    }

    [Fact]
    public async Task An_alert_of_another_cluster_is_recorded_with_the_reason_and_its_namesake_here_is_left_alone()
    {
        _options.Alerts.Clusters["test"] = ["test-eu"];
        await StoreAsync(OfPod("foreign", "prod"));

        await RouteAsync();

        var found = await _received.FindAsync(OfPod("foreign").Id, CancellationToken.None);
        Assert.Equal((SignalProgress.Routed, RouteKind.Rejected), (found!.State, found.Kind!.Value));
        Assert.Contains("says 'prod', and this healer looks after the cluster 'test' (label 'test', 'test-eu')", found.Reason);
        Assert.Contains("Heal:Alerts:Clusters:test", found.Reason);
        Assert.Empty(_incidents.Started);
    }

    [Fact]
    public async Task Alerts_of_two_clusters_about_the_same_names_are_told_apart_within_one_batch()
    {
        _options.Alerts.Clusters["test"] = ["test-eu"];
        await StoreAsync(OfPod("a", "prod"), OfPod("b", "test-eu"), OfPod("c", "test"), OfPod("d"), OfPod("e", "prod"));

        Assert.Equal(5, (await RouteAsync()).Routed);

        var incident = Assert.Single(_incidents.Started.Distinct());
        string[] joined = [.. (await _received.OfIncidentAsync(incident, CancellationToken.None)).Select(state => state.Id).Order()];
        Assert.Equal(new[] { "b", "c", "d" }.Select(name => OfPod(name).Id).Order(), joined);
    }

    [Theory]
    [InlineData("start")]
    [InlineData("tell")]
    public async Task A_step_that_fails_is_tried_again_after_a_pause_without_a_second_incident(string step)
    {
        await StoreAsync(OfDeployment("a"));
        if (step == "tell") await RouteAsync();
        await StoreAsync(OfDeployment("b"));
        _incidents.Fails = step;

        Assert.Equal(step == "start" ? 2 : 1, (await RouteAsync()).Failed);
        var paused = await RouteAsync();
        _incidents.Fails = null;
        _time.MoveTo(paused.NextDueAt!.Value);
        var again = await RouteAsync();

        Assert.Equal(Some.Noon.AddSeconds(1), paused.NextDueAt);
        Assert.Equal((step == "start" ? 2 : 1, 0), (again.Routed, again.Failed));
        Assert.Equal([Rig.Target.IncidentId(1)], _incidents.Started.Distinct());
    }

    [Fact]
    public async Task Pauses_grow_to_a_minute_and_after_a_day_the_signal_is_parked_with_its_reason()
    {
        await StoreAsync(OfDeployment("a"));
        _incidents.Fails = "start";
        var pauses = new List<TimeSpan>();
        for (var i = 0; i < 8; i++)
        {
            await RouteAsync();
            var next = (await RouteAsync()).NextDueAt!.Value;
            pauses.Add(next - _time.GetUtcNow());
            _time.MoveTo(next);
        }

        _time.MoveTo(Some.Noon + _options.Intake.GiveUpAfter);
        await RouteAsync();

        Assert.Equal([1, 2, 4, 8, 16, 32, 60, 60], pauses.Select(pause => pause.TotalSeconds));
        var parked = Assert.Single(await _received.ParkedAsync(CancellationToken.None));
        Assert.Contains("start fails", parked.Reason);
        Assert.Equivalent(new RoutingReport(0, 0, false, null), await RouteAsync());
    }

    [Fact]
    public async Task Content_that_cannot_be_read_is_parked_at_once_and_the_others_are_routed()
    {
        await StoreAsync(OfDeployment("a"), OfDeployment("b"));
        await using var spoil = rig.Database.DataSource.CreateCommand(
            $"UPDATE received_signal SET signal = '1' WHERE signal_id = '{OfDeployment("a").Id}'");
        await spoil.ExecuteNonQueryAsync();

        var report = await RouteAsync();

        Assert.Equal((1, 1), (report.Routed, report.Failed));
        Assert.Equal(OfDeployment("a").Id, Assert.Single(await _received.ParkedAsync(CancellationToken.None)).Id);
    }

    [Fact]
    public async Task Alerts_after_an_incident_that_ended_well_get_one_look_at_their_target()
    {
        await StoreAsync(OfDeployment("a"));
        await RouteAsync();
        await CloseAsync();
        await StoreAsync(OfDeployment("b"), OfDeployment("c"));
        _incidents.Fails = "look";

        Assert.Equal((1, 1), (await RouteAsync()) is var cut ? (cut.Routed, cut.Failed) : default);
        _incidents.Fails = null;
        _time.Advance(TimeSpan.FromSeconds(1));
        await RouteAsync();

        Assert.Single(_incidents.Looked);
        Assert.Equal([Rig.Target.IncidentId(1)], _incidents.Started);
    }

    [Fact]
    public async Task A_signal_whose_target_is_looked_at_waits_for_the_end_of_that_and_a_look_that_is_lost_is_begun_again()
    {
        await StoreAsync(OfDeployment("a"));
        await RouteAsync();
        await CloseAsync();
        await StoreAsync(OfDeployment("b"));

        Assert.Equal((0, 0), (await RouteAsync()) is var begun ? (begun.Routed, begun.Failed) : default);
        var looking = await _received.FindAsync(OfDeployment("b").Id, CancellationToken.None);
        Assert.Equal((SignalProgress.Looking, null), (looking!.State, looking.RoutedAt));
        Assert.Equivalent(new SignalBacklog(0, null, 0) { Looking = 1 }, await _received.BacklogAsync(CancellationToken.None));
        var pauses = new List<double>();
        for (var i = 0; i < 5; i++) pauses.Add(await UntilNextAsync());

        _incidents.Look = LookProgress.Lost;
        await UntilNextAsync();
        Assert.Equal(SignalProgress.Waiting, (await _received.FindAsync(OfDeployment("b").Id, CancellationToken.None))!.State);
        await UntilNextAsync();
        _incidents.Look = LookProgress.Done;
        await UntilNextAsync();

        Assert.Equal([5, 5, 10, 20, 40], pauses);
        Assert.Equal([OfDeployment("b").Id, OfDeployment("b").Id], _incidents.Looked);
        Assert.Equal(SignalProgress.Routed, (await _received.FindAsync(OfDeployment("b").Id, CancellationToken.None))!.State);
        Assert.Equivalent(new RoutingReport(0, 0, false, null), await RouteAsync());

        async Task<double> UntilNextAsync()
        {
            var next = (await RouteAsync()).NextDueAt!.Value;
            var pause = next - _time.GetUtcNow();
            _time.MoveTo(next);
            await RouteAsync();
            return pause.TotalSeconds;
        }
    }

    [Fact]
    public async Task An_alert_that_comes_while_another_ones_look_is_under_way_gets_its_own()
    {
        await StoreAsync(OfDeployment("a"));
        await RouteAsync();
        await CloseAsync();
        await StoreAsync(OfDeployment("b"));
        await RouteAsync();
        _incidents.Look = LookProgress.Done;
        await StoreAsync(OfDeployment("c"));
        _time.Advance(TimeSpan.FromSeconds(5));

        // What the look of b saw says nothing of c, which may have come after it.
        Assert.Equal(1, (await RouteAsync()).Routed);

        Assert.Equal([OfDeployment("b").Id, OfDeployment("c").Id], _incidents.Looked);
        Assert.Equal(SignalProgress.Looking, (await _received.FindAsync(OfDeployment("c").Id, CancellationToken.None))!.State);
    }

    [Fact]
    public async Task A_look_that_is_lost_each_time_for_a_day_parks_its_signal()
    {
        await StoreAsync(OfDeployment("a"));
        await RouteAsync();
        await CloseAsync();
        await StoreAsync(OfDeployment("b"));
        _incidents.Look = LookProgress.Lost;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while ((await RouteAsync()) is var report && (report.More || report.NextDueAt is not null))
        {
            limit.Token.ThrowIfCancellationRequested();
            if (report.NextDueAt is { } next) _time.MoveTo(next + TimeSpan.FromHours(1));
        }

        var parked = Assert.Single(await _received.ParkedAsync(CancellationToken.None));
        Assert.Contains("was lost before its end", parked.Reason);
    }

    [Fact]
    public async Task A_batch_is_bounded()
    {
        _options.Intake.RoutedTogether = 2;
        await StoreAsync(OfDeployment("a"), OfDeployment("b"), OfDeployment("c"));

        Assert.Equal(2, (await RouteAsync()).Routed);
        Assert.Equal(1, (await RouteAsync()).Routed);
    }

    private static Signal OfDeployment(string fingerprint) => Some.Signal(fingerprint) with
    {
        Target = new TargetCandidate(TargetKinds.Deployment, Rig.Namespace, Rig.Target.Name),
    };

    /// <summary>A pod of the Deployment that is gone; the label <c>cluster</c> is no part of the signal's id.</summary>
    private static Signal OfPod(string fingerprint, string? cluster = null)
    {
        var labels = new List<(string, string)> { ("namespace", Rig.Namespace), ("pod", $"{Rig.Target.Name}-5d8f7c9b6d-kx2lq") };
        if (cluster is not null) labels.Add(("cluster", cluster));
        return Some.Signal(fingerprint, AlertStatus.Firing, [.. labels]);
    }

    private Task<IReadOnlyList<bool>> StoreAsync(params Signal[] signals) => _writer.WriteAsync(signals, CancellationToken.None);

    private Task<CloseResult> CloseAsync()
    {
        var outcome = new IncidentOutcome(
            Rig.Target.IncidentId(1), Rig.Target, OutcomeKind.Healed, "well", null, null, [], [], Some.Noon, Some.Noon, 1);
        return rig.Store.CloseAsync(new CloseRequest(outcome, 1), Some.Noon, CancellationToken.None);
    }

    private Task<RoutingReport> RouteAsync()
    {
        var options = new FixedHealOptions(_options);
        var join = new IncidentJoin(
            rig.Store, new HealStore(rig.Database.DataSource), WorkflowCatalogue.Parse([], []), new ActionCatalogue([]), options, _time,
            NullLogger<IncidentJoin>.Instance);
        var realms = new TargetRealms([new ClusterRealm(rig.Client, null!, options)], options);
        var router = new SignalRouter(
            _received, _writer, rig.Store, join, realms, options, _metrics, _time, NullLogger<SignalRouter>.Instance);
        return router.RouteAsync(_incidents, CancellationToken.None);
    }

    private sealed class NotedIncidents : IIncidents
    {
        public List<string> Started { get; } = [];

        public List<string> Told { get; } = [];

        public List<string> Looked { get; } = [];

        public string? Fails { get; set; }

        public LookProgress Look { get; set; } = LookProgress.UnderWay;

        public Task StartAsync(IncidentInput incident, Signal signal, CancellationToken cancellationToken) =>
            NoteAsync("start", Started, incident.IncidentId);

        public Task TellAsync(string incidentId, Signal signal, CancellationToken cancellationToken) => NoteAsync("tell", Told, incidentId);

        public Task LookAsync(Signal signal, CancellationToken cancellationToken) => NoteAsync("look", Looked, signal.Id);

        public Task<LookProgress> FindLookAsync(Signal signal, CancellationToken cancellationToken) => Task.FromResult(Look);

        private Task NoteAsync(string step, List<string> notes, string id)
        {
            if (Fails == step) return Task.FromException(new IOException($"{step} fails"));
            lock (notes) notes.Add(id);
            return Task.CompletedTask;
        }
    }
}

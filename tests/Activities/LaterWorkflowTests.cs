using Heal.Healing;
using Heal.Postgres;
using Heal.Postgres.Tests;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Activities.Tests;

/// <summary>
/// Signals whose workflow another one did not bring, with the shipped workflows, on a real PostgreSQL: none is lost in an incident that had
/// nothing for the fault.
/// </summary>
public sealed class LaterWorkflowTests : IAsyncLifetime
{
    private static readonly TargetReference Target = new("test", TargetKinds.Deployment, "shop", "web");
    private static readonly TargetReference Service = new("test", TargetKinds.Service, "shop", "web");
    private readonly ManualTime _time = new(Some.Noon);
    private readonly TestDatabase _database = new();
    private HealDatabase _heal = null!;
    private HealStore _store = null!;
    private int _signals;

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

    [Theory]
    [InlineData("KubePodEvicted", null)] // no workflow serves it
    [InlineData("KubeEndpointWithoutBackends", Causes.NoChangeFound)] // one does, that does nothing to a Deployment
    [InlineData("KubePodNotScheduled", Causes.CrashAfterTemplateChange)] // one does, that has nothing for the cause
    public async Task A_crash_loop_right_after_an_incident_that_had_nothing_for_the_fault_opens_one_that_may_heal(
        string first, string? cause)
    {
        await CloseAsync((await JoinAsync(first)).IncidentId!, cause);

        var crash = await JoinAsync("KubePodCrashLooping");
        var again = await JoinAsync("KubePodCrashLooping");

        Assert.Equal((true, "crashloop"), (crash.Opened, crash.Start?.Workflow?.Name));
        Assert.Contains("brings workflow 'crashloop'", crash.Reason);
        // Of the second incident it is the echo that it looks like: one call of people for it is enough.
        Assert.Equal((crash.IncidentId, false), (again.IncidentId, again.Opened));
        await CloseAsync(crash.IncidentId!, cause);
        Assert.Equal(crash.IncidentId, (await JoinAsync("KubePodCrashLooping")).IncidentId);
        Assert.Equal(crash.IncidentId, (await JoinAsync(first)).IncidentId);
    }

    [Theory]
    [InlineData(false, Causes.CrashAfterTemplateChange)] // something was done, or not allowed: people have it
    [InlineData(true, Causes.OutOfMemory)] // the other workflow has nothing for it either
    public async Task Where_another_workflow_helps_no_more_the_signal_joins(bool nothingFitted, string cause)
    {
        var opened = await JoinAsync("KubePodNotScheduled");
        await CloseAsync(opened.IncidentId!, cause, nothingFitted);

        Assert.Equal(opened.IncidentId, (await JoinAsync("KubePodCrashLooping")).IncidentId);
    }

    [Fact]
    public async Task A_join_that_is_repeated_gives_the_same_answer()
    {
        await CloseAsync((await JoinAsync("KubePodEvicted")).IncidentId!, null);
        var signal = Firing("KubePodCrashLooping", "the same");

        var first = await JoinAsync(signal, Target);

        Assert.Equivalent(first, await JoinAsync(signal, Target));
    }

    [Fact]
    public async Task A_plan_that_has_nothing_names_the_workflow_that_a_later_signal_brought_and_each_of_them_once()
    {
        var opened = await JoinAsync(Firing("KubePodEvicted", "a"), Service);
        await JoinAsync(Firing("KubePodNotReady", "b"), Service);
        await JoinAsync(Firing("KubeEndpointWithoutBackends", "c"), Service);

        var plan = await PlanAsync(opened.Start!);
        var next = opened.Start! with { Trigger = plan.Instead!.Signal, Workflow = plan.Instead.Workflow };
        var passed = opened.Start! with { Passed = ["service-selector"] };

        // That of the pod that is not ready has nothing that acts on a Service.
        Assert.Equal((true, "service-selector"), (plan.NothingFits, plan.Instead.Workflow.Name));
        Assert.True(await PlanAsync(next) is { Verdict: PlanVerdict.AskFirst, Action.Id: "fix_service_selector", Instead: null });
        Assert.True(await PlanAsync(passed) is { NothingFits: true, Instead: null });
    }

    private static Signal Firing(string alert, string fingerprint) => Signal.Of(
        new Alert(alert, AlertStatus.Firing, new Dictionary<string, string> { ["alertname"] = alert }, new Dictionary<string, string>(),
            Some.Noon, null, fingerprint),
        SignalSource.Watch, Some.Noon);

    private Task<JoinResult> JoinAsync(string alert) => JoinAsync(Firing(alert, $"signal {++_signals}"), Target);

    private Task<JoinResult> JoinAsync(Signal signal, TargetReference target) => new IncidentJoin(
        _store, _store, ShippedWorkflowTests.Shipped, Actions, new FixedHealOptions(new HealOptions()), _time,
        NullLogger<IncidentJoin>.Instance).JoinAsync(new JoinRequest(signal, target), CancellationToken.None);

    private Task<Healing.Plan> PlanAsync(IncidentInput incident)
    {
        var evidence = EvidenceBundle.Empty(Service, Some.Noon, exists: true, new AutonomySetting(Autonomy.Act, "a test"));
        var diagnosis = new Diagnosis([new Hypothesis(Causes.EndpointsEmpty, "no backend is ready", 0.85, [])], [], []);
        return new PlanRecoveryActivity(_store, _store, Actions, ShippedWorkflowTests.Shipped, _time)
            .RunAsync(null!, new PlanRequest(incident, evidence, diagnosis, [], 0));
    }

    private async Task CloseAsync(string incident, string? cause, bool nothingFitted = true)
    {
        for (var seen = 1; ;)
        {
            var outcome = new IncidentOutcome(
                incident, Target, OutcomeKind.Escalated, "why", cause, null, [], [], Some.Noon, Some.Noon, seen)
            {
                NothingFitted = nothingFitted,
            };
            var closed = await _store.CloseAsync(new CloseRequest(outcome, seen), Some.Noon, CancellationToken.None);
            if (closed.Closed) return;
            seen = closed.SignalsSeen;
        }
    }

    private static ActionCatalogue Actions { get; } = new(
    [
        .. RecipeBook.All.Select(recipe => new RecipeAction(recipe, null!)),
        new RollbackDeployment(null!, null!, null!, TimeProvider.System),
    ]);
}

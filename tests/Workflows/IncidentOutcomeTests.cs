using Heal.Activities;
using Heal.Healing;

namespace Heal.Workflows.Tests;

/// <summary>Every way that an incident can end, with activities that answer what the test says.</summary>
public sealed partial class IncidentOutcomeTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TargetReference Target = new("test", TargetKinds.Deployment, "shop", "web");
    private readonly ScriptedContext _context = new(Target.IncidentId(1));
    private readonly List<HandOff> _handOffs = [];

    public IncidentOutcomeTests()
    {
        _context.On<CollectRequest, EvidenceBundle>(ActivityNames.CollectEvidence, _ => Evidence);
        _context.On<EvidenceBundle,
            Detection>(ActivityNames.DetectFault, _ => new Detection(DetectionVerdict.Faulty, Noon, "it crashes", []));
        _context.On<DiagnoseRequest, Diagnosis>(ActivityNames.DiagnoseFault,
            _ => new Diagnosis([new Hypothesis(Causes.CrashAfterTemplateChange, "the change", 0.9, [])], [], []));
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, request => request.ActionsTried.Count == 0
            ? Plan(PlanVerdict.Act) : Plan(PlanVerdict.Escalate) with { Action = null, Reasons = ["nothing is left to try"] });
        _context.On<ActionRequest, ActionResult>(ActivityNames.RunAction,
            request => new ActionResult(request.Key, ActionStatus.Applied, "rolled back", 3, "good"));
        _context.On<UndoRequest, ActionResult>(ActivityNames.UndoAction,
            request => new ActionResult(request.Key, ActionStatus.Applied, "rolled forward"));
        Looks(VerificationVerdict.Healthy);
        _context.On<HandOff, bool>(ActivityNames.Escalate, handOff =>
        {
            _handOffs.Add(handOff);
            return true;
        });
        _context.On<IncidentOutcome, bool>(ActivityNames.RecordOutcome, _ => true);
        _context.On<CloseRequest, CloseResult>(ActivityNames.CloseIncident, request => new CloseResult(true, [], request.SignalsSeen));
    }

    [Fact]
    public async Task Healthy_for_long_enough_is_healed()
    {
        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.Healed, outcome.Kind);
        Assert.Equal([Phase.Collect, Phase.Detect, Phase.Diagnose, Phase.Plan, Phase.Recover, Phase.Verify, Phase.Learn],
            outcome.Timings.Select(timing => timing.Phase));
        Assert.True(outcome.Timings.First(timing => timing.Phase == Phase.Verify).Seconds >= 10);
        Assert.Equal((Phase.Closed, OutcomeKind.Healed), (LastStatus.Phase, LastStatus.Outcome!.Value));
        Assert.Empty(_handOffs);
    }

    [Fact]
    public async Task An_action_with_a_time_limit_has_its_end_registered_before_it_begins()
    {
        ExpiryRequest? expiry = null;
        DateTimeOffset? limit = null;
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => Plan(PlanVerdict.Act) with { TimeLimit = TimeSpan.FromHours(2) });
        _context.On<ExpiryRequest, string>(ActivityNames.StartExpiry, request =>
        {
            expiry = request;
            return request.InstanceId;
        });
        _context.On<ActionRequest, ActionResult>(ActivityNames.RunAction, request =>
        {
            limit = expiry is null ? null : request.ExpiresAt;
            return new ActionResult(request.Key, ActionStatus.Applied, "relaxed", 3, "good");
        });

        await RunAsync();

        Assert.Equal(expiry!.At, limit);
        Assert.Equal(Target.IncidentId(1) + "/1", expiry.Key);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_end_of_an_effect_is_what_the_plan_says_it_is(bool settles)
    {
        ExpiryRequest? expiry = null;
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => Plan(PlanVerdict.Act) with
        {
            TimeLimit = TimeSpan.FromHours(2), Settles = settles,
        });
        _context.On<ExpiryRequest, string>(ActivityNames.StartExpiry, request =>
        {
            expiry = request;
            return request.InstanceId;
        });

        await RunAsync();

        Assert.Equal(settles, expiry!.Settles);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_end_of_an_effect_that_ends_with_its_need_is_told_of_the_recovery(bool endsWithNeed)
    {
        ExpiryRequest? expiry = null;
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => Plan(PlanVerdict.Act) with
        {
            TimeLimit = TimeSpan.FromHours(2), EndsWithNeed = endsWithNeed,
        });
        _context.On<ExpiryRequest, string>(ActivityNames.StartExpiry, request =>
        {
            expiry = request;
            return request.InstanceId;
        });

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.Healed, outcome.Kind);
        Assert.Equal(endsWithNeed, expiry!.EndsWithNeed);
        Assert.Equal(endsWithNeed ? [(expiry.InstanceId, ExpiryRequest.Recovered)] : [], _context.Sent);
    }

    [Fact]
    public async Task A_busy_target_is_waited_for_and_tried_again_under_the_same_key()
    {
        var keys = new List<string>();
        _context.On<ActionRequest, ActionResult>(ActivityNames.RunAction, request =>
        {
            keys.Add(request.Key);
            return keys.Count == 1 ? new ActionResult(request.Key, ActionStatus.Busy, "another one is under way")
                : new ActionResult(request.Key, ActionStatus.Applied, "rolled back", 3, "good");
        });

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.Healed, outcome.Kind);
        Assert.Equal(2, keys.Count);
        Assert.Single(keys.Distinct());
    }

    [Fact]
    public async Task A_missing_permission_is_said_as_that_and_is_no_failure_of_the_target()
    {
        _context.On<ActionRequest, ActionResult>(ActivityNames.RunAction, request => new ActionResult(
            request.Key, ActionStatus.NotPermitted, "missing permission patch deployments.apps for action rollback_deployment"));

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.Escalated, outcome.Kind);
        Assert.Contains("missing permission patch deployments.apps", outcome.Reason);
    }

    [Fact]
    public async Task A_change_without_its_effect_is_taken_back()
    {
        _context.On<ActionRequest, ActionResult>(ActivityNames.RunAction,
            request => new ActionResult(request.Key, ActionStatus.NoEffect, "no pod became ready", 3, "good"));

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.RolledBack, outcome.Kind);
        Assert.Contains(ActivityNames.UndoAction, _context.Calls);
    }

    [Theory]
    [InlineData(true, OutcomeKind.Healed)]
    [InlineData(false, OutcomeKind.Escalated)]
    public async Task A_repeatable_action_without_effect_is_taken_once_more_and_then_people_are_called(bool helps, OutcomeKind expected)
    {
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, request => request.ActionsTried.Count < 2
            && request.ActionsInVain.SequenceEqual(request.ActionsTried)
            ? Plan(PlanVerdict.Act) with { Repeats = true, IsReversible = false }
            : Plan(PlanVerdict.Escalate) with { Action = null, Reasons = ["it was tried 2 times"] });
        _context.On<ActionRequest, ActionResult>(ActivityNames.RunAction, request => new ActionResult(
            request.Key, helps && request.Key.EndsWith("/2", StringComparison.Ordinal) ? ActionStatus.Applied : ActionStatus.NoEffect,
            "it did not come up", 3, "good"));

        var outcome = await RunAsync();

        Assert.Equal((expected, 2), (outcome.Kind, outcome.Actions.Count));
        Assert.Equal(outcome.Actions.Count, outcome.Actions.DistinctBy(action => action.Key).Count());
        Assert.DoesNotContain(ActivityNames.UndoAction, _context.Calls);
        Assert.Equal(helps ? 0 : 1, _handOffs.Count);
    }

    [Theory]
    [InlineData(true, OutcomeKind.Healed, 2)]
    [InlineData(false, OutcomeKind.Escalated, 1)]
    public async Task A_target_that_fails_anew_while_it_is_verified_is_looked_at_again_at_once(
        bool repeats, OutcomeKind expected, int actions)
    {
        var looks = new Queue<VerificationVerdict>([VerificationVerdict.Healthy, VerificationVerdict.BrokenAgain]);
        _context.On<VerifyRequest, VerificationLook>(ActivityNames.VerifyTarget,
            _ => new VerificationLook(looks.TryDequeue(out var next) ? next : VerificationVerdict.Healthy, "its emulator died", 0));
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery,
            _ => Plan(PlanVerdict.Act) with { Repeats = repeats, IsReversible = false });

        var outcome = await RunAsync();

        Assert.Equal((expected, actions), (outcome.Kind, outcome.Actions.Count));
        Assert.Equal(repeats ? ActionStatus.NoEffect : ActionStatus.Applied, outcome.Actions[0].Status);
        Assert.Contains("its emulator died", repeats ? outcome.Actions[0].Detail : outcome.Reason);
        // The minute that the verification has was not waited for.
        Assert.True(outcome.Timings.Where(timing => timing.Phase == Phase.Verify).Sum(timing => timing.Seconds) < 30);
    }

    [Fact]
    public async Task What_an_action_left_without_effect_is_not_called_well_because_no_rule_finds_a_fault()
    {
        var looks = 0;
        _context.On<EvidenceBundle, Detection>(ActivityNames.DetectFault, _ =>
            new Detection(looks++ == 0 ? DetectionVerdict.Faulty : DetectionVerdict.Healthy, Noon, "it runs; its vCPUs stand still", []));
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => Plan(PlanVerdict.Act) with { Repeats = true });
        _context.On<ActionRequest, ActionResult>(ActivityNames.RunAction,
            request => new ActionResult(request.Key, ActionStatus.NoEffect, "it did not come up", 3, "good"));

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.Escalated, outcome.Kind);
        Assert.Contains("it did not come up", outcome.Reason);
        Assert.Single(outcome.Actions);
    }

    [Fact]
    public async Task Healthy_with_a_break_must_begin_again()
    {
        var looks = new Queue<VerificationVerdict>(
            [VerificationVerdict.Healthy, VerificationVerdict.Healthy, VerificationVerdict.NotHealthy]);
        _context.On<VerifyRequest, VerificationLook>(ActivityNames.VerifyTarget,
            _ => new VerificationLook(looks.TryDequeue(out var next) ? next : VerificationVerdict.Healthy, "a look", 0));

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.Healed, outcome.Kind);
        Assert.True(_context.Calls.Count(call => call == ActivityNames.VerifyTarget) >= 9);
    }

    [Fact]
    public async Task What_does_not_help_is_undone_and_ends_rolled_back()
    {
        Looks(VerificationVerdict.NotHealthy);

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.RolledBack, outcome.Kind);
        Assert.True(Assert.Single(outcome.Actions).Undone);
        Assert.Equal(outcome.Kind, Assert.Single(_handOffs).Outcome);
    }

    [Fact]
    public async Task A_target_that_cannot_be_looked_at_afterwards_could_not_be_verified_and_is_left_as_it_is()
    {
        _context.On<VerifyRequest, VerificationLook>(ActivityNames.VerifyTarget, _ => throw new IOException("no answer"));

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.CouldNotVerify, outcome.Kind);
        Assert.Contains("no answer", outcome.Reason);
        Assert.DoesNotContain(ActivityNames.UndoAction, _context.Calls);
        Assert.Single(_handOffs);
    }

    [Fact]
    public async Task A_target_that_somebody_changed_during_verification_is_theirs()
    {
        Looks(VerificationVerdict.Superseded);

        Assert.Equal(OutcomeKind.Superseded, (await RunAsync()).Kind);
        Assert.DoesNotContain(ActivityNames.UndoAction, _context.Calls);
    }

    [Theory]
    [InlineData(ActionStatus.ChangedByOther, OutcomeKind.Superseded)]
    [InlineData(ActionStatus.TargetGone, OutcomeKind.Superseded)]
    [InlineData(ActionStatus.Blocked, OutcomeKind.Escalated)]
    [InlineData(ActionStatus.Refused, OutcomeKind.Escalated)]
    [InlineData(ActionStatus.Failed, OutcomeKind.Failed)]
    public async Task An_action_that_is_not_applied_decides_the_outcome(ActionStatus status, OutcomeKind outcome)
    {
        _context.On<ActionRequest, ActionResult>(ActivityNames.RunAction, request => new ActionResult(request.Key, status, "why"));

        Assert.Equal(outcome, (await RunAsync()).Kind);
        Assert.DoesNotContain(ActivityNames.VerifyTarget, _context.Calls);
    }

    [Theory]
    [InlineData(ActionStatus.ChangedByOther, OutcomeKind.Superseded)]
    [InlineData(ActionStatus.Blocked, OutcomeKind.Escalated)]
    [InlineData(ActionStatus.Failed, OutcomeKind.Failed)]
    public async Task An_undo_that_is_not_applied_decides_the_outcome(ActionStatus status, OutcomeKind outcome)
    {
        Looks(VerificationVerdict.NotHealthy);
        _context.On<UndoRequest, ActionResult>(ActivityNames.UndoAction, request => new ActionResult(request.Key, status, "why"));

        Assert.Equal(outcome, (await RunAsync()).Kind);
    }

    [Fact]
    public async Task A_cluster_that_never_answers_ends_as_failed_and_people_are_called()
    {
        _context.On<CollectRequest, EvidenceBundle>(ActivityNames.CollectEvidence, _ => throw new IOException("connection refused"));

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.Failed, outcome.Kind);
        Assert.Contains("connection refused", outcome.Reason);
        Assert.Single(_handOffs);
    }

    [Fact]
    public async Task Advice_touches_nothing()
    {
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => Plan(PlanVerdict.Advise));

        Assert.Equal(OutcomeKind.Escalated, (await RunAsync()).Kind);
        Assert.DoesNotContain(ActivityNames.RunAction, _context.Calls);
    }

    [Fact]
    public async Task A_busy_target_is_waited_for_and_looked_at_again()
    {
        var plans = new Queue<Plan>([Plan(PlanVerdict.Wait) with { WaitUntil = Noon.AddMinutes(5) }, Plan(PlanVerdict.Act)]);
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => plans.Dequeue());

        Assert.Equal(OutcomeKind.Healed, (await RunAsync()).Kind);
        Assert.Equal(2, _context.Calls.Count(call => call == ActivityNames.CollectEvidence));
        Assert.True(_context.CurrentUtcDateTime >= Noon.AddMinutes(5).UtcDateTime);
    }

    [Fact]
    public async Task A_target_that_stays_busy_is_handed_to_people()
    {
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => Plan(PlanVerdict.Wait));

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.Escalated, outcome.Kind);
        Assert.Contains("still not free", outcome.Reason);
    }

    [Fact]
    public async Task A_person_may_edit_the_parameters_of_what_is_approved()
    {
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => Plan(PlanVerdict.AskFirst));
        ActionRequest? asked = null;
        _context.On<ActionRequest, ActionResult>(ActivityNames.RunAction, request =>
        {
            asked = request;
            return new ActionResult(request.Key, ActionStatus.Applied, "rolled back", 3, "good");
        });
        _context.Raise(ApprovalEvent.Name, new ApprovalEvent(true, "on-call", new Dictionary<string, string> { ["minimumServed"] = "1h" }));

        Assert.Equal(OutcomeKind.Healed, (await RunAsync()).Kind);
        Assert.Equal("1h", asked!.Parameters["minimumServed"]);
    }

    [Fact]
    public async Task A_refusal_names_who_refused()
    {
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => Plan(PlanVerdict.AskFirst));
        _context.Raise(ApprovalEvent.Name, new ApprovalEvent(false, "on-call", Comment: "we are on it"));

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.Escalated, outcome.Kind);
        Assert.Contains("'on-call' refused 'rollback_deployment': we are on it", outcome.Reason);
        Assert.DoesNotContain(ActivityNames.RunAction, _context.Calls);
    }

    [Fact]
    public async Task A_fault_that_resolves_while_people_are_asked_needs_no_answer()
    {
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => Plan(PlanVerdict.AskFirst));
        var looks = new Queue<DetectionVerdict>([DetectionVerdict.Faulty, DetectionVerdict.Healthy]);
        _context.On<EvidenceBundle, Detection>(ActivityNames.DetectFault, _ => new Detection(looks.Dequeue(), null, "a look", []));
        _context.Raise(SignalEvent.Name, new SignalEvent("s2", "KubePodCrashLooping", AlertStatus.Resolved, Noon));

        Assert.Equal(OutcomeKind.NoActionNeeded, (await RunAsync()).Kind);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 1)] // it tells of what has been healed
    public async Task A_signal_that_fires_before_the_close_is_looked_at_first(bool isOfBefore, int left)
    {
        var signal = new SignalEvent("s2", "KubePodCrashLooping", AlertStatus.Firing, Noon) { IsOfBefore = isOfBefore };
        var closes = new Queue<CloseResult>([new CloseResult(false, [signal], 2), new CloseResult(true, [], 2)]);
        _context.On<CloseRequest, CloseResult>(ActivityNames.CloseIncident, request =>
        {
            Assert.Equal(_context.CurrentUtcDateTime, request.HealedSince!.Value.UtcDateTime, TimeSpan.FromMinutes(1));
            return closes.Dequeue();
        });
        var looks = new Queue<DetectionVerdict>([DetectionVerdict.Faulty, DetectionVerdict.Healthy]);
        _context.On<EvidenceBundle, Detection>(ActivityNames.DetectFault, _ => new Detection(looks.Dequeue(), null, "a look", []));

        var outcome = await RunAsync();

        Assert.Equal((OutcomeKind.Healed, 2), (outcome.Kind, outcome.Signals));
        Assert.Equal(left, looks.Count);
    }

    [Fact]
    public async Task A_target_that_is_still_changing_is_given_time_before_it_counts_as_faulty()
    {
        var looks = new Queue<DetectionVerdict>([DetectionVerdict.TooEarly, DetectionVerdict.TooEarly, DetectionVerdict.Healthy]);
        _context.On<EvidenceBundle, Detection>(ActivityNames.DetectFault, _ => new Detection(looks.Dequeue(), null, "a look", []));

        Assert.Equal(OutcomeKind.NoActionNeeded, (await RunAsync()).Kind);
        Assert.Equal(Noon.AddSeconds(20).UtcDateTime, _context.CurrentUtcDateTime);
    }

    [Fact]
    public async Task A_status_is_small_and_follows_the_phases()
    {
        await RunAsync();

        var statuses = _context.Statuses.Cast<IncidentStatus>().ToList();
        Assert.Equal(Phase.Collect, statuses[0].Phase);
        Assert.Equal("the change", statuses.First(status => status.Phase == Phase.Recover).Hypothesis);
        Assert.All(statuses, status => Assert.True(System.Text.Json.JsonSerializer.Serialize(status).Length < 2_000));
    }

    private static EvidenceBundle Evidence { get; } =
        EvidenceBundle.Empty(Target, Noon, exists: true, new AutonomySetting(Autonomy.Act, "a test")) with
        {
            Workload = new WorkloadEvidence(
                "deployment/web", "uid", Noon, 2, 2, 3, 1, 2, 2, false, false, "bad", null, "kubectl", []),
        };

    private static WorkflowAction Action { get; } = new(
        "rollback_deployment", [], 0.6, TimeSpan.FromMinutes(2), new Dictionary<string, string>(),
        new VerificationSetting(TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(2)));

    private static Plan Plan(PlanVerdict verdict) => new(
        verdict, Action, RiskClass.R2, new Dictionary<string, string> { ["minimumServed"] = "30s" },
        new AutonomySetting(Autonomy.Act, "a test"), ["a reason"]);

    private IncidentStatus LastStatus => (IncidentStatus)_context.Statuses[^1]!;

    private void Looks(VerificationVerdict verdict) =>
        _context.On<VerifyRequest, VerificationLook>(ActivityNames.VerifyTarget, _ => new VerificationLook(verdict, "a look", 0));

    private Task<IncidentOutcome> RunAsync()
    {
        var workflow = new WorkflowDefinition(
            "crashloop", "1.0.0", "", [], new WorkflowLimits(RiskClass.R2, 1, TimeSpan.Zero),
            new ApprovalSetting(null, TimeSpan.FromMinutes(30)), [Action], new EscalationSetting("on-call", ""));
        var alert = new Alert(
            "KubePodCrashLooping", AlertStatus.Firing, new Dictionary<string, string>(), new Dictionary<string, string>(), Noon, null, "f");
        var signal = Signal.Of(alert, SignalSource.Webhook, Noon);
        return new IncidentOrchestrator().RunAsync(
            _context, new IncidentInput(Target.IncidentId(1), Target, 1, signal, workflow, new SafetyLimits(), Noon));
    }
}

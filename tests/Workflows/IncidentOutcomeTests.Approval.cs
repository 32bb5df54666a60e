using Heal.Activities;
using Heal.Healing;

namespace Heal.Workflows.Tests;

// Questions to people, and what their answers may do.
public sealed partial class IncidentOutcomeTests
{
    private static Plan Question => Plan(PlanVerdict.AskFirst) with { BindsAnswer = true, StrictAnswer = true };

    [Fact]
    public async Task An_answer_that_was_sent_twice_lets_one_action_run()
    {
        Looks(VerificationVerdict.NotHealthy);
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, request => Question with
        {
            Action = Action with { Id = request.ActionsTried.Count == 0 ? "asked_about" : "never_asked_about" },
        });
        _context.Raise(ApprovalEvent.Name, new ApprovalEvent(true, "on-call", Question: 1));
        _context.Raise(ApprovalEvent.Name, new ApprovalEvent(true, "on-call", Question: 1));

        var outcome = await RunAsync();

        Assert.Equal("asked_about", Assert.Single(outcome.Actions).ActionId);
        Assert.Contains("nobody approved 'never_asked_about'", outcome.Reason);
        var statuses = _context.Statuses.Cast<IncidentStatus>().ToLookup(status => status.Phase == Phase.Approve);
        Assert.Equal([1, 2], statuses[true].Select(status => status.Question).Distinct());
        Assert.All(statuses[false], status => Assert.Null(status.Question));
    }

    [Theory]
    [InlineData(true, null, false)]
    [InlineData(true, 7, false)]
    [InlineData(true, 1, true)]
    [InlineData(false, null, true)]
    [InlineData(false, 7, false)]
    [InlineData(false, 1, true)]
    public async Task An_answer_counts_for_the_question_that_it_names_or_that_is_open_when_it_comes(bool before, int? question, bool counts)
    {
        var answer = new ApprovalEvent(true, "on-call", Question: question);
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => Question);
        if (before) _context.Raise(ApprovalEvent.Name, answer);
        else _context.OnTimer = () =>
        {
            _context.OnTimer = null;
            _context.Raise(ApprovalEvent.Name, answer);
        };

        var outcome = await RunAsync();

        Assert.Equal(counts, _context.Calls.Contains(ActivityNames.RunAction));
        if (counts) return;
        Assert.Contains("nobody approved", outcome.Reason);
        var named = question is null ? "no question" : $"question {question}";
        Assert.Contains(_context.Statuses.Cast<IncidentStatus>(), status => status.Detail?.Contains(
            $"'on-call' does not count: it names {named}, and this is question 1", StringComparison.Ordinal) == true);
    }

    [Theory]
    [InlineData(null, true, false)]
    [InlineData(2, true, true)]
    [InlineData(null, false, true)] // as the program before this one had it
    public async Task An_answer_that_names_no_question_does_not_count_for_the_second(int? question, bool byNumber, bool counts)
    {
        Looks(VerificationVerdict.NotHealthy);
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, request => Question with
        {
            StrictAnswer = byNumber, Action = Action with { Id = request.ActionsTried.Count == 0 ? "first" : "second" },
        });
        _context.Raise(ApprovalEvent.Name, new ApprovalEvent(true, "on-call", Question: 1));
        _context.OnTimer = () =>
        {
            if (_context.Statuses[^1] is not IncidentStatus { Phase: Phase.Approve, Question: 2 }) return;
            _context.OnTimer = null;
            _context.Raise(ApprovalEvent.Name, new ApprovalEvent(true, "on-call", Question: question));
        };

        var outcome = await RunAsync();

        Assert.Equal(counts, outcome.Actions.Any(action => action.ActionId == "second"));
        var told = _context.Statuses.Cast<IncidentStatus>().Where(status => status.Detail?.Contains("does not count") == true);
        Assert.Equal(counts ? 0 : 1, told.Count(status => status.Detail!.Contains("Answer with 'Question': 2")));
        if (!counts) Assert.Contains("nobody approved 'second'", outcome.Reason);
    }

    [Fact]
    public async Task A_question_of_an_older_program_goes_on_as_its_history_says()
    {
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => Plan(PlanVerdict.AskFirst));
        _context.Raise(ApprovalEvent.Name, new ApprovalEvent(true, "on-call"));

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.Healed, outcome.Kind);
        Assert.Equal(1, _context.Calls.Count(call => call == ActivityNames.CollectEvidence));
    }

    [Theory]
    [InlineData(Autonomy.Observe, false)]
    [InlineData(Autonomy.Advise, false)]
    [InlineData(Autonomy.Approve, true)]
    [InlineData(Autonomy.Act, true)]
    public async Task What_is_approved_is_not_done_when_less_is_allowed_meanwhile(Autonomy level, bool runs)
    {
        var looks = 0;
        _context.On<CollectRequest, EvidenceBundle>(ActivityNames.CollectEvidence, _ => looks++ == 0 ? Evidence
            : Evidence with { Autonomy = new AutonomySetting(level, "annotation of Deployment web") });
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => Question);
        _context.Raise(ApprovalEvent.Name, new ApprovalEvent(true, "on-call", Question: 1));

        var outcome = await RunAsync();

        Assert.Equal(runs ? OutcomeKind.Healed : OutcomeKind.Escalated, outcome.Kind);
        Assert.Equal(runs, _context.Calls.Contains(ActivityNames.RunAction));
        if (!runs) Assert.Contains($"autonomy is {level} (annotation of Deployment web)", outcome.Reason);
    }

    [Theory]
    [InlineData(true, OutcomeKind.NoActionNeeded)]
    [InlineData(false, OutcomeKind.Healed)] // as the history of the program before this one has it
    public async Task What_is_approved_is_not_done_to_a_target_that_is_well_meanwhile(bool strict, OutcomeKind outcome)
    {
        var (looks, isWell) = (0, new Detection(DetectionVerdict.Healthy, null, "all replicas are ready", []));
        var faulty = new Detection(DetectionVerdict.Faulty, null, "no replica is ready", []);
        _context.On<EvidenceBundle, Detection>(ActivityNames.DetectFault, _ => looks++ == 0 ? faulty : isWell);
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => Question with { StrictAnswer = strict });
        _context.Raise(ApprovalEvent.Name, new ApprovalEvent(true, "on-call", Question: 1));

        var ended = await RunAsync();

        Assert.Equal(outcome, ended.Kind);
        Assert.Equal(outcome == OutcomeKind.Healed, _context.Calls.Contains(ActivityNames.RunAction));
    }

    [Theory]
    [InlineData(true, "good", true)]
    [InlineData(true, "better", false)] // somebody changed the target meanwhile
    [InlineData(false, "good", false)] // as the history of the program before this one has it
    public async Task An_alert_that_ends_while_a_person_is_asked_makes_no_other_question_of_the_same(bool keeps, string value, bool runs)
    {
        var plans = 0;
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ =>
        {
            if (++plans == 2) _context.Raise(ApprovalEvent.Name, new ApprovalEvent(true, "on-call", Question: 1));
            return Question with
            {
                KeepsQuestion = keeps, Parameters = new Dictionary<string, string> { ["value"] = plans == 1 ? "good" : value },
            };
        });
        _context.Raise(SignalEvent.Name, new SignalEvent("one", "KubeContainerWaiting", AlertStatus.Resolved, default));

        var outcome = await RunAsync();

        Assert.Equal(2, plans);
        Assert.Equal(runs, _context.Calls.Contains(ActivityNames.RunAction));
        if (!runs) Assert.Contains("nobody approved", outcome.Reason);
    }

    [Theory]
    [InlineData("15m", 15)]
    [InlineData("soon", 120)] // the action refuses it; its end is registered all the same
    public async Task Who_edits_the_time_limit_of_what_he_approves_decides_when_it_ends(string ttl, int minutes)
    {
        TimeSpan? registered = null;
        TimeSpan? asked = null;
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => Question with
        {
            TimeLimit = TimeSpan.FromHours(2), LimitedBy = "ttl", Parameters = new Dictionary<string, string> { ["ttl"] = "2h" },
        });
        _context.On<ExpiryRequest, string>(ActivityNames.StartExpiry, request =>
        {
            registered = request.At.UtcDateTime - _context.CurrentUtcDateTime;
            return request.InstanceId;
        });
        _context.On<ActionRequest, ActionResult>(ActivityNames.RunAction, request =>
        {
            asked = request.ExpiresAt!.Value.UtcDateTime - _context.CurrentUtcDateTime;
            return new ActionResult(request.Key, ActionStatus.Applied, "relaxed", 3, "good");
        });
        _context.Raise(ApprovalEvent.Name, new ApprovalEvent(
            true, "on-call", new Dictionary<string, string> { ["ttl"] = ttl }, Question: 1));

        await RunAsync();

        Assert.Equal((TimeSpan.FromMinutes(minutes), TimeSpan.FromMinutes(minutes)), (registered!.Value, asked!.Value));
    }

    [Fact]
    public async Task An_action_that_was_made_without_effect_counts_as_one_of_those_allowed()
    {
        var counted = new List<int>();
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, request =>
        {
            counted.Add(request.ActionsApplied);
            return request.ActionsTried.Count == 0 ? Plan(PlanVerdict.Act) : Plan(PlanVerdict.Escalate) with { Action = null };
        });
        _context.On<ActionRequest, ActionResult>(ActivityNames.RunAction,
            request => new ActionResult(request.Key, ActionStatus.NoEffect, "no pod became ready", 3, "good"));

        await RunAsync();

        Assert.Equal([0, 1], counted);
    }
}

using Heal.Activities;
using Heal.Healing;

namespace Heal.Workflows.Tests;

// Actions that did not help, and whose inverse meets an obstacle.
public sealed partial class IncidentOutcomeTests
{
    [Theory]
    [InlineData(ActionStatus.Blocked)] // the kill switch
    [InlineData(ActionStatus.NotPermitted)] // 403
    [InlineData(ActionStatus.Failed)]
    [InlineData(null)] // the API server is away
    public async Task An_obstacle_that_passes_does_not_leave_what_did_not_help(ActionStatus? obstacle)
    {
        Looks(VerificationVerdict.NotHealthy);
        var keys = Undoes(obstacle, obstacle, ActionStatus.Applied);

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.RolledBack, outcome.Kind);
        Assert.True(Assert.Single(outcome.Actions).Undone);
        Assert.Equal(3, keys.Count);
        Assert.Single(keys.Distinct());
    }

    [Theory]
    [InlineData(ActionStatus.Blocked, OutcomeKind.Escalated)]
    [InlineData(ActionStatus.NotPermitted, OutcomeKind.Escalated)]
    [InlineData(null, OutcomeKind.Failed)]
    public async Task An_obstacle_that_stays_is_told_to_people_after_an_hour(ActionStatus? obstacle, OutcomeKind kind)
    {
        Looks(VerificationVerdict.NotHealthy);
        var keys = Undoes(obstacle);

        var outcome = await RunAsync();

        Assert.Equal(kind, outcome.Kind);
        var told = Assert.Single(_handOffs).Reason;
        Assert.Contains($"tried {keys.Count} times within 60 min: in the way", told);
        Assert.False(Assert.Single(outcome.Actions).Undone);
        var rollBack = outcome.Timings.Single(timing => timing.Phase == Phase.RollBack);
        Assert.InRange(rollBack.Seconds, TimeSpan.FromMinutes(50).TotalSeconds, RecoveryPhase.UndoPatience.TotalSeconds);
    }

    [Fact]
    public async Task People_are_called_at_once_when_the_inverse_says_that_it_has_ended()
    {
        Looks(VerificationVerdict.NotHealthy);
        var keys = Undoes(ActionStatus.Failed);
        _context.On<UndoRequest, ActionResult>(ActivityNames.UndoAction, request =>
        {
            keys.Add(request.Key);
            return new ActionResult(request.Key, ActionStatus.Failed, "nothing can be undone") { IsFinal = true };
        });

        Assert.Equal((OutcomeKind.Failed, 1), ((await RunAsync()).Kind, keys.Count));
        Assert.DoesNotContain("tried", Assert.Single(_handOffs).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_became_healthy_while_its_undo_was_held_up_is_not_broken_again()
    {
        Looks(VerificationVerdict.NotHealthy);
        var keys = Undoes(ActionStatus.Blocked);
        _context.OnTimer = () =>
        {
            if (keys.Count == 2) Looks(VerificationVerdict.Healthy);
        };

        var outcome = await RunAsync();

        Assert.Equal((OutcomeKind.Healed, 2), (outcome.Kind, keys.Count));
        Assert.Empty(_handOffs);
    }

    [Fact]
    public async Task A_target_that_is_well_now_and_then_does_not_prolong_the_patience_for_its_undo()
    {
        Looks(VerificationVerdict.NotHealthy);
        var keys = Undoes(ActionStatus.Blocked);
        var tried = 0;
        _context.On<VerifyRequest, VerificationLook>(ActivityNames.VerifyTarget, _ =>
        {
            // Healthy at the first look after each try, and at no other.
            var isWell = keys.Count > tried;
            tried = keys.Count;
            return new VerificationLook(isWell ? VerificationVerdict.Healthy : VerificationVerdict.NotHealthy, "a look", 0);
        });

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.Escalated, outcome.Kind);
        Assert.True(_context.CurrentUtcDateTime - Noon.UtcDateTime < RecoveryPhase.UndoPatience + TimeSpan.FromMinutes(10));
    }

    [Fact]
    public async Task An_undo_that_finds_the_target_changed_by_another_is_not_tried_again()
    {
        Looks(VerificationVerdict.NotHealthy);
        var keys = Undoes(ActionStatus.Blocked, ActionStatus.ChangedByOther);

        Assert.Equal((OutcomeKind.Superseded, 2), ((await RunAsync()).Kind, keys.Count));
    }

    [Fact]
    public async Task An_incident_that_an_older_program_planned_ends_at_the_first_obstacle_as_its_history_has_it()
    {
        Looks(VerificationVerdict.NotHealthy);
        var keys = Undoes(ActionStatus.Blocked);
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => Plan(PlanVerdict.Act));

        Assert.Equal((OutcomeKind.Escalated, 1), ((await RunAsync()).Kind, keys.Count));
    }

    // Null: no answer to the end of its retries. The last one stays.
    private List<string> Undoes(params ActionStatus?[] statuses)
    {
        var (keys, left) = (new List<string>(), new Queue<ActionStatus?>(statuses));
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, request => request.ActionsTried.Count == 0
            ? Plan(PlanVerdict.Act) with { RetriesUndo = true }
            : Plan(PlanVerdict.Escalate) with { Action = null, Reasons = ["nothing is left to try"] });
        _context.On<UndoRequest, ActionResult>(ActivityNames.UndoAction, request =>
        {
            keys.Add(request.Key);
            var status = left.Count > 1 ? left.Dequeue() : left.Peek();
            return new ActionResult(request.Key, status ?? throw new IOException("in the way"), "in the way");
        });
        return keys;
    }
}

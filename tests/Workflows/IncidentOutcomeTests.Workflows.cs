using Heal.Activities;
using Heal.Healing;

namespace Heal.Workflows.Tests;

/// <summary>Where the workflow that the first signal brought has nothing for the fault.</summary>
public sealed partial class IncidentOutcomeTests
{
    private static Signal Later => Signal.Of(
        new Alert("KubePodCrashLooping", AlertStatus.Firing, new Dictionary<string, string>(), new Dictionary<string, string>(), Noon, null,
            "later"),
        SignalSource.Watch, Noon);

    private static Plan NothingFits => Plan(PlanVerdict.Escalate) with { Action = null, Reasons = ["none fits"], NothingFits = true };

    [Fact]
    public async Task An_incident_goes_on_with_the_workflow_that_a_signal_brought_after_the_first()
    {
        var requests = new List<PlanRequest>();
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, request =>
        {
            requests.Add(request);
            return requests.Count > 1 ? Plan(PlanVerdict.Act)
                : NothingFits with { Instead = new ServedSignal(Later, request.Incident.Workflow! with { Name = "brought" }) };
        });

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.Healed, outcome.Kind);
        Assert.Equal(["crashloop", "brought"], requests.Select(request => request.Incident.Workflow!.Name));
        Assert.Equal((Later.Id, "crashloop"), (requests[1].Incident.Trigger.Id, Assert.Single(requests[1].Incident.Passed)));
        Assert.Equal("brought", LastStatus.Workflow);
        // The diagnosis is made anew: what the other alert proves may count.
        Assert.Equal(2, _context.Calls.Count(call => call == ActivityNames.DiagnoseFault));
        Assert.Empty(_handOffs);
    }

    [Fact]
    public async Task A_signal_that_comes_while_an_incident_closes_that_had_nothing_for_the_fault_is_looked_at_first()
    {
        var plans = new Queue<Plan>([NothingFits, Plan(PlanVerdict.Act)]);
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => plans.Dequeue());
        var closes = new Queue<CloseResult>([new CloseResult(false, [SignalEvent.Of(Later)], 2), new CloseResult(true, [], 2)]);
        _context.On<CloseRequest, CloseResult>(ActivityNames.CloseIncident, _ => closes.Dequeue());

        var outcome = await RunAsync();

        Assert.Equal((OutcomeKind.Healed, false), (outcome.Kind, outcome.NothingFitted));
        Assert.Empty(plans);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_had_nothing_for_the_fault_says_so_in_the_outcome(bool nothingFits)
    {
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => NothingFits with { NothingFits = nothingFits });

        var outcome = await RunAsync();

        Assert.Equal((OutcomeKind.Escalated, nothingFits), (outcome.Kind, outcome.NothingFitted));
        Assert.Single(_handOffs);
    }

    [Fact]
    public async Task A_target_that_is_blocked_is_looked_at_again_and_is_left_alone_when_it_is_well_once_more()
    {
        var looks = new Queue<EvidenceBundle>(
            [Blocked, Blocked with { CollectedAt = Noon.AddSeconds(15) }, At(35), At(75)]);
        var judged = new List<EvidenceBundle>();
        _context.On<CollectRequest, EvidenceBundle>(ActivityNames.CollectEvidence, _ => looks.Dequeue());
        _context.On<EvidenceBundle, Detection>(ActivityNames.DetectFault, evidence =>
        {
            judged.Add(evidence);
            return new Detection(looks.Count > 0 ? DetectionVerdict.Faulty : DetectionVerdict.Healthy, Noon, "a look", []);
        });
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => WaitsForDatabase);

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.NoActionNeeded, outcome.Kind);
        Assert.Contains("nothing was done here, because the database is not ready", outcome.Reason);
        Assert.DoesNotContain(ActivityNames.RunAction, _context.Calls);
        // Pods that crashed before the look that found the database have not had their time.
        Assert.Equal(
            [null, Noon.AddSeconds(15), Noon.AddSeconds(35), Noon.AddSeconds(35)], judged.Select(evidence => evidence.BlockedUntil));

        static EvidenceBundle At(int seconds) => Evidence with { CollectedAt = Noon.AddSeconds(seconds) };
    }

    [Fact]
    public async Task A_target_that_stays_blocked_is_handed_to_people()
    {
        _context.On<CollectRequest, EvidenceBundle>(ActivityNames.CollectEvidence, _ => Blocked);
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => WaitsForDatabase);

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.Escalated, outcome.Kind);
        Assert.Contains("blocked, after 18 looks still: the database is not ready", outcome.Reason);
        Assert.InRange(_context.CurrentUtcDateTime, Noon.AddMinutes(14).UtcDateTime, Noon.AddMinutes(18).UtcDateTime);
    }

    private static EvidenceBundle Blocked => Evidence with
    {
        CollectedAt = Noon.AddSeconds(5), Dependencies = [new DependencyEvidence("dependency/database", "database", 1, "a log", true)],
    };

    private static Plan WaitsForDatabase =>
        Plan(PlanVerdict.Wait) with { Action = null, Reasons = ["the database is not ready"], IsBlocked = true };
}

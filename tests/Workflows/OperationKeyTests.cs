using Heal.Activities;
using Heal.Healing;

namespace Heal.Workflows.Tests;

/// <summary>Under which keys an incident's operations go: never two under one, whatever became of the first.</summary>
public sealed class OperationKeyTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TargetReference Target = new("test", TargetKinds.Node, "", "n1");
    private static readonly string Incident = Target.IncidentId(1);
    private readonly ScriptedContext _context = new(Incident);
    private readonly List<string> _expiries = [];
    private readonly List<ActionRequest> _runs = [];

    public OperationKeyTests()
    {
        _context.On<ExpiryRequest, string>(ActivityNames.StartExpiry, expiry =>
        {
            _expiries.Add(expiry.Key);
            return expiry.InstanceId;
        });
        _context.On<ActionRequest, ActionResult>(ActivityNames.RunAction, request =>
        {
            _runs.Add(request);
            return new ActionResult(
                request.Key, _runs.Count == 1 ? ActionStatus.Busy : ActionStatus.NotPermitted, "as the test says");
        });
    }

    [Fact]
    public async Task After_a_busy_target_an_action_does_not_go_under_the_key_whose_end_waits_already()
    {
        var recovery = Recovery(openedAt: Noon);

        await recovery.RunAsync(Plan("taint_node") with { TimeLimit = TimeSpan.FromHours(2) });
        await recovery.RunAsync(Plan("cordon_node"));

        Assert.Equal([$"{Incident}/1"], _expiries);
        Assert.Equal([$"{Incident}/1", $"{Incident}/2"], _runs.Select(run => run.Key));
    }

    [Fact]
    public async Task An_incident_that_is_started_again_does_not_go_under_the_keys_of_its_first_run()
    {
        var first = Recovery(openedAt: Noon);
        var again = Recovery(openedAt: Noon.AddMinutes(-10));

        await first.RunAsync(Plan("cordon_node"));
        await again.RunAsync(Plan("cordon_node"));

        Assert.Equal(2, _runs.DistinctBy(run => run.Key).Count());
        Assert.All(_runs, run => Assert.StartsWith($"{Incident}/", run.Key));
    }

    [Fact]
    public async Task What_a_history_of_an_earlier_program_answered_goes_on_under_the_key_of_that_answer()
    {
        var undone = new List<UndoRequest>();
        _context.On<ActionRequest, ActionResult>(ActivityNames.RunAction,
            _ => new ActionResult($"{Incident}/1", ActionStatus.NoEffect, "no effect came"));
        _context.On<UndoRequest, ActionResult>(ActivityNames.UndoAction, request =>
        {
            undone.Add(request);
            return new ActionResult(request.Key, ActionStatus.Applied, "as it was");
        });

        await Recovery(openedAt: Noon.AddMinutes(-10)).RunAsync(Plan("cordon_node"));

        Assert.Equal(($"{Incident}/1/undo", $"{Incident}/1"), (undone[0].Key, undone[0].UndoneKey));
    }

    private RecoveryPhase Recovery(DateTimeOffset openedAt)
    {
        var alert = new Alert(
            "KubeNodeNotReady", AlertStatus.Firing, new Dictionary<string, string>(), new Dictionary<string, string>(), Noon, null, "f");
        var input = new IncidentInput(
            Incident, Target, 1, Signal.Of(alert, SignalSource.Webhook, Noon), null, new SafetyLimits(), openedAt);
        var state = new IncidentState(_context, input)
        {
            Evidence = EvidenceBundle.Empty(Target, Noon, exists: true, new AutonomySetting(Autonomy.Act, "a test")),
        };
        return new RecoveryPhase(_context, state, new LayerPhase(_context, state));
    }

    private static Plan Plan(string action) => new(
        PlanVerdict.Act, new WorkflowAction(action, [], 0.6, TimeSpan.FromMinutes(2), new Dictionary<string, string>(), null),
        RiskClass.R2, new Dictionary<string, string>(), new AutonomySetting(Autonomy.Act, "a test"), ["a reason"]);
}

using Heal.Activities;
using Heal.Healing;

namespace Heal.Workflows.Tests;

/// <summary>What incidents do about layers below and above their targets, with activities that answer what the test says.</summary>
public sealed class LayerCourseTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TargetReference Node = new("test", TargetKinds.Node, "", "n1");
    private static readonly TargetReference Machine = new("hv1", TargetKinds.VirtualMachine, "", "web");
    private static readonly NodeMapping Mapping =
        new("n1", MappingKind.Known, MappingWay.SystemUuid, "hv1", "web", "4dea22b3-1d52-d8f3-2516-782e98ab3fa0", "its system UUID");

    private readonly ScriptedContext _context = new(Node.IncidentId(1));
    private readonly List<JoinRequest> _joins = [];
    private readonly List<HandOff> _handOffs = [];
    private readonly Queue<LayerEvidence?> _layers = new();
    private readonly Queue<JoinResult> _joined = new();
    private readonly Queue<AboveLook> _above = new();
    private TargetReference _target = Node;
    private bool _healthy;

    public LayerCourseTests()
    {
        _context.On<CollectRequest, EvidenceBundle>(ActivityNames.CollectEvidence, _ => Evidence());
        _context.On<EvidenceBundle, Detection>(ActivityNames.DetectFault, _ => new Detection(
            _healthy ? DetectionVerdict.Healthy : DetectionVerdict.Faulty, Noon, "as it is", []));
        _context.On<DiagnoseRequest, Diagnosis>(ActivityNames.DiagnoseFault,
            _ => new Diagnosis([new Hypothesis("Cause", "a cause", 0.9, [])], [], []));
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => ThePlan);
        _context.On<ActionRequest, ActionResult>(ActivityNames.RunAction,
            request => new ActionResult(request.Key, ActionStatus.Applied, "done"));
        _context.On<VerifyRequest, VerificationLook>(ActivityNames.VerifyTarget,
            _ => new VerificationLook(VerificationVerdict.Healthy, "it runs", 0));
        _context.On<JoinRequest, JoinResult>(ActivityNames.JoinIncident, request =>
        {
            _joins.Add(request);
            return _joined.Dequeue();
        });
        _context.On<IncidentInput, string>(ActivityNames.StartIncident, input => input.IncidentId);
        _context.On<List<string>, AboveLook>(ActivityNames.LookAbove, _ => _above.Count > 1 ? _above.Dequeue() : _above.Peek());
        _context.On<HandOff, bool>(ActivityNames.Escalate, handOff =>
        {
            _handOffs.Add(handOff);
            return true;
        });
        _context.On<IncidentOutcome, bool>(ActivityNames.RecordOutcome, _ => true);
        _context.On<CloseRequest, CloseResult>(ActivityNames.CloseIncident, request => new CloseResult(true, [], request.SignalsSeen));
    }

    [Fact]
    public async Task A_node_whose_machine_is_found_at_fault_is_handed_to_the_machines_incident_and_not_touched()
    {
        _layers.Enqueue(HandOver());
        _joined.Enqueue(Opened());

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.HandedOver, outcome.Kind);
        Assert.Contains(Machine.IncidentId(1), outcome.Reason);
        Assert.Empty(outcome.Actions);
        var join = Assert.Single(_joins);
        Assert.Equal((Machine, "LibvirtDomainCrashed"), (join.Target, join.Signal.Alert.Name));
        Assert.Contains(Node.IncidentId(1), join.Through);
        Assert.Contains(ActivityNames.StartIncident, _context.Calls);
        Assert.DoesNotContain(ActivityNames.PlanRecovery, _context.Calls);
        Assert.DoesNotContain(ActivityNames.RunAction, _context.Calls);
        Assert.Empty(_handOffs);
    }

    [Fact]
    public async Task An_incident_of_the_machine_that_is_open_is_told_and_takes_over()
    {
        _layers.Enqueue(HandOver());
        _joined.Enqueue(Opened() with { Opened = false });

        Assert.Equal(OutcomeKind.HandedOver, (await RunAsync()).Kind);
        Assert.Equal([(Machine.IncidentId(1), SignalEvent.Name)], _context.Sent);
    }

    [Fact]
    public async Task A_machine_that_is_healed_already_but_not_its_incident_takes_over_without_a_new_signal()
    {
        _layers.Enqueue(new LayerEvidence
        {
            Verdict = new LayerVerdict(LayerCourse.HandOver, "it is being healed", null, Machine, Machine.IncidentId(4)),
        });

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.HandedOver, outcome.Kind);
        Assert.Contains(Machine.IncidentId(4), outcome.Reason);
        Assert.Empty(_joins);
    }

    [Fact]
    public async Task An_incident_of_the_machine_that_ended_well_a_moment_ago_is_a_reason_to_look_again()
    {
        _layers.Enqueue(HandOver());
        _joined.Enqueue(Closed(OutcomeKind.Healed));
        _layers.Enqueue(new LayerEvidence());

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.Healed, outcome.Kind);
        Assert.Single(outcome.Actions);
        Assert.Equal(2, _context.Calls.Count(call => call == ActivityNames.CollectEvidence));
    }

    [Fact]
    public async Task A_machine_that_fails_again_gets_a_new_incident()
    {
        _layers.Enqueue(HandOver());
        _layers.Enqueue(HandOver());
        _joined.Enqueue(Closed(OutcomeKind.Healed));
        _joined.Enqueue(Closed(OutcomeKind.Healed));
        _joined.Enqueue(Opened());

        Assert.Equal(OutcomeKind.HandedOver, (await RunAsync()).Kind);
        Assert.Equal([false, false, true], _joins.Select(join => join.ShowsNewFault));
        Assert.Contains(ActivityNames.StartIncident, _context.Calls);
    }

    [Fact]
    public async Task A_machine_that_people_were_called_for_is_left_to_them_and_so_is_its_node()
    {
        _layers.Enqueue(HandOver());
        _joined.Enqueue(Closed(OutcomeKind.Escalated));

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.HandedOver, outcome.Kind);
        Assert.Empty(outcome.Actions);
    }

    [Fact]
    public async Task A_node_whose_machine_somebody_switched_off_needs_nothing()
    {
        _layers.Enqueue(new LayerEvidence { Verdict = new LayerVerdict(LayerCourse.Leave, "somebody ended it (destroyed)") });

        var outcome = await RunAsync();

        Assert.Equal((OutcomeKind.NoActionNeeded, "somebody ended it (destroyed)"), (outcome.Kind, outcome.Reason));
        Assert.DoesNotContain(ActivityNames.PlanRecovery, _context.Calls);
    }

    [Fact]
    public async Task What_is_not_known_yet_is_waited_for_with_a_limit()
    {
        for (var i = 0; i < 13; i++) _layers.Enqueue(new LayerEvidence { Verdict = new LayerVerdict(LayerCourse.Wait, "too early") });

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.Healed, outcome.Kind);
        Assert.Equal(13, _context.Calls.Count(call => call == ActivityNames.CollectEvidence));
        Assert.True(_context.CurrentUtcDateTime >= Noon.AddMinutes(2).UtcDateTime);
    }

    [Fact]
    public async Task A_machine_that_fails_while_a_person_decides_about_its_node_takes_over_all_the_same()
    {
        _context.On<PlanRequest, Plan>(ActivityNames.PlanRecovery, _ => ThePlan with { Verdict = PlanVerdict.AskFirst });
        _layers.Enqueue(new LayerEvidence { Below = [new NodeLayers("layer/n1", "n1", false, Mapping)] });
        _layers.Enqueue(HandOver());
        _joined.Enqueue(Opened());
        _context.Raise(ApprovalEvent.Name, new ApprovalEvent(true, "on-call"));

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.HandedOver, outcome.Kind);
        Assert.DoesNotContain(ActivityNames.RunAction, _context.Calls);
    }

    [Fact]
    public async Task A_machine_is_healed_when_its_node_is_ready_too()
    {
        OfMachine(new AboveLook(false, "node n1 is not ready (NodeStatusUnknown)"), new AboveLook(true, "node n1 is ready"));

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.Healed, outcome.Kind);
        Assert.EndsWith("node n1 is ready", outcome.Reason);
        Assert.Equal(2, _context.Calls.Count(call => call == ActivityNames.LookAbove));
    }

    [Fact]
    public async Task A_node_that_does_not_come_back_with_its_machine_is_left_to_people_and_the_machine_stays_started()
    {
        OfMachine(new AboveLook(false, "node n1 is not ready (KubeletDown)"));

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.Escalated, outcome.Kind);
        Assert.Contains("node n1 is not ready (KubeletDown)", outcome.Reason);
        Assert.DoesNotContain(ActivityNames.UndoAction, _context.Calls);
        Assert.Single(_handOffs);
        Assert.True(_context.CurrentUtcDateTime >= Noon.AddMinutes(5).UtcDateTime);
    }

    [Fact]
    public async Task A_node_that_cannot_be_seen_is_said_to_be_that()
    {
        OfMachine(new AboveLook(null, "whether node n1 is ready could not be seen: no answer"));

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.Healed, outcome.Kind);
        Assert.EndsWith("could not be seen: no answer", outcome.Reason);
    }

    [Theory]
    [InlineData("running", OutcomeKind.Escalated)]
    [InlineData("shutoff", OutcomeKind.NoActionNeeded)]
    public async Task A_machine_that_needed_nothing_answers_for_its_node_unless_it_is_off_by_intent(string state, OutcomeKind expected)
    {
        OfMachine(new AboveLook(false, "node n1 is not ready"));
        (_healthy, State) = (true, state);

        Assert.Equal(expected, (await RunAsync()).Kind);
        Assert.Equal(state == "running", _context.Calls.Contains(ActivityNames.LookAbove));
    }

    [Fact]
    public async Task Of_the_nodes_on_a_host_it_is_only_told()
    {
        OfMachine(new AboveLook(false, "node n1 is not ready"));
        _target = new TargetReference("hv1", TargetKinds.Hypervisor, "", "hv1");

        var outcome = await RunAsync();

        Assert.Equal(OutcomeKind.Healed, outcome.Kind);
        Assert.EndsWith("node n1 is not ready", outcome.Reason);
        Assert.Single(_context.Calls, call => call == ActivityNames.LookAbove);
    }

    [Fact]
    public async Task A_signal_of_a_node_brings_the_fault_below_first_and_joins_its_incident()
    {
        var context = new ScriptedContext("signal-1");
        var signal = Alert("KubeNodeNotReady");
        context.On<Signal, TargetResolution>(ActivityNames.ResolveTarget, _ => new TargetResolution(TargetVerdict.Found, Machine, "lowered")
        {
            Below = Alert("LibvirtDomainCrashed"), Through = "about Node n1",
        });
        context.On<JoinRequest, JoinResult>(ActivityNames.JoinIncident, request =>
        {
            _joins.Add(request);
            return Opened() with { Opened = request.Signal.Alert.Name == "LibvirtDomainCrashed" };
        });
        context.On<IncidentInput, string>(ActivityNames.StartIncident, input => input.IncidentId);

        var outcome = await new RouteSignalOrchestrator().RunAsync(context, signal);

        Assert.Equal((RouteKind.Joined, Machine.IncidentId(1)), (outcome.Kind, outcome.IncidentId));
        Assert.Equal([("LibvirtDomainCrashed", null), ("KubeNodeNotReady", "about Node n1")],
            _joins.Select(join => (join.Signal.Alert.Name, join.Through)));
    }

    private static Plan ThePlan { get; } = new(
        PlanVerdict.Act, new WorkflowAction("act", [], 0, TimeSpan.FromMinutes(1), new Dictionary<string, string>(), null), RiskClass.R2,
        new Dictionary<string, string>(), new AutonomySetting(Autonomy.Act, "test"), ["it fits"]);

    private static WorkflowDefinition Workflow { get; } = new(
        "node", "1.0.0", "", [], new WorkflowLimits(RiskClass.R2, 1, TimeSpan.Zero),
        new ApprovalSetting(null, TimeSpan.FromMinutes(30)), [], new EscalationSetting("on-call", ""));

    private string State { get; set; } = "running";

    private void OfMachine(params AboveLook[] looks)
    {
        _target = Machine;
        _layers.Enqueue(new LayerEvidence
        {
            Above = [new NodeAbove("node/n1", "n1", false, "NodeStatusUnknown", 3, Mapping)], NodeReadyWithin = TimeSpan.FromMinutes(5),
        });
        foreach (var look in looks) _above.Enqueue(look);
    }

    private static LayerEvidence HandOver() => new()
    {
        Verdict = new LayerVerdict(LayerCourse.HandOver, "its domain has died", Alert("LibvirtDomainCrashed"), Machine),
    };

    private static JoinResult Opened() =>
        new(Machine.IncidentId(1), true, Input(Machine), null, "first incident of the target");

    private static JoinResult Closed(OutcomeKind kind) => new(Machine.IncidentId(1), false, null, kind, "within the join window");

    private EvidenceBundle Evidence()
    {
        var bundle = EvidenceBundle.Empty(_target, Noon, exists: true, new AutonomySetting(Autonomy.Act, "test"));
        var layers = _layers.TryDequeue(out var next) ? next : null;
        return bundle with
        {
            Layers = layers,
            Machine = _target.Kind == TargetKinds.Node ? null
                : new MachineEvidence(Noon, new HypervisorEvidence("host/hv1", "hv1", true, null, Noon, null, null, null, null, 1, 1, null))
                {
                    Domain = new DomainEvidence(
                        "domain/web", Mapping.Uuid!, "web", State, "booted", 4, true, "running", "destroy", 1, 1024, 1024, 4, Noon, null,
                        null),
                },
        };
    }

    private static Signal Alert(string name) => Signal.Of(
        new Alert(name, AlertStatus.Firing, new Dictionary<string, string> { ["alertname"] = name }, new Dictionary<string, string>(), Noon,
            null, name), SignalSource.Watch, Noon);

    private static IncidentInput Input(TargetReference target) =>
        new(target.IncidentId(1), target, 1, Alert("KubeNodeNotReady"), Workflow, new SafetyLimits(), Noon);

    private Task<IncidentOutcome> RunAsync() => new IncidentOrchestrator().RunAsync(_context, Input(_target));
}

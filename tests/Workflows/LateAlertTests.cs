using Heal.Activities;
using Heal.Healing;

namespace Heal.Workflows.Tests;

/// <summary>An alert that comes when the last incident of its target has just ended well: an echo of it, or the fault is back.</summary>
public sealed class LateAlertTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TargetReference Machine = new("hv1", TargetKinds.VirtualMachine, "", "web");
    private static readonly TargetReference Node = new("test", TargetKinds.Node, "", "n1");
    private readonly ScriptedContext _context = new("signal-1");

    [Theory]
    [InlineData(true, RouteKind.Joined)]
    [InlineData(false, RouteKind.Started)]
    public async Task The_node_itself_says_which(bool isReady, RouteKind expected)
    {
        var signal = Firing("KubeNodeNotReady");
        Routes(signal, Node);
        _context.On<CollectRequest, EvidenceBundle>(ActivityNames.CollectEvidence, _ => OfNode(isReady));
        _context.On<EvidenceBundle, Detection>(ActivityNames.DetectFault, DetectionPolicy.Judge);

        var outcome = await new RouteSignalOrchestrator().RunAsync(_context, signal);

        Assert.Equal(expected, outcome.Kind);
    }

    [Fact]
    public async Task A_target_that_cannot_be_looked_at_does_not_contradict_the_alert()
    {
        var signal = Firing("KubeNodeNotReady");
        Routes(signal, Node);
        _context.On<CollectRequest, EvidenceBundle>(ActivityNames.CollectEvidence, _ => throw new IOException("the cluster is away"));

        var outcome = await new RouteSignalOrchestrator().RunAsync(_context, signal);

        Assert.Equal((RouteKind.Started, Node.IncidentId(2)), (outcome.Kind, outcome.IncidentId));
    }

    [Fact]
    public async Task An_incident_of_a_node_that_is_ready_again_ends_without_calling_anybody()
    {
        var input = new IncidentInput(Node.IncidentId(1), Node, 1, Firing("KubeNodeNotReady"), null, new SafetyLimits(), Noon);
        _context.On<CollectRequest, EvidenceBundle>(ActivityNames.CollectEvidence, _ => OfNode(isReady: true));
        _context.On<EvidenceBundle, Detection>(ActivityNames.DetectFault, DetectionPolicy.Judge);
        _context.On<IncidentOutcome, bool>(ActivityNames.RecordOutcome, _ => true);
        _context.On<CloseRequest, CloseResult>(ActivityNames.CloseIncident, request => new CloseResult(true, [], request.SignalsSeen));

        var outcome = await new IncidentOrchestrator().RunAsync(_context, input);

        Assert.Equal(OutcomeKind.NoActionNeeded, outcome.Kind);
        Assert.Contains("the node is ready since 2026-01-01 11:58:00Z", outcome.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(ActivityNames.Escalate, _context.Calls);
    }

    [Theory]
    [InlineData("KubeNodeNotReady", true, DetectionVerdict.Healthy)]
    [InlineData("KubeNodeUnreachable", true, DetectionVerdict.Healthy)]
    [InlineData("KubeNodeNotReady", false, DetectionVerdict.Faulty)]
    [InlineData("NodeFilesystemAlmostOutOfSpace", true, DetectionVerdict.Faulty)] // a node that is ready may have a full disk
    [InlineData(null, true, DetectionVerdict.Faulty)]
    public void Readiness_contradicts_an_alert_that_tells_of_absence_and_no_other(string? alert, bool isReady, DetectionVerdict expected) =>
        Assert.Equal(expected, DetectionPolicy.Judge(OfNode(isReady) with { Claim = alert }).Verdict);

    [Theory]
    [InlineData(DetectionVerdict.Faulty, RouteKind.Started)]
    [InlineData(DetectionVerdict.Healthy, RouteKind.Joined)]
    public async Task The_machine_itself_says_which(DetectionVerdict seen, RouteKind expected)
    {
        var signal = Firing("LibvirtDomainCrashed");
        Routes(signal, Machine);
        var host = new HypervisorEvidence("host/hv1", "hv1", true, null, Noon, null, null, null, null, 1, 1, null);
        _context.On<CollectRequest, EvidenceBundle>(ActivityNames.CollectEvidence, request =>
            EvidenceBundle.Empty(request.Target, Noon, exists: true, new AutonomySetting(Autonomy.Act, "test"))
                with { Machine = new MachineEvidence(Noon, host) });
        _context.On<EvidenceBundle, Detection>(ActivityNames.DetectFault, _ => new Detection(seen, null, "seen so", []));

        var outcome = await new RouteSignalOrchestrator().RunAsync(_context, signal);

        Assert.Equal(expected, outcome.Kind);
        Assert.Equal(expected == RouteKind.Started ? Machine.IncidentId(2) : Machine.IncidentId(1), outcome.IncidentId);
    }

    [Theory]
    [InlineData(true, RouteKind.Started)]
    [InlineData(false, RouteKind.Joined)] // nothing was seen: the alert alone is no second fault
    public async Task A_target_of_any_other_kind_says_so_by_what_was_seen_of_it(bool isSeen, RouteKind expected)
    {
        var claim = new TargetReference("test", TargetKinds.PersistentVolumeClaim, "shop", "data");
        var signal = Firing("KubePersistentVolumeErrors");
        Routes(signal, claim);
        _context.On<CollectRequest, EvidenceBundle>(ActivityNames.CollectEvidence, request =>
            EvidenceBundle.Empty(request.Target, Noon, exists: true, new AutonomySetting(Autonomy.Act, "test")));
        _context.On<EvidenceBundle, Detection>(ActivityNames.DetectFault, _ => new Detection(
            DetectionVerdict.Faulty, null, "the claim has lost its volume", isSeen ? ["pvc/data"] : []));

        var outcome = await new RouteSignalOrchestrator().RunAsync(_context, signal);

        Assert.Equal(expected, outcome.Kind);
    }

    private void Routes(Signal signal, TargetReference target)
    {
        var incident = new IncidentInput(target.IncidentId(2), target, 2, signal, null, new SafetyLimits(), Noon);
        _context.On<Signal, TargetResolution>(
            ActivityNames.ResolveTarget, _ => new TargetResolution(TargetVerdict.Found, target, "by its labels"));
        _context.On<JoinRequest, JoinResult>(ActivityNames.JoinIncident, request => request.ShowsNewFault
            ? new JoinResult(target.IncidentId(2), true, incident, null, "the target fails again")
            : new JoinResult(target.IncidentId(1), false, null, OutcomeKind.Healed, "within the join window"));
        _context.On<IncidentInput, string>(ActivityNames.StartIncident, input => input.IncidentId);
    }

    private static Signal Firing(string name) => Signal.Of(
        new Alert(name, AlertStatus.Firing, new Dictionary<string, string> { ["alertname"] = name }, new Dictionary<string, string>(),
            Noon, null, "print"),
        SignalSource.Webhook, Noon);

    private static EvidenceBundle OfNode(bool isReady) =>
        EvidenceBundle.Empty(Node, Noon, exists: true, new AutonomySetting(Autonomy.Act, "test")) with
        {
            Object = new ObjectEvidence("node/n1", "v1", "Node", "", "n1", "uid-n1", "7", 1, 1, Noon.AddDays(-9), null, [], null, [], []),
            Nodes =
            [
                new NodeEvidence("node/n1", "n1", isReady, false, null)
                {
                    Conditions = [new ConditionEvidence("Ready", isReady, "KubeletReady", "", Noon.AddMinutes(-2))],
                },
            ],
        };
}

using Heal.Activities;
using Heal.Healing;

namespace Heal.Workflows.Tests;

/// <summary>An alert that comes when the last incident of its target has just ended well: an echo of it, or the fault is back.</summary>
public sealed class LateAlertTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TargetReference Machine = new("hv1", TargetKinds.VirtualMachine, "", "web");
    private readonly ScriptedContext _context = new("signal-1");

    [Theory]
    [InlineData(DetectionVerdict.Faulty, RouteKind.Started)]
    [InlineData(DetectionVerdict.Healthy, RouteKind.Joined)]
    public async Task The_machine_itself_says_which(DetectionVerdict seen, RouteKind expected)
    {
        var alert = new Alert(
            "LibvirtDomainCrashed", AlertStatus.Firing, new Dictionary<string, string> { ["alertname"] = "LibvirtDomainCrashed" },
            new Dictionary<string, string>(), Noon, null, "print");
        var signal = Signal.Of(alert, SignalSource.Webhook, Noon);
        var incident = new IncidentInput(Machine.IncidentId(2), Machine, 2, signal, null, new SafetyLimits(), Noon);
        var host = new HypervisorEvidence("host/hv1", "hv1", true, null, Noon, null, null, null, null, 1, 1, null);
        _context.On<Signal, TargetResolution>(
            ActivityNames.ResolveTarget, _ => new TargetResolution(TargetVerdict.Found, Machine, "by its labels"));
        _context.On<JoinRequest, JoinResult>(ActivityNames.JoinIncident, request => request.ShowsNewFault
            ? new JoinResult(Machine.IncidentId(2), true, incident, null, "the target fails again")
            : new JoinResult(Machine.IncidentId(1), false, null, OutcomeKind.Healed, "within the join window"));
        _context.On<CollectRequest, EvidenceBundle>(ActivityNames.CollectEvidence, request =>
            EvidenceBundle.Empty(request.Target, Noon, exists: true, new AutonomySetting(Autonomy.Act, "test"))
                with { Machine = new MachineEvidence(Noon, host) });
        _context.On<EvidenceBundle, Detection>(ActivityNames.DetectFault, _ => new Detection(seen, null, "seen so", []));
        _context.On<IncidentInput, string>(ActivityNames.StartIncident, input => input.IncidentId);

        var outcome = await new RouteSignalOrchestrator().RunAsync(_context, signal);

        Assert.Equal(expected, outcome.Kind);
        Assert.Equal(expected == RouteKind.Started ? Machine.IncidentId(2) : Machine.IncidentId(1), outcome.IncidentId);
    }
}

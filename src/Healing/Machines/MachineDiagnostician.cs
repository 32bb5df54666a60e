namespace Heal.Healing;

/// <summary>
/// Explains what is wrong with a virtual machine, storage pool or hypervisor: every rule accepts or rejects its cause on the evidence, and
/// the accepted ones are ranked. Pure, as <see cref="Diagnostician"/>.
/// </summary>
public static class MachineDiagnostician
{
    private static readonly IMachineRule[] OfDomains =
    [
        new HypervisorDownRule(), new PanicRule(), new WatchdogRule(), new KilledRule(), new UnseenStopRule(), new ShutoffRule(),
        new BootFailureRule(), new NoSpaceRule(), new DiskBrokenRule(), new MigrationStuckRule(), new UnresponsiveRule(),
        new LeftPausedRule(), new BlockJobRule(), new LeftCopyRule(), new RunsTwiceRule(),
    ];

    private static readonly IMachineRule[] OfPools = [new HypervisorDownRule(), new PoolInactiveRule(), new PoolFillingRule()];

    private static readonly IMachineRule[] OfHosts = [new HypervisorDownRule(), new OvercommitRule()];

    public static Diagnosis Diagnose(TargetReference target, MachineEvidence machine, IReadOnlyList<string> gaps)
    {
        var findings = Findings(target, machine);
        return new Diagnosis(
            [
                .. findings.Where(finding => finding.Accepted is not null).Select(finding => finding.Accepted!)
                    .OrderByDescending(hypothesis => hypothesis.Confidence).ThenBy(hypothesis => hypothesis.Cause, StringComparer.Ordinal),
            ],
            [.. findings.Where(finding => finding.Rejected is not null).Select(finding => finding.Rejected!)],
            gaps);
    }

    internal static IReadOnlyList<MachineFinding> Findings(TargetReference target, MachineEvidence machine)
    {
        var rules = target.Kind switch
        {
            TargetKinds.VirtualMachine => OfDomains,
            TargetKinds.StoragePool => OfPools,
            _ => OfHosts,
        };
        var sight = new MachineSight(machine);
        return [.. rules.Select(rule => rule.Judge(sight))];
    }
}

/// <summary>One way of explaining a fault of a machine. Pure: it accepts or rejects on the evidence, and says why either way.</summary>
internal interface IMachineRule
{
    MachineFinding Judge(MachineSight sight);
}

/// <summary>Exactly one of accepted and rejected is set.</summary>
/// <param name="Since">The first sign of what was accepted, as far as it is known.</param>
internal sealed record MachineFinding(Hypothesis? Accepted, RejectedAlternative? Rejected, DateTimeOffset? Since)
{
    public static MachineFinding Accept(
        string cause, double confidence, string statement, DateTimeOffset? since, params IEnumerable<string> evidence) =>
        new(new Hypothesis(cause, statement, confidence, [.. evidence.Distinct(StringComparer.Ordinal)]), null, since);

    public static MachineFinding Reject(string cause, string reason, params IEnumerable<string> evidence) =>
        new(null, new RejectedAlternative(cause, reason, [.. evidence.Distinct(StringComparer.Ordinal)]), null);
}

/// <summary>Reads the plain signs out of the evidence, once for all rules.</summary>
internal sealed class MachineSight
{
    public MachineSight(MachineEvidence machine)
    {
        Machine = machine;
        Stop = StopPolicy.Judge(machine);
        ThisRun = [.. machine.Events.TakeWhile(item => item.Kind != MachineEvents.Started)];
        SinceBoot = [.. ThisRun.TakeWhile(item => item.Kind != MachineEvents.Reboot)];
    }

    public MachineEvidence Machine { get; }

    public DomainEvidence? Domain => Machine.Domain;

    public HypervisorEvidence Host => Machine.Host;

    public StopVerdict Stop { get; }

    /// <summary>Events since the last start, the newest first.</summary>
    public IReadOnlyList<MachineEvent> ThisRun { get; }

    /// <summary>Events since the last start or reset, the newest first.</summary>
    public IReadOnlyList<MachineEvent> SinceBoot { get; }

    /// <summary>How the domain looks, for rejections.</summary>
    public string Shown => Domain is { } domain ? $"it is {domain.State} ({domain.Reason})" : "the domain could not be looked at";

    public IEnumerable<string> Ids => Domain is { } domain ? [domain.Id] : [Host.Id];

    public MachineEvent? Newest(string kind, string? detail = null) =>
        SinceBoot.FirstOrDefault(item => item.Kind == kind && (detail is null || item.Detail == detail));
}

namespace Heal.Healing;

/// <summary>
/// Says which layer is at fault, by the same rules that find faults of machines, and what that means for whoever stands above. Pure.
/// </summary>
public static class LayerPolicy
{
    // What a guest does not survive, or not in a way that its kubelet would. A failed copy of a disk or a slow migration is none of it.
    private static readonly HashSet<string> TakesNodesAway = new(StringComparer.Ordinal)
    {
        MachineCauses.GuestPanicked, MachineCauses.GuestKilled, MachineCauses.GuestWatchdog, MachineCauses.GuestUnresponsive,
        MachineCauses.GuestLeftPaused,
        MachineCauses.PausedOnIoError, $"{MachineCauses.PausedOnIoError}WithRoom", MachineCauses.DiskBroken,
        MachineCauses.UnexpectedShutoff, MachineCauses.StoppedWhileHostDaemonDown, MachineCauses.BootFailure,
    };

    // Faults of a guest whose reason may lie in the pool of its disks.
    private static readonly HashSet<string> OfStorage =
        new([MachineCauses.PausedOnIoError, MachineCauses.DiskBroken, MachineCauses.BootFailure], StringComparer.Ordinal);

    // Of alerts and detectors: what they say is that the node is not there.
    private static readonly HashSet<string> OfAbsence =
        new(["KubeNodeNotReady", "KubernetesNodeNotReady", "KubeNodeUnreachable"], StringComparer.Ordinal);

    // libvirt's reasons that somebody gave. "migrated" is none: the guest runs elsewhere.
    private static readonly HashSet<string> Orders = new(["destroyed", "saved", "shutdown", "from-snapshot"], StringComparer.Ordinal);

    /// <summary>True for an alert that says of a node that it is away, and nothing else.</summary>
    public static bool TellsOfAbsence(string alert) => OfAbsence.Contains(alert);

    /// <summary>The fault of the lowest layer that explains why a node is away: host, pool, domain; null when none does.</summary>
    /// <param name="machine">Of the domain.</param>
    /// <param name="uuid">Of the domain.</param>
    public static MachineFault? Lowest(TargetReference domain, string uuid, MachineEvidence machine)
    {
        var host = new TargetReference(domain.Cluster, TargetKinds.Hypervisor, "", domain.Cluster);
        var alone = machine with { Domain = null, Disks = [], Events = [] };
        var ofHost = MachineBank.FaultOf(host, $"{domain.Cluster}/host", alone);
        if (ofHost?.Detector == MachineCauses.HypervisorDown) return ofHost;
        if (MachineBank.FaultOf(domain, $"{domain.Cluster}/{uuid}", machine) is not { } fault) return null;
        if (!TakesNodesAway.Contains(fault.Detector)) return null;
        return OfStorage.Contains(fault.Detector) && Pool(domain.Cluster, alone) is { } ofPool ? ofPool : fault;
    }

    /// <summary>Nobody can tell yet how the domain does, in words; null when it can be told.</summary>
    public static string? Undecided(TargetReference domain, MachineEvidence machine)
    {
        var seen = MachineHealth.Judge(domain, machine);
        return seen.Verdict == DetectionVerdict.TooEarly ? seen.Reason : null;
    }

    /// <summary>
    /// Whose intent it is that a domain does not run, in words; null when it runs, nobody is known to have meant it, it went to another
    /// host, or the healer itself stopped it.
    /// </summary>
    public static string? Meant(MachineEvidence machine)
    {
        if (machine.Domain is not { } domain) return null;
        if (domain is { State: "paused", Reason: "user" }) return "it is paused (user), which is somebody's intent";
        var stop = StopPolicy.Judge(machine);
        if (stop.Kind != StopKind.Intended || (domain.Operation is { Run: { } ours } && ours == domain.LastRunId)) return null;
        return domain.Desired == MachineMark.Stopped || domain.StoppedBy is not null || Orders.Contains(domain.Reason)
            ? $"it is off: {stop.Reason}" : null;
    }

    /// <summary>What the incident of a target is to do, given what stands below its nodes.</summary>
    /// <param name="pods">Of the target; a target whose troubles are elsewhere too keeps its incident.</param>
    public static LayerVerdict Judge(
        TargetReference target, IReadOnlyList<PodEvidence> pods, IReadOnlyList<NodeLayers> below, DateTimeOffset now)
    {
        var away = below.Where(node => node.Ready != true).ToList();
        if (away.Count == 0 || !AllLieOn(target, pods, away)) return LayerVerdict.Stay;

        // Of several nodes the first: each of the others brings its own machine to its own incident.
        if (away.Find(node => node is { Fault: not null, IsCaredFor: true }) is { } found) return HandOver(found, now);
        if (away.Find(node => node.OpenIncident is not null) is { } healing)
        {
            return new LayerVerdict(LayerCourse.HandOver,
                $"{Below(healing)}, of which incident {healing.OpenIncident} is under way", null, healing.Mapping.Target,
                healing.OpenIncident);
        }

        if (target.Kind == TargetKinds.Node && away.Find(node => node.Meant is not null) is { } meant)
        {
            return new LayerVerdict(LayerCourse.Leave, $"{Below(meant)}: {meant.Meant}");
        }

        return away.Find(node => node.Undecided is not null) is { } early
            ? new LayerVerdict(LayerCourse.Wait, $"{Below(early)}: {early.Undecided}") : LayerVerdict.Stay;
    }

    private static LayerVerdict HandOver(NodeLayers node, DateTimeOffset now) => new(
        LayerCourse.HandOver, $"{Below(node)}: {node.Fault!.Summary}", MachineBank.SignalOf(node.Fault, now), node.Fault.Target);

    // A target that is no node: its pods in trouble are all on nodes that are away. One that has no node yet is in trouble elsewhere.
    private static bool AllLieOn(TargetReference target, IReadOnlyList<PodEvidence> pods, List<NodeLayers> away)
    {
        if (target.Kind == TargetKinds.Node) return away.Exists(node => node.Node == target.Name);
        var troubled = pods.Where(pod => !pod.Ready && !pod.Terminating).ToList();
        return troubled.Count > 0 && troubled.TrueForAll(pod => away.Exists(node => node.Node == pod.Node && Explains(node)));
    }

    private static bool Explains(NodeLayers node) =>
        node is { Fault: not null, IsCaredFor: true } || node.OpenIncident is not null || node.Undecided is not null;

    private static string Below(NodeLayers node) =>
        $"node {node.Node} is domain {node.Mapping.Domain} on host {node.Mapping.Host} ({node.Mapping.Reason})";

    private static MachineFault? Pool(string host, MachineEvidence alone) => alone.Pools
        .Select(pool => MachineBank.FaultOf(
            new TargetReference(host, TargetKinds.StoragePool, "", pool.Name), $"{host}/pool/{pool.Name}", alone with { Pools = [pool] }))
        .FirstOrDefault(fault => fault is not null && fault.Detector != MachineCauses.HypervisorDown);
}

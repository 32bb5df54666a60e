namespace Heal.Healing;

/// <summary>
/// What was seen of a libvirt host and of what lives on it: the part of an <see cref="EvidenceBundle"/> for virtual machines, storage pools
/// and hypervisors.
/// </summary>
/// <param name="At">When it was looked at.</param>
public sealed record MachineEvidence(DateTimeOffset At, HypervisorEvidence Host)
{
    /// <summary>Null when the target is no virtual machine.</summary>
    public DomainEvidence? Domain { get; init; }

    public IReadOnlyList<DiskEvidence> Disks { get; init; } = [];

    /// <summary>Those that the target's disks lie in, or the target itself, or all of the host.</summary>
    public IReadOnlyList<PoolEvidence> Pools { get; init; } = [];

    /// <summary>What libvirt told of the domain, the newest first, as far as it was heard.</summary>
    public IReadOnlyList<MachineEvent> Events { get; init; } = [];

    /// <summary>How the settings want some signs to be understood.</summary>
    public MachineThresholds Thresholds { get; init; } = new();

    /// <summary>What could be done for the guests of a host that does not answer; null for other targets, and while it answers.</summary>
    public EvacuationEvidence? Evacuation { get; init; }

    /// <summary>The mark of the operation of ours that paused the guest and has not let it go on; null where it is not paused, or somebody
    /// else paused it. Once it was heard to run on, or to be paused later than the mark can explain, it is somebody else's.</summary>
    public OperationMark? Hold => Domain is { State: "paused", Reason: "user", Operation: { HeldSince: { } since } mark } domain
        && mark.Run == domain.RunId && !Events.Any(item => item.Kind switch
        {
            MachineEvents.Resumed => item.At > since,
            MachineEvents.Suspended => item.At > since + MachineThresholds.PausesWithin,
            _ => false,
        })
        ? mark : null;
}

/// <summary>What the rules measure against. Travels with the evidence, so that the same evidence is always judged the same.</summary>
public sealed record MachineThresholds
{
    /// <summary>How long after its mark a pause of the healer's own may take effect: twice what libvirt is given for a call.</summary>
    public static readonly TimeSpan PausesWithin = TimeSpan.FromMinutes(1);

    /// <summary>A guest that powers itself off means to be off. Default true; false: a fault where <c>desired</c> is
    /// <c>running</c>.</summary>
    public bool GuestPowerOffIsIntent { get; init; } = true;

    /// <summary>Percent of a pool in use from which it counts as filling up. Default 85.</summary>
    public int PoolFullPercent { get; init; } = 85;

    /// <summary>Percent of a host's memory that its running guests may be promised. Default 100.</summary>
    public int CommittedPercent { get; init; } = 100;

    /// <summary>A host that does not answer for so long counts as down. Default 30 s.</summary>
    public TimeSpan HostDownAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A migration that takes longer than this, with no end in sight, counts as stuck. Default 10 minutes.</summary>
    public TimeSpan MigrationStuckAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a started guest may take until it moves. Default 2 minutes.</summary>
    public TimeSpan BootsWithin { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a restart of the healer's own may leave a guest off, and a reset hold it paused, until it counts as given up.
    /// Default 6 minutes: what the shipped workflows give it, and one more.</summary>
    public TimeSpan RestartWithin { get; init; } = TimeSpan.FromMinutes(6);
}

/// <param name="Id">Cited by hypotheses.</param>
/// <param name="Reachable">Whether libvirt answered.</param>
/// <param name="Reason">Why not; null when it did.</param>
/// <param name="LastSeenAt">When it last did; null: never, as far as this healer knows.</param>
/// <param name="CommittedBytes">The most memory that its running guests may take together.</param>
public sealed record HypervisorEvidence(
    string Id, string Name, bool Reachable, string? Reason, DateTimeOffset? LastSeenAt, string? Version, int? Cpus, long? MemoryBytes,
    long? FreeMemoryBytes, int RunningDomains, int Domains, long? CommittedBytes)
{
    /// <summary>The uuid that the host gives itself; null when it was not asked.</summary>
    public Guid? Identity { get; init; }

    /// <summary>It is there, and does not let the healer in: <see cref="Reason"/> says what is to be granted. Then it is not
    /// <see cref="Reachable"/>, and not down either.</summary>
    public bool Refuses { get; init; }

    /// <summary>Somebody works on it, and wants no alarm; null: nobody.</summary>
    public MaintenanceEvidence? Maintenance { get; init; }
}

/// <param name="By">Who wants it so.</param>
/// <param name="Until">Null: until somebody ends it.</param>
public sealed record MaintenanceEvidence(string By, string Reason, DateTimeOffset Since, DateTimeOffset? Until)
{
    public override string ToString() =>
        FormattableString.Invariant($"in maintenance since {Since:u} by {By}")
        + (Until is { } until ? FormattableString.Invariant($" until {until:u}") : "") + (Reason.Length > 0 ? $": {Reason}" : "");
}

/// <param name="Witnesses">Those that the settings give the host, by name.</param>
/// <param name="CanProve">Whether they could prove together that the host's guests are dead.</param>
/// <param name="Guests">Those that were last seen running on it.</param>
public sealed record EvacuationEvidence(
    IReadOnlyList<string> Witnesses, bool CanProve, IReadOnlyList<GuestPlight> Guests);

/// <param name="Objection">Why it cannot be restarted elsewhere, as far as the guest itself decides it; null when it can.</param>
public sealed record GuestPlight(string Name, string Uuid, string? Objection);

/// <summary>A guest was started on another host because this one was dead.</summary>
/// <param name="IsThere">Whether that host still has it; null: it does not answer.</param>
/// <param name="RunsThere">As <paramref name="IsThere"/>.</param>
public sealed record MoveEvidence(string Destination, DateTimeOffset At, bool? IsThere, bool? RunsThere);

/// <param name="State">libvirt's state in lower case: running, paused, shutoff, crashed ...</param>
/// <param name="Reason">libvirt's reason for it.</param>
/// <param name="RunId">The domain's id while it runs.</param>
/// <param name="Desired">See <see cref="MachineMark.Desired"/>.</param>
/// <param name="OnCrash">What the definition wants to be done when the guest panics.</param>
/// <param name="LastRunId">The id of the run that was seen last.</param>
/// <param name="RanAt">When it was last seen running; null: never, as far as this healer knows.</param>
/// <param name="StoppedBy">Whose intent its last stop was, as it was seen then; null: nobody's, or it was not seen.</param>
/// <param name="Operation">The mark of an action of ours.</param>
public sealed record DomainEvidence(
    string Id, string Uuid, string Name, string State, string Reason, int? RunId, bool Persistent, string? Desired, string? OnCrash,
    int Vcpus, long MemoryKib, long MaxMemoryKib, int? LastRunId, DateTimeOffset? RanAt, string? StoppedBy, OperationMark? Operation)
{
    /// <summary>Null: the definition has none, or it was not asked.</summary>
    public bool? AgentAnswers { get; init; }

    /// <summary>What moved between two looks; null: not looked at.</summary>
    public GuestProgress? Progress { get; init; }

    public JobEvidence? Job { get; init; }

    /// <summary>Where it was started when its host was dead, while this copy of it has not been dealt with; null: nowhere.</summary>
    public MoveEvidence? Moved { get; init; }

    public bool IsOff => State is "shutoff";

    public bool IsRunning => State is "running" or "blocked";
}

/// <param name="Exists">False: its pool lists no such volume; null: nobody can tell.</param>
/// <param name="Error">As libvirt reports it for a running guest: <c>no-space</c> or <c>unspecified</c>.</param>
/// <param name="Pool">The id of the pool that it lies in; null when no pool has it.</param>
public sealed record DiskEvidence(
    string Id, string Device, string Path, bool? Exists, string? Error, string? Pool, long? CapacityBytes, long? AllocationBytes);

/// <param name="State"><c>running</c>, <c>inactive</c> ...</param>
public sealed record PoolEvidence(
    string Id, string Name, bool Active, string State, string? Path, long CapacityBytes, long AllocationBytes, long AvailableBytes)
{
    /// <summary>Percent in use.</summary>
    public int UsedPercent => CapacityBytes > 0 ? (int)Math.Min(100, (CapacityBytes - AvailableBytes) * 100 / CapacityBytes) : 0;
}

/// <param name="Operation">For example <c>migration-out</c>.</param>
public sealed record JobEvidence(string Operation, TimeSpan Elapsed, TimeSpan? Remaining, long? DataTotal, long? DataRemaining);

/// <summary>Something that libvirt told of a domain.</summary>
/// <param name="Kind">One of <see cref="MachineEvents"/>.</param>
/// <param name="Detail">For example <c>failed</c>, <c>panicked</c>, <c>pause</c>.</param>
public sealed record MachineEvent(string Id, DateTimeOffset At, string Kind, string Detail);

/// <summary>The kinds of <see cref="MachineEvent"/>: libvirt's own for lifecycle events, and one for each other event.</summary>
public static class MachineEvents
{
    public const string Started = "started";
    public const string Suspended = "suspended";
    public const string Resumed = "resumed";
    public const string Stopped = "stopped";
    public const string Shutdown = "shutdown";
    public const string Crashed = "crashed";
    public const string Watchdog = "watchdog";
    public const string IoError = "io-error";
    public const string Reboot = "reboot";
    public const string ControlError = "control-error";
    public const string BlockJob = "block-job";
    public const string DeviceRemoved = "device-removed";
    public const string Agent = "agent";
}

using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// What was last seen of each domain and host: libvirt forgets why a guest is off when it restarts itself, and tells nothing of what
/// happened meanwhile. Written by whoever watches; the newest word stays.
/// </summary>
public interface IMachineMemory
{
    /// <summary>Null when the domain was never seen.</summary>
    Task<MachineRecord?> FindAsync(string host, string uuid, CancellationToken cancellationToken);

    /// <summary>The domains of this name, on whichever host, at most 100.</summary>
    Task<IReadOnlyList<MachineRecord>> NamedAsync(string name, CancellationToken cancellationToken);

    /// <summary>All domains of a host, at most 10,000.</summary>
    Task<IReadOnlyList<MachineRecord>> OfHostAsync(string host, CancellationToken cancellationToken);

    /// <summary>Keeps what was seen of some domains.</summary>
    Task KeepAsync(IReadOnlyList<MachineRecord> seen, CancellationToken cancellationToken);

    /// <summary>Forgets domains that are not there any more.</summary>
    Task ForgetAsync(string host, IReadOnlyList<string> uuids, CancellationToken cancellationToken);

    /// <summary>When a host was last heard of; null: never.</summary>
    Task<DateTimeOffset?> HostSeenAsync(string host, CancellationToken cancellationToken);

    /// <param name="identity">The uuid that the host gives itself; null: not told, and what was told before stays.</param>
    Task KeepHostAsync(string host, DateTimeOffset seenAt, Guid? identity, CancellationToken cancellationToken);

    /// <summary>The uuid that a host gave itself when it was last asked; null: it never did.</summary>
    Task<Guid?> HostIdentityAsync(string host, CancellationToken cancellationToken);

    /// <summary>Keeps what a guest can be started from elsewhere. The newest word stays; nothing is kept of a domain that is not
    /// remembered.</summary>
    Task KeepDefinitionAsync(MachineDefinition definition, CancellationToken cancellationToken);

    Task ForgetDefinitionAsync(string host, string uuid, CancellationToken cancellationToken);

    /// <summary>At most 10,000.</summary>
    Task<IReadOnlyList<MachineDefinition>> DefinitionsOfHostAsync(string host, CancellationToken cancellationToken);

    /// <summary>Remembers that a guest is being, or was, started elsewhere because its host was dead.</summary>
    Task KeepMoveAsync(MachineMove move, CancellationToken cancellationToken);

    /// <summary>The old host has no copy any more, or the guest is back on it.</summary>
    Task EndMoveAsync(string host, string uuid, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>The guests that were moved away from a host, at most 10,000.</summary>
    Task<IReadOnlyList<MachineMove>> MovesOfHostAsync(string host, CancellationToken cancellationToken);

    /// <summary>Whether somebody works on a host; null: nobody, or not any more.</summary>
    Task<HostMaintenance?> MaintenanceAsync(string host, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Nothing happens to a host that is in maintenance already.</summary>
    Task BeginMaintenanceAsync(HostMaintenance maintenance, CancellationToken cancellationToken);

    /// <param name="key">Of the operation that began it: another maintenance is left alone.</param>
    Task EndMaintenanceAsync(string host, string key, CancellationToken cancellationToken);
}

/// <summary>What a guest starts from. Kept of those only that want to be restarted elsewhere.</summary>
/// <param name="Xml">Without passwords; one that had any is not kept.</param>
/// <param name="Autostart">Its host starts it when it boots.</param>
/// <param name="LocksSeenAt">When the locks of its running emulator were seen from here on all disks that it writes; null: never.</param>
public sealed record MachineDefinition(
    string Host, string Uuid, string Xml, bool Autostart, DateTimeOffset? LocksSeenAt, DateTimeOffset KeptAt);

/// <summary>A guest that was started on another host because its own was dead.</summary>
/// <param name="Host">The old one.</param>
/// <param name="Key">Of the operation.</param>
/// <param name="Proofs">By which it was started.</param>
public sealed record MachineMove(
    string Host, string Uuid, string Name, string Destination, string Key, DateTimeOffset At, IReadOnlyList<FencingProof> Proofs);

/// <summary>Somebody works on a host.</summary>
/// <param name="By">Who wants it so.</param>
/// <param name="Until">When it ends by itself; null: when somebody ends it.</param>
/// <param name="Key">Of the operation that began it.</param>
public sealed record HostMaintenance(string Host, string By, string Reason, DateTimeOffset Since, DateTimeOffset? Until, string Key)
{
    /// <summary>As evidence has it.</summary>
    public MaintenanceEvidence Seen() => new(By, Reason, Since, Until);
}

/// <summary>A domain as it was last seen.</summary>
/// <param name="RunId">Of the run that was seen last, whether it has ended or not.</param>
/// <param name="RanAt">When it was last seen running; null: never.</param>
/// <param name="StoppedBy">Whose intent its stop was, in words; null when it runs, or nobody's.</param>
/// <param name="Events">The newest first, at most <see cref="MaxEvents"/>.</param>
public sealed record MachineRecord(
    string Host, string Uuid, string Name, string State, string Reason, int? RunId, DateTimeOffset? RanAt, string? StoppedBy,
    IReadOnlyList<MachineEvent> Events, DateTimeOffset SeenAt)
{
    /// <summary>Events kept per domain.</summary>
    public const int MaxEvents = 30;

    public static readonly IReadOnlyList<MachineEvent> NoEvents = [];

    /// <summary>
    /// The events, with a start that nobody heard put in front: what was told of an earlier run says nothing about this one.
    /// </summary>
    /// <param name="runId">Of the run that is seen now; null when it is off.</param>
    public IReadOnlyList<MachineEvent> EventsOf(int? runId, DateTimeOffset now) =>
        runId is null || RunId is null || runId == RunId
            || Events.TakeWhile(item => item.At >= SeenAt).Any(item => item.Kind == MachineEvents.Started)
            ? Events
            : [new MachineEvent("event/start-not-heard", now, MachineEvents.Started, "not heard"), .. Events.Take(MaxEvents - 1)];
}

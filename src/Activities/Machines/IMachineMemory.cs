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

    Task KeepHostAsync(string host, DateTimeOffset seenAt, CancellationToken cancellationToken);
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

namespace Heal.Healing;

/// <summary>Why a guest is off.</summary>
public enum StopKind
{
    /// <summary>It is not off.</summary>
    None,

    /// <summary>Somebody, or the guest itself, meant it.</summary>
    Intended,

    /// <summary>The guest's kernel panicked.</summary>
    Panicked,

    /// <summary>The guest's watchdog had it switched off.</summary>
    Watchdog,

    /// <summary>Its emulator died.</summary>
    Killed,

    /// <summary>It ended while nobody could see how.</summary>
    Unseen,

    /// <summary>libvirt could not start it.</summary>
    FailedToStart,

    /// <summary>It should run, and does not.</summary>
    NotStarted,
}

/// <param name="Reason">In a sentence.</param>
/// <param name="Since">When it stopped, as far as it is known.</param>
/// <param name="Evidence">Ids.</param>
public sealed record StopVerdict(StopKind Kind, string Reason, DateTimeOffset? Since, IReadOnlyList<string> Evidence)
{
    public bool IsFault => Kind is not (StopKind.None or StopKind.Intended);
}

/// <summary>
/// Tells a crash from an intent. libvirt's reason decides where it has one; it forgets reasons of guests that are off when it restarts
/// itself, and then what was seen before does. Pure.
/// </summary>
/// <remarks>
/// A guest that was asked to power off by <c>virsh shutdown</c> and one that did so by itself look the same: libvirt reports both as
/// <c>shutdown</c>, guest. Both count as intent, unless <see cref="MachineThresholds.GuestPowerOffIsIntent"/> is false.
/// </remarks>
public static class StopPolicy
{
    public static StopVerdict Judge(MachineEvidence machine)
    {
        if (machine.Domain is not { IsOff: true } domain) return new StopVerdict(StopKind.None, "it is not off", null, []);
        if (domain.Desired == MachineMark.Stopped) return Of(StopKind.Intended, "it should be off", null);

        // While nobody can tell that it is not there: a second copy would destroy its disks.
        if (domain.Moved is { IsThere: not false } moved)
        {
            return Of(StopKind.Intended, $"it was restarted on host {moved.Destination} when this host was dead", moved.At);
        }

        // Events of the run that ended last. A lost one shows as a missing stop.
        var run = machine.Events.TakeWhile(item => item.Kind != MachineEvents.Started).ToList();
        var stop = run.Find(item => item.Kind == MachineEvents.Stopped);
        var since = stop?.At ?? domain.RanAt;
        if (Ours(machine, domain, since) is { } ours) return Of(ours.Kind, ours.Reason, since, [.. Ids(stop)]);
        if (run.Find(item => item is { Kind: MachineEvents.Watchdog, Detail: "poweroff" or "shutdown" }) is { } barked
            && domain.Reason is not "failed")
        {
            return Of(StopKind.Watchdog, $"its watchdog fired at {barked.At:u} and had it switched off", since, barked.Id);
        }

        switch (domain.Reason)
        {
            case "crashed":
                return Crashed(domain, run, stop, since);
            case "failed":
                return Of(StopKind.FailedToStart, "libvirt could not start it", since, [.. Ids(stop)]);
            case "daemon":
                return Of(StopKind.Unseen, "libvirt found it in a state that it could not take over, and ended it", since, [.. Ids(stop)]);
            case "destroyed":
                return Of(StopKind.Intended, "somebody ended it (destroyed)", since, [.. Ids(stop)]);
            case "saved" or "migrated" or "from-snapshot":
                return Of(StopKind.Intended, $"somebody stopped it ({domain.Reason})", since, [.. Ids(stop)]);
            case "shutdown":
                return machine.Thresholds.GuestPowerOffIsIntent || domain.Desired is null
                    ? Of(StopKind.Intended, "it was shut down in order: by somebody, or from within", since, [.. Ids(stop)])
                    : Of(StopKind.NotStarted, "it was shut down in order, and should run by the settings all the same", since,
                        [.. Ids(stop)]);
            default:
                return Forgotten(machine, domain, stop, since);
        }

        StopVerdict Of(StopKind kind, string reason, DateTimeOffset? at, params IEnumerable<string> ids) =>
            new(kind, reason, at, [domain.Id, .. ids]);
    }

    private static StopVerdict Crashed(DomainEvidence domain, List<MachineEvent> run, MachineEvent? stop, DateTimeOffset? since)
    {
        if (run.Find(item => item.Kind == MachineEvents.Crashed) is { } panic)
        {
            return new(StopKind.Panicked, $"its kernel panicked at {panic.At:u}", panic.At, [domain.Id, panic.Id, .. Ids(stop)]);
        }

        return stop is null
            ? new(StopKind.Unseen, domain.RanAt is { } ran
                    ? $"it ran when it was last seen, at {ran:u}, and died while nobody could see it" : "it died while nobody could see it",
                since, [domain.Id])
            : new(StopKind.Killed, $"its emulator died at {stop.At:u} ({stop.Detail})", since, [domain.Id, stop.Id]);
    }

    // libvirt keeps no reason of what is off over its own restart.
    private static StopVerdict Forgotten(MachineEvidence machine, DomainEvidence domain, MachineEvent? stop, DateTimeOffset? since)
    {
        if (domain.StoppedBy is { } who) return new(StopKind.Intended, $"when it stopped, {who}", since, [domain.Id, .. Ids(stop)]);
        if (stop is { Detail: "failed" } or { Detail: "crashed" })
        {
            return Crashed(domain, [.. machine.Events.TakeWhile(item => item.Kind != MachineEvents.Started)], stop, since);
        }

        if (domain.Desired is null) return new(StopKind.Intended, "it is off, and nothing says that it should run", since, [domain.Id]);
        return domain.RanAt is { } ran
            ? new(StopKind.Unseen, $"it ran when it was last seen, at {ran:u}, and is off without a known reason", ran, [domain.Id])
            : new(StopKind.NotStarted, "it should run, and is off", since, [domain.Id]);
    }

    // A restart of ours that was given up between its halves left a guest off that nobody meant to be off.
    private static (StopKind Kind, string Reason)? Ours(MachineEvidence machine, DomainEvidence domain, DateTimeOffset? since)
    {
        if (domain is not { Operation: { } mark, LastRunId: { } last } || mark.Run != last) return null;
        if (mark.Restarts && domain.Reason is ("destroyed" or "shutdown" or "unknown"))
        {
            return machine.At - since < machine.Thresholds.RestartWithin
                ? (StopKind.Intended, $"operation {mark.Key} of the healer restarts it")
                : (StopKind.NotStarted, $"operation {mark.Key} of the healer ended it to start it again, and never did");
        }

        return domain.Reason is "destroyed" or "shutdown" ? (StopKind.Intended, $"operation {mark.Key} of the healer stopped it") : null;
    }

    private static IEnumerable<string> Ids(MachineEvent? item) => item is null ? [] : [item.Id];
}

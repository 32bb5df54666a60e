namespace Heal.Healing;

/// <summary>The guest's kernel panicked: seen by libvirt's event, or by the state that <c>on_crash=preserve</c> keeps.</summary>
internal sealed class PanicRule : IMachineRule
{
    private const string Cause = MachineCauses.GuestPanicked;

    public MachineFinding Judge(MachineSight sight)
    {
        if (sight.Domain is { State: "crashed" } kept)
        {
            var seen = sight.Newest(MachineEvents.Crashed);
            return MachineFinding.Accept(
                Cause, 0.95, $"the guest's kernel panicked, and its remains are kept ({kept.Reason})", seen?.At, [kept.Id, .. Ids(seen)]);
        }

        if (sight.Domain is { State: "paused", Reason: "crashed" } paused)
        {
            return MachineFinding.Accept(Cause, 0.9, "the guest's kernel panicked, and it was paused for that", null, paused.Id);
        }

        if (sight.Stop.Kind == StopKind.Panicked)
        {
            return MachineFinding.Accept(Cause, 0.95, $"the guest is off: {sight.Stop.Reason}", sight.Stop.Since, sight.Stop.Evidence);
        }

        return sight.Domain is { IsRunning: true, Reason: "crashed" }
            ? MachineFinding.Reject(Cause, "it panicked, and libvirt has restarted it by itself", sight.Ids)
            : MachineFinding.Reject(Cause, $"libvirt told of no panic, and {sight.Shown}", sight.Ids);
    }

    private static IEnumerable<string> Ids(MachineEvent? item) => item is null ? [] : [item.Id];
}

/// <summary>The guest stopped feeding its watchdog, and what the watchdog did about it has not helped, or was nothing.</summary>
internal sealed class WatchdogRule : IMachineRule
{
    private const string Cause = MachineCauses.GuestWatchdog;

    public MachineFinding Judge(MachineSight sight)
    {
        var barked = sight.Newest(MachineEvents.Watchdog);
        IEnumerable<string> ids = barked is null ? sight.Ids : [.. sight.Ids, barked.Id];
        if (sight.Domain is { State: "paused", Reason: "watchdog" })
        {
            return MachineFinding.Accept(Cause, 0.95, "the guest's watchdog fired, and the guest is paused for that", barked?.At, ids);
        }

        if (sight.Stop.Kind == StopKind.Watchdog)
        {
            return MachineFinding.Accept(Cause, 0.95, $"the guest is off: {sight.Stop.Reason}", sight.Stop.Since, sight.Stop.Evidence);
        }

        if (barked is null || sight.Domain is not { IsRunning: true } domain)
        {
            return MachineFinding.Reject(Cause, $"no watchdog fired since it was booted, and {sight.Shown}", sight.Ids);
        }

        // Since this boot: a reset by the watchdog itself would have begun another one.
        return domain.AgentAnswers == true
            ? MachineFinding.Reject(Cause, $"its watchdog fired at {barked.At:u}, and its agent answers again", ids)
            : MachineFinding.Accept(
                Cause, 0.9, $"the guest's watchdog fired at {barked.At:u} (action {barked.Detail}), and it was not booted since",
                    barked.At, ids);
    }
}

/// <summary>The guest's emulator died while libvirt watched.</summary>
internal sealed class KilledRule : IMachineRule
{
    public MachineFinding Judge(MachineSight sight) => sight.Stop.Kind == StopKind.Killed
        ? MachineFinding.Accept(MachineCauses.GuestKilled, 0.95, $"the guest is off: {sight.Stop.Reason}", sight.Stop.Since,
            sight.Stop.Evidence)
        : MachineFinding.Reject(MachineCauses.GuestKilled,
            sight.Stop.Kind == StopKind.Panicked ? "the guest panicked before its emulator ended"
                : $"no emulator was seen to die; {sight.Shown}",
            sight.Ids);
}

/// <summary>The guest ended while libvirt was down or not heard.</summary>
internal sealed class UnseenStopRule : IMachineRule
{
    private const string Cause = MachineCauses.StoppedWhileHostDaemonDown;

    public MachineFinding Judge(MachineSight sight) => sight.Stop.Kind == StopKind.Unseen
        ? MachineFinding.Accept(Cause, 0.9, $"the guest is off: {sight.Stop.Reason}", sight.Stop.Since, sight.Stop.Evidence)
        : MachineFinding.Reject(Cause, sight.Domain is { IsOff: true } ? $"how it stopped is known: {sight.Stop.Reason}" : sight.Shown,
            sight.Ids);
}

/// <summary>The guest should run, is off, and nothing better explains it.</summary>
internal sealed class ShutoffRule : IMachineRule
{
    private const string Cause = MachineCauses.UnexpectedShutoff;

    public MachineFinding Judge(MachineSight sight) => sight.Stop.Kind == StopKind.NotStarted
        ? MachineFinding.Accept(Cause, 0.85, $"the guest is off: {sight.Stop.Reason}", sight.Stop.Since, sight.Stop.Evidence)
        : MachineFinding.Reject(Cause, sight.Domain is { IsOff: true } ? $"it is off: {sight.Stop.Reason}" : sight.Shown, sight.Ids);
}

/// <summary>libvirt tried to start the guest and could not; or will not be able to, because a disk is not there.</summary>
internal sealed class BootFailureRule : IMachineRule
{
    private const string Cause = MachineCauses.BootFailure;

    public MachineFinding Judge(MachineSight sight)
    {
        var missing = sight.Machine.Disks.Where(disk => disk.Exists == false).ToList();
        var lost = missing.Count == 0 ? ""
            : $": {string.Join(", ", missing.Select(disk => $"disk {disk.Device} ({disk.Path}) is not there"))}";
        IEnumerable<string> ids = [.. sight.Stop.Evidence, .. missing.Select(disk => disk.Id)];
        if (sight.Stop.Kind == StopKind.FailedToStart)
        {
            return MachineFinding.Accept(Cause, missing.Count > 0 ? 0.98 : 0.9, $"{sight.Stop.Reason}{lost}", sight.Stop.Since, ids);
        }

        return sight.Stop.IsFault && missing.Count > 0
            ? MachineFinding.Accept(Cause, 0.97, $"the guest is off and cannot start{lost}", sight.Stop.Since, ids)
            : MachineFinding.Reject(Cause, $"no start was seen to fail, and no disk is known to be missing; {sight.Shown}", sight.Ids);
    }
}

namespace Heal.Healing;

/// <summary>
/// What libvirt told of a guest that is nobody's fault: a signal that leads to no incident, so that whoever looks for a cause finds it
/// among the signals of that time. Lifecycle events are none, but for a panic: their end is a state, which is judged. Pure.
/// </summary>
public static class MachineNotes
{
    /// <summary>The name of the alert of a note. Its identity says that it leads to no incident.</summary>
    public const string Alert = "LibvirtDomainEvent";

    /// <summary>Starts the names of what notes are found by.</summary>
    public const string Detector = "Note";

    /// <summary>The notes of what was heard of a domain, the oldest first.</summary>
    /// <param name="heard">What was heard since the last look, the newest first.</param>
    /// <param name="fault">What is told as a fault is not told as a note.</param>
    public static IEnumerable<MachineFault> Of(
        TargetReference target, string uid, DomainEvidence domain, IReadOnlyList<MachineEvent> heard, MachineFault? fault)
    {
        foreach (var item in heard.DistinctBy(item => (item.Id, item.Detail)).Reverse())
        {
            if (fault?.Events.Contains(item.Id) == true || Summary(item, domain) is not { } summary) continue;
            yield return new MachineFault(
                $"{Detector}:{item.Kind}", Alert, target, $"{uid}/{item.Detail}", item.At, summary,
                [summary, $"{item.At:u} {item.Kind} {item.Detail}", $"it is {domain.State} ({domain.Reason})"])
            {
                Events = [item.Id],
            };
        }
    }

    private static string? Summary(MachineEvent item, DomainEvidence domain) => item.Kind switch
    {
        MachineEvents.DeviceRemoved => domain.Operation is { } mark && mark.Removes == item.Detail
            ? $"operation {mark.Key} of the healer took device {item.Detail} from the guest"
            : $"device {item.Detail} was taken from the guest: by somebody, or by the guest itself; no operation of the healer ordered it",
        MachineEvents.Reboot => "the guest was booted again: by itself, or by a reset",
        MachineEvents.Agent => domain.IsRunning ? $"the guest's agent is {item.Detail}" : null,
        MachineEvents.BlockJob => $"a job on a disk: {item.Detail}",
        MachineEvents.IoError => $"a disk of the guest reported an error: {item.Detail}",
        MachineEvents.Watchdog => $"the guest's watchdog fired (action {item.Detail})",
        MachineEvents.ControlError => "the emulator's control channel broke",
        MachineEvents.Crashed => $"the guest's kernel panicked ({item.Detail})",
        _ => null,
    };
}

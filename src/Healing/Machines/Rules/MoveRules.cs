namespace Heal.Healing;

/// <summary>The guest was restarted on another host, and this one, which is back, could start its copy too.</summary>
internal sealed class LeftCopyRule : IMachineRule
{
    private const string Cause = MachineCauses.LeftCopy;

    public MachineFinding Judge(MachineSight sight) => sight.Domain switch
    {
        { Moved: { RunsThere: true } moved, IsOff: true } => MachineFinding.Accept(
            Cause, 0.95, FormattableString.Invariant(
                $"it was restarted on host {moved.Destination} at {moved.At:u} and runs there, and this copy could be started as well"),
            null, sight.Ids),
        { Moved: { RunsThere: not true } moved, IsOff: true } => MachineFinding.Reject(
            Cause, $"it was restarted on host {moved.Destination}, and is not seen to run there", sight.Ids),
        _ => MachineFinding.Reject(Cause, "no other host has it for this one", sight.Ids),
    };
}

/// <summary>Two copies write to the same disks. Which of them is the better one only people can say.</summary>
internal sealed class RunsTwiceRule : IMachineRule
{
    private const string Cause = MachineCauses.GuestRunsTwice;

    public MachineFinding Judge(MachineSight sight) => sight.Domain is { Moved: { RunsThere: true } moved, RunId: not null }
        ? MachineFinding.Accept(
            Cause, 0.97, $"it runs here, and on host {moved.Destination} too: both may write to the same disks", null, sight.Ids)
        : MachineFinding.Reject(Cause, "it is not known to run anywhere else", sight.Ids);
}

using System.Globalization;

namespace Heal.Healing;

/// <summary>A migration has been under way for long, and nothing says that it will end.</summary>
internal sealed class MigrationStuckRule : IMachineRule
{
    private const string Cause = MachineCauses.MigrationStuck;

    public MachineFinding Judge(MachineSight sight)
    {
        if (sight.Domain?.Job is not { } job || !job.Operation.StartsWith("migration", StringComparison.Ordinal))
        {
            return MachineFinding.Reject(Cause, "no migration is under way", sight.Ids);
        }

        var limit = sight.Machine.Thresholds.MigrationStuckAfter;
        if (job.Elapsed < limit)
        {
            return MachineFinding.Reject(Cause, Text($"a migration is under way for {job.Elapsed.TotalSeconds:0} s only"), sight.Ids);
        }

        return job.Remaining is { } left && left < limit
            ? MachineFinding.Reject(Cause, Text($"a migration is under way, with {left.TotalSeconds:0} s to go by its own account"),
                sight.Ids)
            : MachineFinding.Accept(
                Cause, 0.85,
                Text($"a migration is under way for {job.Elapsed.TotalSeconds:0} s; {job.DataRemaining} bytes are left to move"),
                sight.Machine.At - job.Elapsed, sight.Ids);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The emulator's monitor broke, or an agent that was there has gone silent and stays so.</summary>
internal sealed class UnresponsiveRule : IMachineRule
{
    private const string Cause = MachineCauses.GuestUnresponsive;
    private static readonly TimeSpan AgentSilence = TimeSpan.FromMinutes(1);

    public MachineFinding Judge(MachineSight sight)
    {
        if (sight.Domain is not { IsRunning: true } domain) return MachineFinding.Reject(Cause, sight.Shown, sight.Ids);
        if (domain.AgentAnswers == true) return MachineFinding.Reject(Cause, "its agent answers", domain.Id);
        if (sight.ThisRun.FirstOrDefault(item => item.Kind == MachineEvents.ControlError) is { } broken)
        {
            return MachineFinding.Accept(
                Cause, 0.85, $"the emulator's control channel broke at {broken.At:u}", broken.At, domain.Id, broken.Id);
        }

        var told = sight.ThisRun.FirstOrDefault(item => item.Kind == MachineEvents.Agent);
        var lost = told?.Detail == "disconnected" && sight.Machine.At - told.At >= AgentSilence;
        if (!lost) return MachineFinding.Reject(Cause, "neither control channel nor agent was seen to break", domain.Id);

        // Agents are updated and stopped by people as well: alone it is a hint.
        var stands = domain.Progress is { Moves: false };
        return MachineFinding.Accept(
            Cause, stands ? 0.8 : 0.5,
            $"the guest's agent has been silent since {told!.At:u}"
                + (stands ? ", and its vCPUs stand still" : "; its vCPUs work, or were not seen"),
            told.At, domain.Id, told.Id);
    }
}

/// <summary>A reset of ours stopped between its halves: the guest is paused, and nobody meant it to stay so.</summary>
internal sealed class LeftPausedRule : IMachineRule
{
    private const string Cause = MachineCauses.GuestLeftPaused;

    public MachineFinding Judge(MachineSight sight)
    {
        if (sight.Machine.Hold is not { HeldSince: { } since } hold)
        {
            return MachineFinding.Reject(Cause, $"no operation of the healer holds it paused; {sight.Shown}", sight.Ids);
        }

        return sight.Machine.At - since < sight.Machine.Thresholds.RestartWithin
            ? MachineFinding.Reject(Cause, $"operation {hold.Key} of the healer holds it paused, and lets it go on", sight.Ids)
            : MachineFinding.Accept(
                Cause, 0.95, $"operation {hold.Key} of the healer paused the guest at {since:u}, and never let it go on", since, sight.Ids);
    }
}

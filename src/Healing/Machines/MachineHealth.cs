namespace Heal.Healing;

/// <summary>
/// Judges a virtual machine, storage pool or hypervisor by what its host shows. Faulty where a rule (<see cref="MachineDiagnostician"/>)
/// finds a cause, so that what is detected can always be explained. Pure.
/// </summary>
public static class MachineHealth
{
    public static Detection Judge(TargetReference target, MachineEvidence machine)
    {
        var found = MachineDiagnostician.Findings(target, machine).Where(finding => finding.Accepted is not null).ToList();
        if (found.Count > 0)
        {
            var worst = found.MaxBy(finding => finding.Accepted!.Confidence)!;
            var since = found.Min(finding => finding.Since);
            return new Detection(
                DetectionVerdict.Faulty, since, worst.Accepted!.Statement,
                [.. found.SelectMany(finding => finding.Accepted!.Evidence).Distinct(StringComparer.Ordinal)]);
        }

        if (!machine.Host.Reachable)
        {
            return new Detection(DetectionVerdict.TooEarly, null, $"the host does not answer: {machine.Host.Reason}", [machine.Host.Id]);
        }

        return target.Kind switch
        {
            TargetKinds.VirtualMachine => OfDomain(machine),
            TargetKinds.StoragePool => new Detection(
                DetectionVerdict.Healthy, null, "the pool is active and has room", [.. machine.Pools.Select(pool => pool.Id)]),
            _ => new Detection(DetectionVerdict.Healthy, null, "the host answers, and its guests fit into its memory", [machine.Host.Id]),
        };
    }

    private static Detection OfDomain(MachineEvidence machine)
    {
        if (machine.Domain is not { } domain)
        {
            return new Detection(DetectionVerdict.TooEarly, null, "the domain could not be looked at", [machine.Host.Id]);
        }

        if (domain.IsOff) return Healthy($"it is off: {StopPolicy.Judge(machine).Reason}");
        if (machine.Hold is { } hold)
        {
            return new Detection(DetectionVerdict.TooEarly, null, $"operation {hold.Key} of the healer holds it paused", [domain.Id]);
        }

        if (domain.State == "paused") return Healthy($"it is paused ({domain.Reason}), which is somebody's intent");
        var (proven, detail) = GuestProof.Judge(domain.AgentAnswers, domain.Progress);
        var started = machine.Events.FirstOrDefault(item => item.Kind is MachineEvents.Started or MachineEvents.Reboot)?.At;
        return !proven && domain.Progress is not null && started is { } at && machine.At - at < machine.Thresholds.BootsWithin
            ? new Detection(DetectionVerdict.TooEarly, null, $"it was started at {at:u}, and {detail}", [domain.Id])
            : Healthy($"it is {domain.State} ({domain.Reason}); {detail}");

        Detection Healthy(string reason) => new(DetectionVerdict.Healthy, null, reason, [domain.Id]);
    }
}

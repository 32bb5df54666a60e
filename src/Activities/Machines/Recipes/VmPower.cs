using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Starts a guest that should run and is off by nobody's intent.</summary>
internal sealed class VmStart : MachineRecipe
{
    public override ActionDescriptor Descriptor { get; } = new(
        "vm_start",
        RiskClass.R2,
        [
            MachineCauses.GuestKilled, MachineCauses.GuestPanicked, MachineCauses.GuestWatchdog, MachineCauses.UnexpectedShutoff,
            MachineCauses.StoppedWhileHostDaemonDown, MachineCauses.BootFailure,
        ],
        [TargetKinds.VirtualMachine],
        [],
        "It is off, nobody meant it to be, its definition does not say that it should be, and no disk of it is known to be missing.",
        "It runs, and its guest has come up: the agent answers, or vCPUs work and it has read, written or sent more than firmware does.",
        null,
        [Rule("domain", "getattr", "read", "start", "write", "save"), Rule("connect", "getattr", "read", "search-domains")])
    {
        Summary = "Starts a virtual machine that is off by nobody's intent.",
        Repeats = true,
        EffectWithin = TimeSpan.FromMinutes(3),
    };

    public override Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken) =>
        UpAsync(tools, target, cancellationToken);

    protected override string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters)
    {
        var domain = machine.Domain!;
        if (!domain.IsOff) return $"it is {domain.State} ({domain.Reason}), not off";
        var stop = StopPolicy.Judge(machine);
        if (!stop.IsFault) return $"{stop.Reason}: not a fault";
        var missing = machine.Disks.FirstOrDefault(disk => disk.Exists == false);
        return missing is null ? null : $"disk {missing.Device} ({missing.Path}) is not there: it cannot start";
    }

    protected override Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken) =>
        Task.FromResult(Proposal.Act(
            $"starts {request.Target}", new DomainStartEffect(host.Name, machine.Domain!.Uuid, machine.Domain.Name)));
}

/// <summary>Presses the reset button of a guest that runs and does nothing any more; while it is paused, so that a press that is repeated
/// costs nothing. Finishes what an earlier reset left.</summary>
internal sealed class VmReset : MachineRecipe
{
    public override ActionDescriptor Descriptor { get; } = new(
        "vm_reset",
        RiskClass.R2,
        [MachineCauses.GuestWatchdog, MachineCauses.GuestUnresponsive, MachineCauses.GuestLeftPaused],
        [TargetKinds.VirtualMachine],
        [],
        "It runs and its agent does not answer, or an earlier reset of the healer left it paused; no job is under way on it, and nobody "
            + "means it to be off.",
        "It runs, and its guest has come up again.",
        null,
        [Rule("domain", "getattr", "read", "suspend", "reset", "write", "save")])
    {
        Summary = "Presses the reset button of a virtual machine. What the guest had not written is lost. It is paused for that, and runs "
            + "on right after it: libvirt keeps no trace of a reset, and one that is repeated while the guest does not run costs nothing.",
        EffectWithin = TimeSpan.FromMinutes(3),
    };

    public override async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var key = image.Steps.OfType<DomainResumeEffect>().FirstOrDefault()?.HeldBy;
        var step = image.Steps.TakeWhile(item => item is not DomainResetEffect).Count();
        var reset = key is null ? null : await tools.Store.FindOperationAsync(StepSequence.KeyOf(key, step), cancellationToken);
        return await UpAsync(tools, target, cancellationToken, DomainResetEffect.ProgressOf(reset));
    }

    protected override string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters)
    {
        var domain = machine.Domain!;
        if (!domain.IsRunning && machine.Hold is null) return $"it is {domain.State} ({domain.Reason}): a reset would not make it run";
        if (domain.AgentAnswers == true) return "its agent answers: its programs are alive";
        return Intent(machine);
    }

    protected override Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken)
    {
        var (domain, run) = (machine.Domain!, machine.Domain!.RunId!.Value);
        Effect[] steps =
        [
            new DomainHoldEffect(host.Name, domain.Uuid, domain.Name, run, request.Key),
            new DomainResetEffect(host.Name, domain.Uuid, domain.Name, run),
            new DomainResumeEffect(host.Name, domain.Uuid, domain.Name, run, HeldBy: request.Key),
        ];
        return Task.FromResult(Proposal.Act($"resets {request.Target}", machine.Hold is null ? steps : steps[1..]));
    }
}

/// <summary>
/// Ends a run that is of no use any more and starts another: what a reset does, but each half can be proven, by the id of the run. For
/// guests that panicked and were kept, that a watchdog paused, or that hang.
/// </summary>
internal sealed class VmRestart : MachineRecipe
{
    public override ActionDescriptor Descriptor { get; } = new(
        "vm_restart",
        RiskClass.R2,
        [MachineCauses.GuestPanicked, MachineCauses.GuestWatchdog, MachineCauses.GuestUnresponsive],
        [TargetKinds.VirtualMachine],
        [],
        "It has crashed and is kept, or is paused by its watchdog or a panic, or runs while its agent does not answer; it is persistent, "
            + "its disks are there, no job is under way on it, and nobody means it to be off.",
        "It runs with another id than before, and its guest has come up.",
        null,
        [Rule("domain", "getattr", "read", "start", "stop", "write", "save")])
    {
        Summary = "Ends a virtual machine at once and starts it again. What the guest had not written is lost.",
        EffectWithin = TimeSpan.FromMinutes(3),
    };

    public override Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken) =>
        UpAsync(tools, target, cancellationToken);

    protected override string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters)
    {
        var domain = machine.Domain!;
        if (domain.RunId is null) return "it is off: there is nothing to end";
        if (domain is { State: "paused", Reason: "io-error" }) return "a write of it failed: ending it would lose that write";
        if (domain.AgentAnswers == true) return "its agent answers: its programs are alive";
        if (!domain.Persistent) return "it is transient: ended, it would be gone";
        return Intent(machine) ?? (machine.Disks.FirstOrDefault(disk => disk.Exists == false) is { } missing
            ? $"disk {missing.Device} ({missing.Path}) is not there: it would not start again" : null);
    }

    protected override Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken)
    {
        var domain = machine.Domain!;
        return Task.FromResult(Proposal.Act(
            $"ends {request.Target} and starts it again",
            new DomainStopEffect(host.Name, domain.Uuid, domain.Name, domain.RunId!.Value, Force: true, Restarts: true),
            new DomainStartEffect(host.Name, domain.Uuid, domain.Name, After: domain.RunId)));
    }
}

/// <summary>Lets a guest run on that was paused because a write found no space, once there is space.</summary>
internal sealed class VmResumeAfterIo : MachineRecipe
{
    public override ActionDescriptor Descriptor { get; } = new(
        "vm_resume_after_io",
        RiskClass.R2,
        [MachineCauses.PausedOnIoError],
        [TargetKinds.VirtualMachine],
        [new ActionParameter("minFree", ParameterKind.Quantity, "64Mi", "1Mi", null,
            "Space that every pool with a disk in error must have left: the guest begins by writing what it could not.")],
        "It is paused for an I/O error, its disks are there, and every pool with a disk in error has as much space left as asked. A disk "
            + "that lies in no pool proves nothing, and so refuses.",
        "It runs, and its guest is up: a write that fails again pauses it again.",
        null,
        [Rule("domain", "getattr", "read", "suspend", "write", "save"), Rule("storage-pool", "getattr", "read", "refresh")])
    {
        Summary = "Lets a virtual machine run on that was paused for want of space, once there is space. Never a reset: the failed "
            + "write is repeated, and nothing is lost.",
        EffectWithin = TimeSpan.FromMinutes(2),
    };

    // What the disk reports proves nothing: QEMU keeps an error until the next boot. A write that fails again pauses the guest again.
    public override Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken) =>
        UpAsync(tools, target, cancellationToken);

    protected override string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters)
    {
        if (machine.Domain is not { State: "paused", Reason: "io-error" } domain)
        {
            return $"it is {machine.Domain!.State} ({machine.Domain.Reason}), not paused for an I/O error";
        }

        var bad = machine.Disks.Where(disk => disk.Error is not null).ToList();
        foreach (var disk in bad.Count > 0 ? bad : machine.Disks)
        {
            if (disk.Exists == false) return $"disk {disk.Device} ({disk.Path}) is not there";
            if (disk.Error is not (null or "no-space")) return $"disk {disk.Device} reports '{disk.Error}', which space does not cure";
            var pool = machine.Pools.FirstOrDefault(item => item.Id == disk.Pool);
            if (pool is null) return $"disk {disk.Device} ({disk.Path}) lies in no storage pool: nobody can say whether there is space";
            if (!pool.Active) return $"pool {pool.Name} is not active";
            if (pool.AvailableBytes < parameters.Amount("minFree"))
            {
                return Workloads.Invariant($"pool {pool.Name} has {pool.AvailableBytes} bytes left, less than {parameters["minFree"]}");
            }
        }

        return machine.Disks.Count == 0 ? "it has no disk that could be looked at" : domain.Desired == MachineMark.Stopped
            ? "it should be off" : null;
    }

    protected override Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken) =>
        Task.FromResult(Proposal.Act(
            $"lets {request.Target} run on",
            new DomainResumeEffect(host.Name, machine.Domain!.Uuid, machine.Domain.Name, machine.Domain.RunId!.Value)));
}

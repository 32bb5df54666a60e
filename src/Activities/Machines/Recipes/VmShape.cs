using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Gives a running guest more of the memory that its definition promises it.</summary>
internal sealed class VmBalloon : MachineRecipe
{
    public override ActionDescriptor Descriptor { get; } = new(
        "vm_balloon",
        RiskClass.R2,
        [MachineCauses.GuestMemoryShort],
        [TargetKinds.VirtualMachine],
        [
            new ActionParameter("memory", ParameterKind.Quantity, "", "16Mi", null,
                "What the guest shall have; empty: a quarter more than now."),
            new ActionParameter("hostFree", ParameterKind.Quantity, "512Mi", "0", null, "Memory that the host must have left after that."),
            Parameters.TimeLimit("4h"),
        ],
        "It runs, has less than its definition allows, and the host has as much free memory as asked after it was given more.",
        "libvirt says that the guest has it, and the guest is up.",
        "vm_balloon",
        [Rule("domain", "getattr", "read", "write", "save"), Rule("connect", "getattr", "read")])
    {
        Summary = "Lets a running virtual machine have more memory, up to what its definition promises, for a while.",
        TimeLimit = "ttl",
        EffectWithin = TimeSpan.FromMinutes(2),
    };

    public override Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken) =>
        UpAsync(tools, target, cancellationToken);

    protected override string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters)
    {
        var domain = machine.Domain!;
        if (!domain.IsRunning) return $"it is {domain.State} ({domain.Reason}), not running";
        if (domain.MemoryKib >= domain.MaxMemoryKib) return "it has all that its definition allows";
        var wanted = Wanted(domain, parameters);
        if (wanted <= domain.MemoryKib) return Workloads.Invariant($"it has {domain.MemoryKib} KiB already");
        if (wanted > domain.MaxMemoryKib) return Workloads.Invariant($"its definition allows {domain.MaxMemoryKib} KiB at most");
        var left = machine.Host.FreeMemoryBytes - ((wanted - domain.MemoryKib) * 1024);
        return left is null ? "the host does not say how much memory is free"
            : left < parameters.Amount("hostFree")
                ? Workloads.Invariant($"the host would have {left} bytes left, less than {parameters["hostFree"]}")
            : null;
    }

    protected override Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken)
    {
        var domain = machine.Domain!;
        var wanted = Wanted(domain, request.Parameters);
        return Task.FromResult(Proposal.Act(
            Workloads.Invariant($"gives {request.Target} {wanted} KiB of memory"),
            new DomainSizeEffect(host.Name, domain.Uuid, domain.Name, DomainSizes.Balloon, domain.MemoryKib, wanted)));
    }

    private static long Wanted(DomainEvidence domain, IReadOnlyDictionary<string, string> parameters) =>
        parameters.Given("memory") is not null
            ? (long)(parameters.Amount("memory") / 1024) : Math.Min(domain.MaxMemoryKib, domain.MemoryKib + (domain.MemoryKib / 4));
}

/// <summary>Changes the definition's vCPUs and memory. They take hold at the next start.</summary>
internal sealed class VmResize : MachineRecipe
{
    public override ActionDescriptor Descriptor { get; } = new(
        "vm_resize",
        RiskClass.R3,
        [MachineCauses.GuestMemoryShort, MachineCauses.HypervisorOvercommitted],
        [TargetKinds.VirtualMachine],
        [
            new ActionParameter("vcpus", ParameterKind.Number, "0", "0", "1024", "vCPUs of the definition; 0: as they are."),
            new ActionParameter("memory", ParameterKind.Quantity, "0", "0", null, "Memory of the definition; 0: as it is."),
        ],
        "It is off (the most that a guest may have cannot be changed while it runs), and the host has as many CPUs and as much memory.",
        "The definition says so.",
        "vm_resize",
        [Rule("domain", "getattr", "read", "write", "save"), Rule("connect", "getattr", "read")])
    {
        Summary = "Changes the vCPUs and the memory of a virtual machine that is off.",
        LeavesFault = true,
    };

    public override async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var host = tools.Host(target.Cluster)!;
        if (await host.Domains.FindAsync(target.Name, cancellationToken) is not { } domain) return EffectCheck.NotYet("the domain is gone");
        foreach (var step in image.Steps.Cast<DomainSizeEffect>())
        {
            if (await DomainSizes.ReadAsync(host, domain, step.What, cancellationToken) is var now && now != step.New)
            {
                return EffectCheck.NotYet(Workloads.Invariant($"its {step.What} is {now}, not {step.New}"));
            }
        }

        return EffectCheck.Yes("its definition says so");
    }

    protected override string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters)
    {
        if (!machine.Domain!.IsOff) return $"it is {machine.Domain.State}: its sizes are changed while it is off";
        var (vcpus, kib) = (parameters.Number("vcpus"), (long)(parameters.Amount("memory") / 1024));
        if (vcpus == 0 && kib == 0) return "neither vcpus nor memory was given";
        if (vcpus > machine.Host.Cpus) return Workloads.Invariant($"the host has {machine.Host.Cpus} CPUs");
        return kib * 1024 > machine.Host.MemoryBytes ? Workloads.Invariant($"the host has {machine.Host.MemoryBytes} bytes of memory")
            : null;
    }

    protected override async Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken)
    {
        if (await host.Domains.FindAsync(request.Target.Name, cancellationToken) is not { } domain) return Proposal.Gone(request.Target);
        var steps = new List<Effect>();
        var kib = (long)(request.Parameters.Amount("memory") / 1024);
        var (most, now) = (await Of(DomainSizes.MaxMemory), await Of(DomainSizes.Memory));
        // The one that bounds the other goes first on the way up, and last on the way down.
        if (kib > 0 && kib != most) Add(DomainSizes.MaxMemory, most, kib);
        if (kib > 0 && kib != now) steps.Insert(kib > most ? steps.Count : 0, Step(DomainSizes.Memory, now, kib));
        if (request.Parameters.Number("vcpus") is > 0 and var vcpus && await Of(DomainSizes.Vcpus) is var cpus && cpus != vcpus)
        {
            Add(DomainSizes.Vcpus, cpus, vcpus);
        }

        return steps.Count == 0 ? Proposal.Refuse("its definition says so already") : Proposal.Act($"resizes {request.Target}", steps);

        async Task<long> Of(string what) => await DomainSizes.ReadAsync(host, domain, what, cancellationToken) ?? 0;

        void Add(string what, long old, long wanted) => steps.Add(Step(what, old, wanted));

        DomainSizeEffect Step(string what, long old, long wanted) => new(host.Name, domain.Uuid.ToString(), domain.Name, what, old, wanted);
    }
}

/// <summary>Attaches or detaches one disk, of a guest that runs or of one that is off.</summary>
internal sealed class VmDisk(bool attaches) : MachineRecipe
{
    private readonly string _verb = attaches ? "attach" : "detach";

    public override ActionDescriptor Descriptor { get; } = new(
        attaches ? "vm_attach_disk" : "vm_detach_disk",
        RiskClass.R3,
        [MachineCauses.DiskBroken],
        [TargetKinds.VirtualMachine],
        [
            new ActionParameter("device", ParameterKind.Text, "", null, null, "The target device, for example vdb."),
            new ActionParameter("path", ParameterKind.Text, "", null, null, "The image. For a disk to detach: as it is now."),
            new ActionParameter("format", ParameterKind.Text, "qcow2", null, null, "qcow2 or raw."),
        ],
        attaches
            ? "It has no such device, a storage pool of the host knows the image, and no other domain of the host uses it."
            : "It has this device with this image, and it is not its first disk.",
        attaches ? "Its document has the disk." : "Its document has it no more: of a running guest, once the guest let it go.",
        attaches ? "vm_detach_disk" : "vm_attach_disk",
        [Rule("domain", "getattr", "read", "write", "save"), Rule("storage-vol", "getattr", "read")])
    {
        Summary = attaches ? "Gives a virtual machine one more disk." : "Takes a disk away from a virtual machine. The image stays.",
        LeavesFault = true,
        EffectWithin = TimeSpan.FromMinutes(2),
    };

    public override async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var step = (DomainDiskEffect)image.Steps[0];
        var host = tools.Host(target.Cluster)!;
        if (await host.Domains.FindAsync(target.Name, cancellationToken) is not { } domain) return EffectCheck.NotYet("the domain is gone");
        var xml = SmallXml.Read(await host.Domains.GetXmlAsync(domain.Uuid, domain.Id is null, cancellationToken));
        var has = MachineReader.Files(xml).Any(disk => disk.Device == step.Device && disk.Path == step.Path);
        return has == attaches ? EffectCheck.Yes($"disk {step.Device} is {_verb}ed")
            : EffectCheck.NotYet($"disk {step.Device} is not {_verb}ed yet");
    }

    protected override string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters)
    {
        if (parameters.Given("device") is not { } device || parameters.Given("path")
            is not { } path) return "device and path were not given";
        if (parameters["format"] is not ("qcow2" or "raw")) return $"format: expected qcow2 or raw, got '{parameters["format"]}'";
        var now = machine.Disks.FirstOrDefault(disk => disk.Device == device);
        if (attaches) return now is not null ? $"it has a disk {device} already ({now.Path})" : null;
        if (now?.Path != path) return $"it has no disk {device} with this image";
        return machine.Disks[0].Device == device ? $"{device} is its first disk" : null;
    }

    protected override async Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken)
    {
        var (device, path) = (request.Parameters["device"], request.Parameters["path"]);
        if (attaches)
        {
            if (await host.Storage.FindVolumeByPathAsync(path, cancellationToken) is null) return Proposal.Refuse(
                $"no storage pool knows {path}");
            if (await VolumeUse.OfAsync(tools, host.Name, path, cancellationToken) is { } user) return Proposal.Refuse(
                $"{path} is used by {user}");
        }

        return Proposal.Act(
            $"{_verb}es disk {device} of {request.Target}",
            new DomainDiskEffect(
                host.Name, machine.Domain!.Uuid, machine.Domain.Name, attaches, device, path, request.Parameters["format"]));
    }
}

using System.Security.Cryptography;
using System.Text;
using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Keeps a guest as it is, before a remedy or for people to look at.</summary>
internal sealed class VmSnapshot : MachineRecipe
{
    private const int HashBytes = 6;

    public override ActionDescriptor Descriptor { get; } = new(
        "vm_snapshot",
        RiskClass.R1,
        [MachineCauses.GuestWatchdog, MachineCauses.GuestUnresponsive, MachineCauses.DiskBroken],
        [TargetKinds.VirtualMachine],
        [
            new ActionParameter("diskOnly", ParameterKind.Flag, "false", null, null,
                "Of the disks alone, as overlays beside them; else within the images, the guest's memory included."),
            new ActionParameter("quiesce", ParameterKind.Flag, "false", null, null,
                "The agent freezes the guest's file systems meanwhile."),
            new ActionParameter("minFree", ParameterKind.Quantity, "1Gi", "1Mi", null,
                "Space that every pool with a disk of it must have left."),
        ],
        "Every pool with a disk of it has as much space left as asked, and no job is under way on it.",
        "libvirt lists the snapshot.",
        "vm_snapshot_delete",
        [Rule("domain", "getattr", "read", "snapshot", "write", "save"), Rule("storage-pool", "getattr", "read")])
    {
        Summary = "Takes a snapshot of a virtual machine.",
        LeavesFault = true,
        EffectWithin = TimeSpan.FromMinutes(10),
    };

    public override async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var step = (SnapshotCreateEffect)image.Steps[0];
        var found = await tools.Host(target.Cluster)!.Domains.ListSnapshotsAsync(
            Guid.Parse(step.Uuid, System.Globalization.CultureInfo.InvariantCulture), cancellationToken);
        return found.Any(item => item.Name == step.Snapshot)
            ? EffectCheck.Yes($"snapshot {step.Snapshot} is there") : EffectCheck.NotYet("the snapshot is not listed");
    }

    protected override string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters)
    {
        if (machine.Domain!.Job is { } job) return $"it is busy with {job.Operation}";
        if (machine.Pools.Count == 0) return "its disks lie in no storage pool: nobody can say whether there is space";
        return machine.Pools.FirstOrDefault(pool => pool.AvailableBytes < parameters.Amount("minFree")) is { } full
            ? Workloads.Invariant($"pool {full.Name} has {full.AvailableBytes} bytes left, less than {parameters["minFree"]}") : null;
    }

    protected override Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken)
    {
        var name = $"heal-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request.Key)).AsSpan(0, HashBytes))}";
        return Task.FromResult(Proposal.Act(
            $"takes snapshot {name} of {request.Target}",
            new SnapshotCreateEffect(
                host.Name, machine.Domain!.Uuid, machine.Domain.Name, name, request.Parameters.Flag("diskOnly"),
                request.Parameters.Flag("quiesce"))));
    }
}

/// <summary>Puts a guest back to a snapshot: what it wrote since is lost. Always for people to approve.</summary>
internal sealed class VmRevert : MachineRecipe
{
    public override ActionDescriptor Descriptor { get; } = new(
        "vm_revert",
        RiskClass.R4,
        [MachineCauses.BootFailure, MachineCauses.GuestPanicked, MachineCauses.DiskBroken],
        [TargetKinds.VirtualMachine],
        [new ActionParameter("snapshot", ParameterKind.Text, "", null, null, "Which one; empty: the newest that is within the images.")],
        "It has such a snapshot, within its images, and no job is under way on it.",
        "It is as it was when the snapshot was taken; where it ran then, it runs, and its guest is up.",
        null,
        [Rule("domain", "getattr", "read", "snapshot", "start", "stop", "write", "save")])
    {
        Summary = "Puts a virtual machine back to a snapshot. What it wrote since is lost.",
        EffectWithin = TimeSpan.FromMinutes(5),
    };

    public override async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken) =>
        image.Facts.Text("state") == "running"
            ? await UpAsync(tools, target, cancellationToken) : await VmShutdown.OffAsync(tools, target, cancellationToken);

    protected override string? Objection(MachineEvidence machine, IReadOnlyDictionary<string, string> parameters) =>
        machine.Domain!.Job is { } job ? $"it is busy with {job.Operation}" : null;

    protected override async Task<Proposal> ProposeAsync(
        ActionTools tools, ActionRequest request, ILibvirtHost host, MachineEvidence machine, CancellationToken cancellationToken)
    {
        var domain = machine.Domain!;
        var all = await host.Domains.ListSnapshotsAsync(
            Guid.Parse(domain.Uuid, System.Globalization.CultureInfo.InvariantCulture), cancellationToken);
        var wanted = request.Parameters.Given("snapshot");
        var found = wanted is null
            ? all.Where(item => !item.IsExternal).MaxBy(item => item.CreatedAt) : all.FirstOrDefault(item => item.Name == wanted);
        if (found is null) return Proposal.Refuse(wanted is null ? "it has no snapshot within its images"
            : $"it has no snapshot '{wanted}'");
        if (found.IsExternal) return Proposal.Refuse($"snapshot {found.Name} lies beside the images: libvirt cannot go back to it");
        return Proposal.Act($"puts {request.Target} back to snapshot {found.Name} of {found.CreatedAt:u}",
                new SnapshotRevertEffect(host.Name, domain.Uuid, domain.Name, found.Name, domain.RunId))
            .With("state", found.State);
    }
}

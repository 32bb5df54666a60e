using Heal.Healing;

namespace Heal.Activities;

/// <summary>The names of the VM manager's activities. Part of the history of running instances: never rename one. All run at least once:
/// each looks before it acts, and what exists with our mark counts as done.</summary>
public static class VmActivityNames
{
    /// <summary>In <see cref="VmBlueprint"/>, out <see cref="VmCheck"/>. Reads only.</summary>
    public const string CheckVm = "CheckVm";

    /// <summary>In <see cref="VmVolumeRequest"/>, out <see cref="VmStep"/>.</summary>
    public const string MakeVmVolume = "MakeVmVolume";

    /// <summary>Writes the seed's image. In <see cref="VmOrder"/>, out <see cref="VmStep"/>.</summary>
    public const string FillVmSeed = "FillVmSeed";

    /// <summary>In <see cref="VmNetworkRequest"/>, out <see cref="VmStep"/>.</summary>
    public const string StartVmNetwork = "StartVmNetwork";

    /// <summary>In <see cref="VmOrder"/>, out <see cref="VmStep"/>.</summary>
    public const string DefineVm = "DefineVm";

    /// <summary>In <see cref="VmTarget"/>, out <see cref="VmStep"/>.</summary>
    public const string StartVm = "StartVm";

    /// <summary>In <see cref="VmTarget"/>, out <see cref="VmSight"/>. Reads only.</summary>
    public const string LookAtVm = "LookAtVm";

    /// <summary>Writes what the machine should be. In <see cref="VmWish"/>, out <see cref="VmStep"/>.</summary>
    public const string WriteVmWish = "WriteVmWish";

    /// <summary>Finds a machine and its volumes on all hosts. In <see cref="string"/> (the definition's id), out <see cref="VmSearch"/>.
    /// Reads only.</summary>
    public const string FindVm = "FindVm";

    /// <summary>Asks the guest to power off. In <see cref="VmTarget"/>, out <see cref="VmStep"/>.</summary>
    public const string AskVmShutdown = "AskVmShutdown";

    /// <summary>Ends the guest at once. In <see cref="VmTarget"/>, out <see cref="VmStep"/>.</summary>
    public const string DestroyVm = "DestroyVm";

    /// <summary>Takes the domain away with snapshots, managed save and NVRAM. In <see cref="VmTarget"/>, out <see
    /// cref="VmStep"/>.</summary>
    public const string RemoveVmDomain = "RemoveVmDomain";

    /// <summary>In <see cref="VmVolumesRequest"/>, out <see cref="VmStep"/>.</summary>
    public const string RemoveVmVolumes = "RemoveVmVolumes";

    /// <summary>Stops a network that was started for a machine, unless somebody else uses it. In <see cref="VmNetworkRequest"/>, out
    /// <see cref="VmStep"/>.</summary>
    public const string StopVmNetwork = "StopVmNetwork";
}

/// <param name="OldVolumes">Volumes with the definition's mark that were there before, as pool/name: a failed create leaves them.</param>
/// <param name="IdleNetworks">Networks of the machine that are defined and not active.</param>
public sealed record VmCheck(PlacementDecision Decision, IReadOnlyList<string> OldVolumes, IReadOnlyList<string> IdleNetworks);

/// <param name="Done">False: libvirt refused, and will again.</param>
public sealed record VmStep(bool Done, string Detail);

public sealed record VmTarget(string Host, string Id, bool AskAgent = false);

public sealed record VmOrder(string Host, VmBlueprint Blueprint);

public sealed record VmVolumeRequest(string Host, string Id, BlueprintVolume Volume);

public sealed record VmNetworkRequest(string Host, string Id, string Network);

/// <param name="Autostart">Null: as it is.</param>
public sealed record VmWish(string Host, string Id, VmDesired Desired, Autonomy Autonomy, bool? Autostart);

/// <param name="Keep">As pool/name.</param>
public sealed record VmVolumesRequest(string Host, string Id, IReadOnlyList<string> Keep);

/// <param name="Host">Null when no host that answered has it.</param>
/// <param name="Volumes">Volumes with the definition's mark, by host.</param>
/// <param name="Silent">Hosts that did not answer.</param>
public sealed record VmSearch(
    string? Host, VmSight Sight, IReadOnlyDictionary<string, IReadOnlyList<string>> Volumes, IReadOnlyList<string> Silent);

namespace Heal.Healing;

/// <summary>What is seen of a machine on its host.</summary>
/// <param name="IsOurs">Its mark names the definition.</param>
/// <param name="RunId">libvirt's number of the running instance; another one means that it was started anew.</param>
/// <param name="State">libvirt's state and reason, for example <c>paused (io-error)</c>.</param>
/// <param name="DiskErrors">For example <c>vda: no-space</c>.</param>
/// <param name="AgentAnswers">Null when not asked.</param>
/// <param name="Disks">Paths.</param>
public sealed record VmSight(
    bool Exists, bool IsOurs, string Name, bool IsActive, bool IsRunning, int? RunId, string State, int Vcpus, long MaxMemoryKib,
    VmMark? Mark, IReadOnlyList<string> DiskErrors, bool? AgentAnswers, IReadOnlyList<string> Disks)
{
    public static VmSight None { get; } = new(false, false, "", false, false, null, "", 0, 0, null, [], null, []);
}

/// <summary>Whether what was made is what was wanted. Pure.</summary>
public static class VmValidation
{
    /// <param name="first">The first look after the start; a machine that was started anew since is not stable.</param>
    /// <returns>What is wrong; empty when all is well.</returns>
    public static IReadOnlyList<string> Faults(VmBlueprint wanted, VmSight seen, VmSight? first = null)
    {
        if (!seen.Exists) return ["the domain is gone"];
        if (!seen.IsOurs) return ["the domain has lost its mark"];
        var faults = new List<string>();
        if (seen.Vcpus != wanted.Vcpus) faults.Add($"it has {seen.Vcpus} vCPUs, wanted are {wanted.Vcpus}");
        if (seen.MaxMemoryKib != wanted.MemoryKib) faults.Add($"it has {seen.MaxMemoryKib} KiB of memory, wanted are {wanted.MemoryKib}");
        var disks = wanted.Disks.Count + (wanted.Seed is null ? 0 : 1);
        if (seen.Disks.Count != disks) faults.Add($"it has {seen.Disks.Count} disks, wanted are {disks}");
        if (wanted.Desired != VmDesired.Running) return faults;
        if (!seen.IsRunning) faults.Add($"it does not run: {seen.State}");

        // libvirt's test driver makes up an error of the first disk, so that clients have something to read
        if (wanted.Type != VmType.Test) faults.AddRange(seen.DiskErrors.Select(error => $"disk error {error}"));
        if (first?.RunId is { } id && seen.RunId is { } now && id != now) faults.Add("it was started anew within seconds");
        return faults;
    }
}

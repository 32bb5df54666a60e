using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>Finds a machine, and volumes with its mark, on all hosts. A copy that was left on a host which was dead, while the machine was
/// started elsewhere, is not the machine: it is found only where there is no other. Reads only.</summary>
[DurableTask(VmActivityNames.FindVm)]
internal sealed class FindVmActivity(ManagedHosts hosts, IMachineMemory? memory = null) : TaskActivity<string, VmSearch>
{
    public override Task<VmSearch> RunAsync(TaskActivityContext context, string? input) => SearchAsync(hosts.All, memory, input!);

    internal static async Task<VmSearch> SearchAsync(IReadOnlyList<ILibvirtHost> hosts, IMachineMemory? memory, string id)
    {
        var copies = new List<(string Host, VmSight Sight, bool IsLeft)>();
        var volumes = new SortedDictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        var silent = new List<string>();
        foreach (var host in hosts)
        {
            try
            {
                var seen = await LookAtVmActivity.LookAsync(host, new VmTarget(host.Name, id));
                if (seen.Exists) copies.Add((host.Name, seen, await LeftCopies.IsLeftAsync(memory, host.Name, id)));
                if (await VolumesAsync(host, id) is { Count: > 0 } found) volumes[host.Name] = found;
            }
            catch (LibvirtException)
            {
                silent.Add(host.Name);
            }
        }

        var (on, sight, _) = copies.OrderByDescending(copy => copy.Sight.IsOurs).ThenBy(copy => copy.IsLeft).FirstOrDefault();
        return new VmSearch(on, sight ?? VmSight.None, volumes, silent);
    }

    /// <summary>As pool/name, of active pools: what lies in others nobody can tell.</summary>
    internal static async Task<IReadOnlyList<string>> VolumesAsync(ILibvirtHost host, string id)
    {
        var found = new List<string>();
        foreach (var pool in (await host.Storage.ListPoolsAsync()).Where(pool => pool.IsActive))
        {
            found.AddRange((await host.Storage.ListVolumesAsync(pool.Name)).Where(volume => VmIdentity.IsVolumeOf(id, volume.Name))
                .Select(volume => $"{volume.Pool}/{volume.Name}"));
        }

        return found;
    }
}

using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Asks the hosts for what the placement of a machine is judged on. Reads only; hosts side by side.</summary>
/// <param name="memory">Says on which hosts somebody works; null: nobody does.</param>
internal sealed class HostFactsReader(ILibvirtHosts hosts, TimeProvider time, IMachineMemory? memory)
{
    public async Task<IReadOnlyList<HostFacts>> ReadAsync(VmBlueprint vm, CancellationToken cancellationToken) =>
        await Task.WhenAll(hosts.All.Select(host => ReadAsync(host, vm, cancellationToken)));

    private async Task<HostFacts> ReadAsync(ILibvirtHost host, VmBlueprint vm, CancellationToken cancellationToken)
    {
        try
        {
            var info = await host.GetInfoAsync(cancellationToken);
            return new HostFacts(
                host.Name, null, MemorySources(info), info.Cpus, await MachinesAsync(host, cancellationToken),
                await PoolsAsync(host, vm, cancellationToken),
                [.. (await host.Networks.ListAsync(cancellationToken)).Select(network => new NetworkFacts(network.Name, network.IsActive))],
                await CapabilitiesAsync(host, vm, cancellationToken))
            {
                Maintenance = memory is null ? null
                    : (await memory.MaintenanceAsync(host.Name, time.GetUtcNow(), cancellationToken))?.Seen(),
            };
        }
        catch (LibvirtException e)
        {
            return HostFacts.Lost(host.Name, SafeText.Line(e.Reason, EvidenceLimits.MessageLength));
        }
    }

    private static Dictionary<string, long> MemorySources(HostInfo info)
    {
        var sources = new Dictionary<string, long>(StringComparer.Ordinal) { ["libvirt's nodeinfo"] = info.MemoryBytes };
        if (info.KernelMemoryBytes is { } kernel) sources["the kernel"] = kernel;
        return sources;
    }

    private static async Task<IReadOnlyList<MachineFacts>> MachinesAsync(ILibvirtHost host, CancellationToken cancellationToken)
    {
        var machines = new List<MachineFacts>();
        foreach (var domain in await host.Domains.ListAsync(cancellationToken))
        {
            DomainDocument document;
            try
            {
                document = DomainDocument.Parse(await host.Domains.GetXmlAsync(domain.Uuid, inactive: false, cancellationToken));
            }
            catch (LibvirtNotFoundException)
            {
                continue; // gone since the list was made
            }

            var isActive = domain.Id is not null;
            machines.Add(new MachineFacts(
                domain.Uuid, domain.Name, document.Mark, isActive,
                isActive || domain.Autostart || document.Mark?.Desired == VmDesired.Running,
                domain.MaxMemoryKib, domain.Vcpus, document.Macs, document.Disks));
        }

        return machines;
    }

    private static async Task<IReadOnlyList<PoolFacts>> PoolsAsync(ILibvirtHost host, VmBlueprint vm, CancellationToken cancellationToken)
    {
        var pools = new List<PoolFacts>();
        foreach (var name in vm.Pools)
        {
            if (await host.Storage.FindPoolAsync(name, cancellationToken) is not { } pool) continue;
            var volumes = pool.IsActive ? await host.Storage.ListVolumesAsync(name, cancellationToken) : [];
            pools.Add(new PoolFacts(
                name, pool.IsActive, pool.Type, pool.Capacity, pool.Available,
                [.. volumes.Select(volume => new VolumeFacts(volume.Name, volume.Path, volume.Type, volume.Format, volume.Capacity))]));
        }

        return pools;
    }

    // Not every driver tells what it can, and an unknown machine type is refused here: the capabilities say so in words then.
    private static async Task<HostCapabilities?> CapabilitiesAsync(ILibvirtHost host, VmBlueprint vm, CancellationToken cancellationToken)
    {
        var type = vm.Type.ToString().ToLowerInvariant();
        var capabilities = await TryAsync(() => host.GetCapabilitiesAsync(cancellationToken));
        var domain = await TryAsync(() => host.GetDomainCapabilitiesAsync(vm.Architecture, vm.Machine, type, cancellationToken));
        return HostCapabilities.Parse(capabilities, domain) is { Guests.Count: > 0 } told ? told : null;
    }

    private static async Task<string?> TryAsync(Func<Task<string>> ask)
    {
        try
        {
            return await ask();
        }
        catch (LibvirtException e) when (e is not (LibvirtUnreachableException or LibvirtTimeoutException))
        {
            return null;
        }
    }
}

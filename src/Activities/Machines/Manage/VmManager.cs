using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>What the manager can say of machines without changing any.</summary>
public sealed class VmManager
{
    private readonly ILibvirtHosts _hosts;
    private readonly HostFactsReader _facts;
    private readonly OsinfoFiles _osinfo;
    private readonly IOptions<VmManagerOptions> _options;
    private readonly IMachineMemory? _memory;

    internal VmManager(
        ILibvirtHosts hosts, HostFactsReader facts, OsinfoFiles osinfo, IOptions<VmManagerOptions> options,
        IMachineMemory? memory = null) =>
        (_hosts, _facts, _osinfo, _options, _memory) = (hosts, facts, osinfo, options, memory);

    /// <summary>Fills in what a definition leaves open.</summary>
    public VmNormalisation Normalise(VmDefinition definition) => VmNormaliser.Normalise(definition, _osinfo.Catalogue);

    /// <summary>Where the machine is, or would go, and what speaks against it.</summary>
    public async Task<PlacementDecision> PlaceAsync(VmBlueprint vm, CancellationToken cancellationToken) =>
        PlacementPolicy.Decide(vm, await _facts.ReadAsync(vm, cancellationToken), _options.Value.Limits);

    /// <summary>The document that libvirt would get. Volumes that are not made yet stand where they will be.</summary>
    public async Task<string> PreviewAsync(VmBlueprint vm, string? host, CancellationToken cancellationToken)
    {
        var locations = new List<VolumeLocation>();
        var on = host is null ? null : _hosts.Find(host);
        var volumes = vm.Disks.Select(disk => (disk.Pool, disk.Volume));
        if (vm.Seed is { } seed) volumes = volumes.Append((seed.Pool, seed.Volume));
        foreach (var (pool, volume) in volumes)
        {
            var found = on is null ? null : await TryFindAsync(on, pool, volume, cancellationToken);
            var folder = on is null ? null : (await on.Storage.FindPoolAsync(pool, cancellationToken))?.Path;
            locations.Add(found ?? new VolumeLocation(pool, volume, $"{folder ?? "/POOL/" + pool}/{volume}", IsBlock: false));
        }

        return DomainXml.Of(vm, locations).ToString();
    }

    /// <summary>The machines that carry our mark, of all hosts that answer.</summary>
    /// <returns>With the hosts that did not answer, and why.</returns>
    public async Task<VmListing> ListAsync(CancellationToken cancellationToken)
    {
        var machines = new List<ManagedVm>();
        var silent = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (host, found, reason) in await Task.WhenAll(_hosts.All.Select(host => ListAsync(host, cancellationToken))))
        {
            if (reason is not null) silent[host] = reason;
            machines.AddRange(found);
        }

        return new VmListing([.. machines.OrderBy(machine => machine.Id, StringComparer.Ordinal)], silent);
    }

    /// <summary>The machine of a definition, and volumes with its mark, wherever they are.</summary>
    public Task<VmSearch> SearchAsync(string id) => FindVmActivity.SearchAsync(_hosts.All, _memory, id);

    /// <summary>The machine of a definition; null when no host that answers has it. A copy that was left behind counts only where there is
    /// no other.</summary>
    public async Task<(ManagedVm? Machine, IReadOnlyList<string> Silent)> FindAsync(string id, CancellationToken cancellationToken)
    {
        var silent = new List<string>();
        ManagedVm? leftCopy = null;
        foreach (var host in _hosts.All)
        {
            try
            {
                if (await host.Domains.FindAsync(VmIdentity.Uuid(id), cancellationToken) is not { } domain) continue;
                var mark = VmMark.Parse(await MarkAsync(host, domain.Uuid, cancellationToken));
                if (mark?.Definition != id) continue;
                var found = ManagedVm.Of(host.Name, domain, mark);
                if (!await LeftCopies.IsLeftAsync(_memory, host.Name, id, cancellationToken)) return (found, silent);
                leftCopy = found;
            }
            catch (LibvirtException)
            {
                silent.Add(host.Name);
            }
        }

        return (leftCopy, silent);
    }

    private static async Task<(string Host, IReadOnlyList<ManagedVm> Found, string? Reason)> ListAsync(
        ILibvirtHost host, CancellationToken cancellationToken)
    {
        var found = new List<ManagedVm>();
        try
        {
            foreach (var domain in await host.Domains.ListAsync(cancellationToken))
            {
                var mark = VmMark.Parse(await MarkAsync(host, domain.Uuid, cancellationToken));
                if (mark is { Definition.Length: > 0 }) found.Add(ManagedVm.Of(host.Name, domain, mark));
            }

            return (host.Name, found, null);
        }
        catch (LibvirtException e)
        {
            return (host.Name, found, SafeText.Line(e.Reason, EvidenceLimits.MessageLength));
        }
    }

    private static async Task<string?> MarkAsync(ILibvirtHost host, Guid uuid, CancellationToken cancellationToken)
    {
        try
        {
            return await host.Domains.GetMetadataAsync(uuid, VmMark.Namespace, cancellationToken);
        }
        catch (LibvirtNotFoundException)
        {
            return null;
        }
    }

    private static async Task<VolumeLocation?> TryFindAsync(ILibvirtHost host, string pool, string volume,
        CancellationToken cancellationToken)
    {
        try
        {
            return await host.Storage.FindVolumeAsync(pool, volume, cancellationToken) is { } found ? found.ToLocation() : null;
        }
        catch (LibvirtException)
        {
            return null; // a preview is not worth a failure; the objections tell what is wrong with the pool
        }
    }
}

/// <param name="Silent">Hosts that did not answer, and why: what is on them is missing here.</param>
public sealed record VmListing(IReadOnlyList<ManagedVm> Machines, IReadOnlyDictionary<string, string> Silent);

/// <summary>A machine that was made from a definition, as it is now.</summary>
/// <param name="State">libvirt's, in lower case, for example running or shut-off.</param>
public sealed record ManagedVm(
    string Id, string Name, Guid Uuid, string Host, string State, string Reason, VmDesired? Desired, Autonomy? Autonomy, int Vcpus,
    long MemoryMib, bool Autostart, string? Digest, IReadOnlyDictionary<string, string> Metadata)
{
    internal static ManagedVm Of(string host, DomainRecord domain, VmMark mark) => new(
        mark.Definition, domain.Name, domain.Uuid, host, StateOf(domain.State), domain.Reason, mark.Desired, mark.Autonomy, domain.Vcpus,
        domain.MaxMemoryKib >> 10, domain.Autostart, mark.Digest, mark.Labels);

    internal static string StateOf(DomainState state) => state switch
    {
        DomainState.ShutOff => "shut-off",
        DomainState.ShuttingDown => "shutting-down",
        DomainState.NoState => "none",
        _ => state.ToString().ToLowerInvariant(),
    };
}

using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Keeps the definitions of the guests of one host that want to be restarted elsewhere, as long as they want it: when their host is dead it
/// is too late to ask. With it goes whether the locks of a running guest were seen from here: only then can locks that are gone mean
/// anything.
/// </summary>
internal sealed class DefinitionKeeper(ILibvirtHost host, MachineTools tools)
{
    private readonly Dictionary<string, MachineDefinition> _known = new(StringComparer.Ordinal);

    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        foreach (var known in await tools.Memory.DefinitionsOfHostAsync(host.Name, cancellationToken)) _known[known.Uuid] = known;
    }

    public async Task KeepAsync(DomainRecord domain, MachineMark? mark, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (uuid, options) = (domain.Uuid.ToString(), tools.Options.CurrentValue);
        var isWanted = domain.Persistent && options.WantsRestart(host.Name, domain.Name, mark);
        var xml = isWanted ? await XmlAsync(domain, cancellationToken) : null;
        if (xml is null || EvacuationPolicy.Unkeepable(xml) is not null)
        {
            if (_known.Remove(uuid)) await tools.Memory.ForgetDefinitionAsync(host.Name, uuid, cancellationToken);
            return;
        }

        var known = _known.GetValueOrDefault(uuid);
        var disks = WrittenDisks(xml);
        var seenAt = known is not null && WrittenDisks(known.Xml).SequenceEqual(disks) ? known.LocksSeenAt : null;
        if (seenAt is null && domain.State == DomainState.Running && tools.Fencing is { } fencing
            && await fencing.Disks.HoldsAllAsync(disks, cancellationToken))
        {
            seenAt = now;
        }

        if (known is not null && known.Xml == xml && known.Autostart == domain.Autostart && known.LocksSeenAt == seenAt) return;
        _known[uuid] = new MachineDefinition(host.Name, uuid, xml, domain.Autostart, seenAt, now);
        await tools.Memory.KeepDefinitionAsync(_known[uuid], cancellationToken);
    }

    /// <summary>The images that a guest writes, by its definition.</summary>
    public static IReadOnlyList<string> WrittenDisks(string xml) => SmallXml.Read(xml) is { } document
        ? [.. EvacuationPolicy.Disks(document).Where(disk => disk.IsWritten).Select(disk => disk.Path)] : [];

    private async Task<string?> XmlAsync(DomainRecord domain, CancellationToken cancellationToken)
    {
        try
        {
            return await host.Domains.GetXmlAsync(domain.Uuid, inactive: true, cancellationToken);
        }
        catch (LibvirtNotFoundException)
        {
            return null; // gone since it was listed
        }
    }
}

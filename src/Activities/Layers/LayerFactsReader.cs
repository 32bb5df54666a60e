using System.Net;
using System.Text.Json;
using System.Xml.Linq;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Reads what nodes and hosts tell that may tie one to the other. A host that does not answer is read from memory.</summary>
internal sealed class LayerFactsReader(MachineTools tools)
{
    /// <summary>Domains of one host whose documents are read in one pass; each is a call of its own.</summary>
    public const int MaxDocuments = 200;

    public static NodeFacts Of(Node node) => new(
        node.Metadata.Name ?? "", Text(node, "systemUUID"), Text(node, "machineID"), node.Spec?.ProviderId,
        [.. Addresses(node).Where(address => IPAddress.TryParse(address, out _))]);

    /// <summary>The domains of all hosts, without their addresses, and the hosts that did not answer.</summary>
    public async Task<(IReadOnlyList<DomainFacts> Domains, IReadOnlyList<string> Silent)> DomainsAsync(CancellationToken cancellationToken)
    {
        var found = new List<DomainFacts>();
        var silent = new List<string>();
        foreach (var host in tools.Hosts.All)
        {
            try
            {
                var domains = await host.Domains.ListAsync(cancellationToken);
                found.AddRange(domains.Select(domain =>
                    new DomainFacts(host.Name, domain.Uuid.ToString(), domain.Name, domain.Id is not null)));
            }
            catch (LibvirtException)
            {
                silent.Add(host.Name);
                var known = await tools.Memory.OfHostAsync(host.Name, cancellationToken);
                found.AddRange(known.Select(record => new DomainFacts(host.Name, record.Uuid, record.Name, false)));
            }
        }

        return (found, silent);
    }

    /// <summary>
    /// The same domains with their MACs, and with the addresses that a network of their host reserves for these. What cannot be read stays
    /// unknown.
    /// </summary>
    public async Task<IReadOnlyList<DomainFacts>> WithAddressesAsync(
        IReadOnlyList<DomainFacts> domains, IReadOnlyList<string> silent, CancellationToken cancellationToken)
    {
        var found = new List<DomainFacts>();
        foreach (var group in domains.GroupBy(domain => domain.Host, StringComparer.Ordinal))
        {
            var reserved = silent.Contains(group.Key) || tools.Hosts.Find(group.Key) is not { } host
                ? null : await ReservedAsync(host, cancellationToken);

            // Without a reservation no MAC leads to an address, and no document need be read.
            if (reserved is null || reserved.Count == 0) found.AddRange(group);
            else found.AddRange(await WithAddressesAsync(group, reserved, tools.Hosts.Find(group.Key)!, cancellationToken));
        }

        return found;
    }

    private static async Task<IReadOnlyList<DomainFacts>> WithAddressesAsync(
        IEnumerable<DomainFacts> domains, ILookup<string, string> reserved, ILibvirtHost host, CancellationToken cancellationToken)
    {
        var found = new List<DomainFacts>();
        foreach (var domain in domains)
        {
            var macs = found.Count < MaxDocuments ? await MacsAsync(host, domain, cancellationToken) : [];
            found.Add(domain with { Macs = macs, Addresses = [.. macs.SelectMany(mac => reserved[mac]).Distinct(StringComparer.Ordinal)] });
        }

        return found;
    }

    private static async Task<IReadOnlyList<string>> MacsAsync(ILibvirtHost host, DomainFacts domain, CancellationToken cancellationToken)
    {
        try
        {
            var xml = SmallXml.Read(await host.Domains.GetXmlAsync(Guid.Parse(domain.Uuid), inactive: !domain.Runs, cancellationToken));
            return
            [
                .. (xml?.Element("devices")?.Elements("interface") ?? [])
                    .Select(item => (string?)item.Element("mac")?.Attribute("address")).OfType<string>()
                    .Select(mac => mac.ToLowerInvariant()),
            ];
        }
        catch (LibvirtException)
        {
            return [];
        }
    }

    // Reservations stay when the guest is off; leases do not.
    private static async Task<ILookup<string, string>?> ReservedAsync(ILibvirtHost host, CancellationToken cancellationToken)
    {
        try
        {
            var pairs = new List<(string Mac, string Address)>();
            foreach (var network in await host.Networks.ListAsync(cancellationToken))
            {
                var xml = SmallXml.Read(await host.Networks.GetXmlAsync(network.Name, cancellationToken));
                pairs.AddRange(
                    from entry in (xml?.Elements("ip") ?? []).Elements("dhcp").Elements("host")
                    let mac = (string?)entry.Attribute("mac")
                    let address = (string?)entry.Attribute("ip")
                    where mac is not null && address is not null
                    select (mac.ToLowerInvariant(), address));
            }

            return pairs.ToLookup(pair => pair.Mac, pair => pair.Address, StringComparer.Ordinal);
        }
        catch (LibvirtException)
        {
            return null;
        }
    }

    private static string? Text(Node node, string name) =>
        node.Status?.Field("nodeInfo") is { ValueKind: JsonValueKind.Object } info && ObjectFacts.Text(info, name) is { Length: > 0 } text
            ? text : null;

    private static IEnumerable<string> Addresses(Node node) =>
        node.Status?.Field("addresses") is { ValueKind: JsonValueKind.Array } addresses
            ? addresses.EnumerateArray().Select(address => ObjectFacts.Text(address, "address")) : [];
}

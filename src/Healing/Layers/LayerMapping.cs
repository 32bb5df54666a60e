using System.Globalization;

namespace Heal.Healing;

/// <summary>
/// Finds the domain that a node is. The first of <see cref="MappingWay"/> that finds any decides; when it finds several, the node is
/// ambiguous and no less trusted way is asked. Pure.
/// </summary>
/// <remarks>
/// The kubelet reports the SMBIOS UUID, which libvirt makes the domain's own (a <c>sysinfo</c> entry must match it). Machine types of
/// QEMU up to 2.1 wrote its first three fields in the other byte order than readers of SMBIOS 2.6 expect: both orders are accepted. A
/// machine id is the domain's UUID only where systemd made it at the first boot of a KVM guest; a clone carries that of its template. So
/// it counts only for a node that reports no usable system UUID.
/// </remarks>
public static class LayerMapping
{
    private const int Shown = 5;

    // Left in the firmware by makers that never set it: many machines have it.
    private static readonly Guid Placeholder = new("03000200-0400-0500-0006-000700080009");

    /// <summary>The mapping of every node. Two nodes cannot be one domain: the better known one keeps it.</summary>
    public static IReadOnlyList<NodeMapping> Of(
        IReadOnlyList<NodeFacts> nodes, IReadOnlyList<DomainFacts> domains, LayerRules rules)
    {
        var found = nodes.Select(node => Of(node, domains, rules)).ToList();
        var claims = found.Where(mapping => mapping.Kind == MappingKind.Known)
            .ToLookup(mapping => mapping.Uuid!, StringComparer.OrdinalIgnoreCase);
        return [.. found.Select(mapping => mapping.Kind == MappingKind.Known ? Settle(mapping, [.. claims[mapping.Uuid!]]) : mapping)];
    }

    public static NodeMapping Of(NodeFacts node, IReadOnlyList<DomainFacts> domains, LayerRules rules)
    {
        if (rules.Nodes.TryGetValue(node.Name, out var wanted)) return OfSetting(node, wanted, domains);
        foreach (var (way, what, matches) in Ways(node, domains, rules))
        {
            if (matches.Count > 0) return Choose(node, way, what, matches);
        }

        return Unknown(node, domains.Count == 0 ? "no libvirt host has a domain"
            : string.Create(CultureInfo.InvariantCulture, $"none of {domains.Count} domains has its system UUID, provider id, "
                + $"machine id or address ({Words(node)})"));
    }

    /// <summary>As it is, and with its first three fields in the other byte order. Empty for what identifies nothing.</summary>
    internal static IReadOnlyList<Guid> Orders(string? uuid)
    {
        if (!Guid.TryParse(uuid, out var id) || id == Guid.Empty || id == Guid.AllBitsSet || id == Placeholder) return [];
        return [id, new Guid(id.ToByteArray(bigEndian: false), bigEndian: true)];
    }

    private static IEnumerable<(MappingWay Way, string What, IReadOnlyList<DomainFacts> Matches)> Ways(
        NodeFacts node, IReadOnlyList<DomainFacts> domains, LayerRules rules)
    {
        var system = Orders(node.SystemUuid);
        yield return (MappingWay.SystemUuid, $"its system UUID is {node.SystemUuid}", OfUuid(system));
        yield return (MappingWay.ProviderId, $"its provider id is {Line(node.ProviderId)}", OfUuid(OfProvider(node.ProviderId)));
        var machine = system.Count == 0 && Guid.TryParse(node.MachineId, out var id) && id != Guid.Empty ? id : (Guid?)null;
        yield return (MappingWay.MachineId, $"its machine id is {Line(node.MachineId)}", OfUuid(machine is { } one ? [one] : []));
        yield return (MappingWay.Address, $"it has the address {string.Join(", ", node.Addresses.Take(Shown))}",
            [.. domains.Where(domain => domain.Addresses.Intersect(node.Addresses, StringComparer.OrdinalIgnoreCase).Any())]);
        var names = rules.DomainNames.Select(pattern => NameOf(pattern, node.Name)).ToHashSet(StringComparer.Ordinal);
        yield return (MappingWay.Name, "the settings name it so", [.. domains.Where(domain => names.Contains(domain.Name))]);

        IReadOnlyList<DomainFacts> OfUuid(IReadOnlyList<Guid> ids) =>
            ids.Count == 0 ? [] : [.. domains.Where(domain => Guid.TryParse(domain.Uuid, out var uuid) && ids.Contains(uuid))];
    }

    private static NodeMapping OfSetting(NodeFacts node, string wanted, IReadOnlyList<DomainFacts> domains)
    {
        var matches = domains.Where(domain => $"{domain.Host}/{domain.Name}" == wanted).ToList();
        var what = $"the setting Heal:Layers:Nodes:{node.Name} says so";
        return matches.Count > 0 ? Choose(node, MappingWay.Setting, what, matches)
            : Unknown(node, $"the setting Heal:Layers:Nodes:{node.Name} names {Line(wanted)}, and no host has that domain");
    }

    // A migration leaves the definition of one and the same domain behind: the one that runs is meant.
    private static NodeMapping Choose(NodeFacts node, MappingWay way, string what, IReadOnlyList<DomainFacts> matches)
    {
        var running = matches.Where(domain => domain.Runs).ToList();
        var isOne = matches.All(domain => string.Equals(domain.Uuid, matches[0].Uuid, StringComparison.OrdinalIgnoreCase));
        var chosen = matches is [var single] ? single : isOne && running is [var only] ? only : null;
        return chosen is not null
            ? new NodeMapping(node.Name, MappingKind.Known, way, chosen.Host, chosen.Name, chosen.Uuid, Line(what))
            : new NodeMapping(node.Name, MappingKind.Ambiguous, way, null, null, null, Line(string.Create(
                CultureInfo.InvariantCulture, $"{what}, and {matches.Count} domains match: {Names(matches)}")));
    }

    private static NodeMapping Settle(NodeMapping mapping, List<NodeMapping> claims)
    {
        var best = claims.Min(claim => claim.Way);
        if (claims.Count == 1 || (mapping.Way == best && claims.Count(claim => claim.Way == best) == 1)) return mapping;
        var others = string.Join(", ", claims.Where(claim => claim.Node != mapping.Node).Take(Shown).Select(claim => claim.Node));
        return mapping with
        {
            Kind = MappingKind.Ambiguous, Host = null, Domain = null, Uuid = null,
            Reason = Line($"{mapping.Reason}, which is domain {mapping.Host}/{mapping.Domain}, and so says node {others} of itself"),
        };
    }

    private static NodeMapping Unknown(NodeFacts node, string reason) =>
        new(node.Name, MappingKind.Unknown, MappingWay.None, null, null, null, Line(reason));

    // The last part that is a UUID: libvirt://<uuid>, libvirt:///<uuid>, and whatever a provider puts in front.
    private static IReadOnlyList<Guid> OfProvider(string? provider) =>
        provider?.Split('/') is [.., var last] && provider.Contains("://", StringComparison.Ordinal)
            && Orders(last) is [var id, ..] ? [id] : [];

    private static string NameOf(string pattern, string node) => pattern
        .Replace("{node}", node, StringComparison.Ordinal).Replace("{short}", node.Split('.')[0], StringComparison.Ordinal);

    private static string Words(NodeFacts node) =>
        Line($"systemUUID {node.SystemUuid ?? "none"}, providerID {node.ProviderId ?? "none"}, "
            + $"addresses {(node.Addresses.Count == 0 ? "none" : string.Join(", ", node.Addresses.Take(Shown)))}");

    private static string Names(IReadOnlyList<DomainFacts> domains) =>
        string.Join(", ", domains.Take(Shown).Select(domain => $"{domain.Host}/{domain.Name}"));

    private static string Line(string? text) => SafeText.Line(text, 300);
}

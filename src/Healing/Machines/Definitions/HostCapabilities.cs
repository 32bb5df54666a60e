using System.Xml;
using System.Xml.Linq;

namespace Heal.Healing;

/// <summary>What a host's emulators offer, out of libvirt's documents (<c>virsh capabilities</c>, <c>virsh domcapabilities</c>).</summary>
/// <param name="Guests">Architecture and type (<c>x86_64/kvm</c>) with the machine types, aliases included.</param>
/// <param name="Firmware">Offered for the machine in question; null when not told.</param>
/// <param name="CpuModes">As <paramref name="Firmware"/>.</param>
/// <param name="DiskBuses">As <paramref name="Firmware"/>.</param>
public sealed record HostCapabilities(
    IReadOnlyDictionary<string, IReadOnlyList<string>> Guests, IReadOnlyList<string>? Firmware, IReadOnlyList<string>? CpuModes,
    IReadOnlyList<string>? DiskBuses)
{
    private const int LongestDocument = 4 * 1024 * 1024;

    /// <param name="capabilities">Null when the host does not tell.</param>
    /// <param name="domain">For the wanted architecture, machine and type; null when there is none.</param>
    public static HostCapabilities? Parse(string? capabilities, string? domain)
    {
        if (Load(capabilities) is not { } root) return null;
        var guests = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var arch in root.Elements("guest").Elements("arch"))
        {
            var common = Machines(arch);
            foreach (var type in arch.Elements("domain"))
            {
                var own = Machines(type);
                guests.TryAdd($"{(string?)arch.Attribute("name")}/{(string?)type.Attribute("type")}", own.Count > 0 ? own : common);
            }
        }

        var of = Load(domain);
        return new HostCapabilities(
            guests,
            Values(of?.Element("os")?.Elements("enum").FirstOrDefault(item => (string?)item.Attribute("name") == "firmware")),
            of?.Element("cpu") is { } cpu
                ? [.. cpu.Elements("mode").Where(mode => (string?)mode.Attribute("supported") == "yes")
                    .Select(mode => (string?)mode.Attribute("name") ?? "")]
                : null,
            Values(of?.Element("devices")?.Element("disk")?.Elements("enum")
                .FirstOrDefault(item => (string?)item.Attribute("name") == "bus")));
    }

    // An alias (q35) stands as the element's value, what it means (pc-q35-7.2) in canonical.
    private static List<string> Machines(XElement parent) =>
        [.. parent.Elements("machine").SelectMany(item =>
            new[] { item.Value, (string?)item.Attribute("canonical") }).OfType<string>().Distinct()];

    private static List<string>? Values(XElement? list) => list is null ? null : [.. list.Elements("value").Select(item => item.Value)];

    private static XElement? Load(string? xml)
    {
        if (string.IsNullOrWhiteSpace(xml) || xml.Length > LongestDocument) return null;
        try
        {
            var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };
            using var reader = XmlReader.Create(new StringReader(xml), settings);
            return XElement.Load(reader);
        }
        catch (XmlException)
        {
            return null;
        }
    }
}

using System.Xml;
using System.Xml.Linq;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>The parts of a domain's document that the manager looks at. The document is data from outside: no DTD, no entities.</summary>
internal sealed record DomainDocument(VmMark? Mark, IReadOnlyList<string> Macs, IReadOnlyList<string> Disks, IReadOnlyList<string> Networks)
{
    private static readonly DomainDocument Nothing = new(null, [], [], []);

    public static DomainDocument Parse(string xml)
    {
        try
        {
            using var reader = XmlReader.Create(
                new StringReader(xml), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            var root = XElement.Load(reader);
            var devices = root.Element("devices");
            var mark = root.Element("metadata")?.Elements().FirstOrDefault(item => item.Name == XName.Get("vm", VmMark.Namespace));
            return new DomainDocument(
                VmMark.Parse(mark?.ToString()),
                [.. Of("interface").Select(item => (string?)item.Element("mac")?.Attribute("address")).OfType<string>()],
                [.. Of("disk").Select(item => item.Element("source"))
                    .Select(item => (string?)item?.Attribute("file") ?? (string?)item?.Attribute("dev")).OfType<string>()],
                [.. Of("interface").Select(item => (string?)item.Element("source")?.Attribute("network")).OfType<string>()]);

            IEnumerable<XElement> Of(string kind) => devices?.Elements(kind) ?? [];
        }
        catch (XmlException)
        {
            return Nothing;
        }
    }
}

using System.Xml;
using System.Xml.Linq;

namespace Heal.Healing;

/// <summary>
/// The element <c>heal:vm</c> in a domain's metadata: which definition it was made from, what it should be, and what the healer may do.
/// Written by the VM manager, or by a person with <c>virsh metadata</c>, who then leaves out definition and digest.
/// </summary>
/// <param name="Definition">The definition's id; empty for a machine that was not made from one.</param>
/// <param name="Digest">Of the blueprint (<see cref="VmBlueprint.Digest"/>).</param>
public sealed record VmMark(
    string Definition, string? Digest, VmDesired? Desired, Autonomy? Autonomy, IReadOnlyDictionary<string, string> Labels)
{
    public const string Namespace = "urn:heal:vm:1";
    public const string Prefix = "heal";

    private const int LongestText = 64 * 1024;
    private static readonly XNamespace Ns = Namespace;

    public static VmMark Of(VmBlueprint blueprint) => new(
        blueprint.Id, blueprint.Digest, blueprint.Desired, blueprint.Autonomy, blueprint.Metadata);

    /// <summary>While the machine is being made or taken away nobody is to heal it.</summary>
    public VmMark AtRest() => this with { Desired = VmDesired.Stopped, Autonomy = Healing.Autonomy.Observe };

    public XElement ToXml() => new(
        Ns + "vm",
        new XAttribute(XNamespace.Xmlns + Prefix, Namespace),
        new XAttribute("definition", Definition),
        Digest is null ? null : new XAttribute("digest", Digest),
        Desired is { } desired ? new XAttribute("desired", VmWords.Of(desired)) : null,
        Autonomy is { } autonomy ? new XAttribute("autonomy", VmWords.Of(autonomy)) : null,
        Labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => new XElement(
            Ns + "label", new XAttribute("name", label.Key), new XAttribute("value", label.Value))));

    /// <summary>Without the namespace, as <c>virDomainSetMetadata</c> wants it: libvirt puts it in itself, and refuses to do so
    /// twice.</summary>
    public string ToPlainText()
    {
        var element = ToXml();
        foreach (var part in element.DescendantsAndSelf())
        {
            part.Name = part.Name.LocalName;
            part.Attributes().Where(attribute => attribute.IsNamespaceDeclaration).Remove();
        }

        return element.ToString(SaveOptions.DisableFormatting);
    }

    /// <summary>Null when this is no such element. An attribute that makes no sense counts as absent.</summary>
    public static VmMark? Parse(string? xml)
    {
        if (string.IsNullOrWhiteSpace(xml) || xml.Length > LongestText) return null;
        try
        {
            var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };
            using var reader = XmlReader.Create(new StringReader(xml), settings);
            return From(XElement.Load(reader));
        }
        catch (XmlException)
        {
            return null;
        }
    }

    /// <summary>libvirt hands the element out with its prefix; with or without the namespace it is the same.</summary>
    private static VmMark? From(XElement element)
    {
        if (element.Name.LocalName != "vm" || (element.Name.Namespace != Ns && element.Name.Namespace != XNamespace.None)) return null;
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var label in element.Elements().Where(item => item.Name.LocalName == "label").Take(VmLimits.Labels))
        {
            if ((string?)label.Attribute("name") is { } name) labels[name] = (string?)label.Attribute("value") ?? "";
        }

        return new VmMark(
            (string?)element.Attribute("definition") ?? "", (string?)element.Attribute("digest"),
            Word<VmDesired>((string?)element.Attribute("desired")), Word<Autonomy>((string?)element.Attribute("autonomy")), labels);
    }

    private static T? Word<T>(string? text)
        where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>())
        {
            if (string.Equals(VmWords.Of(value), text, StringComparison.OrdinalIgnoreCase)) return value;
        }

        return null;
    }
}

using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Heal.Drivers.Libvirt.Subjects;

/// <summary>What callers hand in, checked before libvirt sees it. C ends a string at its first NUL, and libxml2 has a past with hostile
/// documents.</summary>
internal static class Arguments
{
    /// <summary>A name, a path, a namespace: bytes of UTF-8.</summary>
    public const int MaxNameBytes = 1024;

    /// <summary>An XML document or an agent's command: bytes of UTF-8. The largest real ones are some 100 KiB.</summary>
    public const int MaxDocumentBytes = 1024 * 1024;

    public static string Name(string host, string what, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.Length == 0)
            throw Refused(host, $"the {what} is empty");
        if (value.Length > MaxNameBytes || Encoding.UTF8.GetByteCount(value) > MaxNameBytes)
            throw Refused(host, $"the {what} is longer than {MaxNameBytes} bytes");
        return value.Contains('\0') ? throw Refused(host, $"the {what} contains a NUL character") : value;
    }

    public static string Command(string host, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        Bound(host, "command", value);
        return value.Contains('\0') ? throw Refused(host, "the command contains a NUL character") : value;
    }

    /// <summary>A well-formed document without a document type: no entities, external ones least of all.</summary>
    public static string Document(string host, string what, string xml)
    {
        ArgumentNullException.ThrowIfNull(xml);
        Bound(host, what, xml);
        try
        {
            using var reader = XmlReader.Create(new StringReader(xml), Strict());
            while (reader.Read())
            {
                if (reader.Depth > MaxDepth)
                    throw Refused(host, $"the {what} is nested deeper than {MaxDepth} elements");
            }
        }
        catch (XmlException reason)
        {
            throw Refused(host, $"the {what} is no acceptable XML: {reason.Message}");
        }

        return xml;
    }

    /// <summary>A document of libvirt's: it may quote what guests or people wrote, and is read as strictly.</summary>
    public static XElement Parse(string xml)
    {
        using var reader = XmlReader.Create(new StringReader(xml), Strict());
        return XElement.Load(reader);
    }

    private const int MaxDepth = 64;

    private static void Bound(string host, string what, string value)
    {
        if (value.Length > MaxDocumentBytes || Encoding.UTF8.GetByteCount(value) > MaxDocumentBytes)
            throw Refused(host, $"the {what} is longer than {MaxDocumentBytes} bytes: it was not sent");
    }

    private static XmlReaderSettings Strict() => new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };

    private static LibvirtException Refused(string host, string reason) => new(host, 0, 0, reason);
}

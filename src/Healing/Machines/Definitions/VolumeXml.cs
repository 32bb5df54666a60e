using System.Xml.Linq;

namespace Heal.Healing;

/// <summary>A volume to make, as libvirt's document.</summary>
public static class VolumeXml
{
    /// <param name="capacityBytes">What the guest will see.</param>
    /// <param name="backing">Where the image is that the volume is an overlay of.</param>
    /// <param name="backingFormat">The image's format as its pool tells it. Never guessed: a raw image whose guest writes a qcow2 header
    /// into it would be opened as qcow2, with whatever backing file the guest names.</param>
    public static XDocument Of(BlueprintVolume volume, long capacityBytes, VolumeLocation? backing = null, string? backingFormat = null) =>
        new(new XElement(
            "volume",
            new XElement("name", volume.Name),
            new XElement("capacity", new XAttribute("unit", "bytes"), capacityBytes),
            new XElement("allocation", new XAttribute("unit", "bytes"), 0),
            new XElement("target", new XElement("format", new XAttribute("type", VmWords.Of(volume.Format)))),
            backing is null
                ? null
                : new XElement(
                    "backingStore",
                    new XElement("path", backing.Path),
                    new XElement("format", new XAttribute("type", backingFormat ?? "raw")))));
}

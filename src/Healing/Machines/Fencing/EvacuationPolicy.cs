using System.Xml.Linq;

namespace Heal.Healing;

/// <summary>What is remembered of a guest whose host does not answer.</summary>
/// <param name="State">As it was last seen.</param>
/// <param name="WantsRestart">It, or the settings for it, says that it may be restarted elsewhere.</param>
/// <param name="Autostart">Its host starts it when it boots.</param>
/// <param name="Xml">The definition that it would start from; null: not known.</param>
/// <param name="MovedTo">The host that it was restarted on already; null: none.</param>
public sealed record GuestLeftBehind(
    string Uuid, string Name, string State, bool WantsRestart, bool Autostart, string? Xml, string? MovedTo);

/// <summary>A disk of a guest, out of its definition.</summary>
/// <param name="IsWritten">False for what the guest only reads.</param>
public sealed record GuestDisk(string Device, string Bus, string Path, string? Format, bool IsWritten);

/// <summary>
/// Which guests of a silent host can be started elsewhere at all, as far as the guest itself decides it: those that want it, ran, and
/// consist of nothing but a definition and disks on shared storage. Pure.
/// </summary>
public static class EvacuationPolicy
{
    /// <param name="shared">Folders that the settings say are the same storage on every host.</param>
    /// <param name="disarms">A witness keeps the old host from starting its copy by itself.</param>
    /// <returns>Null when nothing speaks against it.</returns>
    public static string? Objection(GuestLeftBehind guest, IReadOnlyCollection<string> shared, bool disarms)
    {
        if (!guest.WantsRestart) return "it does not say that it wants to be restarted elsewhere (ha='restart')";
        if (guest.MovedTo is { } host) return $"it was restarted on host {host} already";
        if (guest.State is not ("running" or "blocked")) return $"it was {guest.State} when it was last seen, not running";
        if (guest.Xml is null) return "its definition is not known: it was never seen since it wants to be restarted, or is not kept";
        if (SmallXml.Read(guest.Xml) is not { } document) return "its definition cannot be read";
        if (MarkOf(document)?.Desired == MachineMark.Stopped) return "it should be off";
        if (guest.Autostart && !disarms)
        {
            return "its host would start a second copy of it when it boots (autostart), and no witness can switch that off";
        }

        return Unmovable(document) ?? Disks(document).Select(disk => NotShared(disk, shared)).FirstOrDefault(reason => reason is not null);
    }

    /// <summary>Why a definition is not to be kept; null when it may be.</summary>
    public static string? Unkeepable(string xml) =>
        xml.Length > LongestDefinition ? $"it has more than {LongestDefinition} characters"
        : SmallXml.Read(xml) is not { } document ? "it cannot be read" : Secret(document);

    /// <summary>Characters of a definition that is kept.</summary>
    public const int LongestDefinition = 256 * 1024;

    public static MachineMark? MarkOf(XElement document)
    {
        var name = XName.Get("vm", MachineNames.VmNamespace);
        return MachineMark.Read(document.Element("metadata")?.Elements().FirstOrDefault(item => item.Name == name)?.ToString());
    }

    /// <summary>Files and devices that the guest has as disks; drives without a medium are left out.</summary>
    public static IEnumerable<GuestDisk> Disks(XElement document) =>
        from disk in document.Element("devices")?.Elements("disk") ?? []
        let source = disk.Element("source")
        let path = (string?)source?.Attribute("file") ?? (string?)source?.Attribute("dev") ?? ""
        where source is not null
        select new GuestDisk(
            (string?)disk.Element("target")?.Attribute("dev") ?? "", (string?)disk.Element("target")?.Attribute("bus") ?? "", path,
            (string?)disk.Element("driver")?.Attribute("type"),
            disk.Element("readonly") is null && (string?)disk.Attribute("device") is null or "disk" or "lun");

    // What lies on the host itself, or is the host itself, cannot come along.
    private static string? Unmovable(XElement document)
    {
        var devices = document.Element("devices");
        return Secret(document)
            ?? (document.Element("os")?.Element("nvram") is not null ? "its firmware keeps variables (nvram) on its host"
            : Has("hostdev") ? "it has a device of its host (hostdev)"
            : Has("filesystem") ? "it has a folder of its host (filesystem)"
            : Has("tpm") ? "its TPM keeps its state on its host"
            : devices?.Elements("disk").Any(disk => disk.Element("shareable") is not null) == true
                ? "others write to one of its disks (shareable): no lock tells who"
            : null);

        bool Has(string device) => devices?.Element(device) is not null;
    }

    // libvirt writes stars in place of a password. Started from that, a console would be open to everybody who knows the stars.
    private static string? Secret(XElement document) =>
        document.Descendants("graphics").Any(item => item.Attribute("passwd") is not null)
            ? "its definition has a password, which is not kept" : null;

    private static string? NotShared(GuestDisk disk, IReadOnlyCollection<string> shared) =>
        disk.Path.Length == 0 ? $"disk {disk.Device} is no file and no device: such disks cannot be looked at"
        : SharedFolder(disk.Path, shared) is null ? $"disk {disk.Device} ({SafeText.Line(disk.Path, 200)}) is not on shared storage" : null;

    /// <summary>The folder of shared storage that a path lies in; null: in none.</summary>
    public static string? SharedFolder(string path, IEnumerable<string> shared) =>
        path.Split('/').Contains("..") ? null
        : shared.FirstOrDefault(folder => path.StartsWith(folder.TrimEnd('/') + "/", StringComparison.Ordinal));
}

using System.Globalization;
using System.Xml.Linq;

namespace Heal.Healing;

/// <summary>Where a host has the image of a disk.</summary>
public sealed record DiskPlace(string Device, string Pool, string Volume);

/// <summary>
/// Says a guest that exists, by its document, in the terms in which machines from definitions are placed, so that one policy decides on
/// memory, processors, machine types, pools and networks for both. Pure.
/// </summary>
public static class EvacuationBlueprint
{
    /// <param name="places">Of every disk, on that host.</param>
    /// <param name="fault">What the placement has no words for; null when nothing is.</param>
    public static VmBlueprint? Of(XElement document, string host, IReadOnlyList<DiskPlace> places, out string? fault)
    {
        fault = null;
        var type = Word<VmType>((string?)document.Attribute("type"));
        if (type is null) fault = $"a domain of type '{SafeText.Line((string?)document.Attribute("type"), 40)}' cannot be placed";
        if (!Guid.TryParse((string?)document.Element("uuid"), out var uuid)) fault ??= "its definition has no uuid";
        if (MemoryKib(document) is not { } memory) return Faulty("its memory cannot be read", out fault);
        if (fault is not null) return null;
        var os = document.Element("os");
        var disks = new List<BlueprintDisk>();
        foreach (var disk in EvacuationPolicy.Disks(document))
        {
            if (places.FirstOrDefault(place => place.Device == disk.Device) is not { } place)
            {
                return Faulty($"disk {disk.Device} has no place", out fault);
            }

            if (Word<VmDiskBus>(disk.Bus) is not { } bus || Word<VmDiskFormat>(disk.Format ?? "raw") is not { } format)
            {
                return Faulty($"disk {disk.Device} on bus '{SafeText.Line(disk.Bus, 40)}' with format "
                    + $"'{SafeText.Line(disk.Format, 40)}' cannot be placed", out fault);
            }

            disks.Add(new BlueprintDisk(
                disk.Device, bus, format, place.Pool, place.Volume, IsMade: false, null, null, ReadOnly: !disk.IsWritten));
        }

        var name = (string?)document.Element("name") ?? "";
        return new VmBlueprint(
            name, uuid, name, [host], Whole(document.Element("vcpu")) ?? 1, memory, null, type!.Value,
            (string?)os?.Element("type")?.Attribute("arch") ?? "x86_64", (string?)os?.Element("type")?.Attribute("machine"),
            (string?)os?.Attribute("firmware") == "efi" ? VmFirmware.Uefi : VmFirmware.Bios,
            Word<VmCpuMode>((string?)document.Element("cpu")?.Attribute("mode")), null, disks, [.. Interfaces(document)], null, false,
            false, null, VmOnCrash.Destroy, null, new Dictionary<string, string>(), false, VmDesired.Running, Autonomy.Observe);
    }

    private static VmBlueprint? Faulty(string reason, out string? fault)
    {
        fault = reason;
        return null;
    }

    private static IEnumerable<BlueprintNic> Interfaces(XElement document) =>
        from nic in document.Element("devices")?.Elements("interface") ?? []
        select new BlueprintNic(
            (string?)nic.Element("source")?.Attribute("network"), (string?)nic.Element("source")?.Attribute("bridge"), VmNicModel.Virtio,
            (string?)nic.Element("mac")?.Attribute("address") ?? "");

    // libvirt answers in KiB whatever was written; other units are of documents that did not come from it.
    private static long? MemoryKib(XElement document)
    {
        var element = document.Element("memory");
        long? factor = (string?)element?.Attribute("unit") switch
        {
            null or "KiB" or "k" => 1,
            "MiB" or "M" => 1024,
            "GiB" or "G" => 1024 * 1024,
            _ => null,
        };
        return long.TryParse(element?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number * factor : null;
    }

    private static int? Whole(XElement? element) =>
        int.TryParse(element?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static T? Word<T>(string? text)
        where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>())
        {
            if (VmWords.Of(value) == text) return value;
        }

        return null;
    }
}

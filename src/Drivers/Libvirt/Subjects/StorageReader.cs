using System.Globalization;
using System.Xml.Linq;
using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Subjects;

/// <summary>Makes records of pools and volumes: mostly from their documents, which come in one round trip.</summary>
internal static unsafe class StorageReader
{
    private static readonly string[] PoolStates = ["inactive", "building", "running", "degraded", "inaccessible"];

    public static string NameOf(PoolHandle pool) =>
        NativeText.Read(LibvirtApi.virStoragePoolGetName(pool), NativeText.MaxNameBytes) ?? throw NativeFault.Last();

    public static PoolRecord ReadPool(PoolHandle pool)
    {
        NativePoolInfo info;
        NativeFault.Check(LibvirtApi.virStoragePoolGetInfo(pool, &info));
        var autostart = 0;
        var isPersistent = NativeFault.Check(LibvirtApi.virStoragePoolIsPersistent(pool)) != 0;
        if (isPersistent)
            NativeFault.Check(LibvirtApi.virStoragePoolGetAutostart(pool, &autostart));
        var document = Arguments.Parse(NativeFault.Check(LibvirtApi.virStoragePoolGetXMLDesc(pool, 0)));
        return new PoolRecord(
            Guid.TryParse(document.Element("uuid")?.Value, out var uuid) ? uuid : Guid.Empty, NameOf(pool),
            NativeFault.Check(LibvirtApi.virStoragePoolIsActive(pool)) != 0, isPersistent, autostart != 0,
            info.State >= 0 && info.State < PoolStates.Length ? PoolStates[info.State] : $"unknown-{info.State}",
            (string?)document.Attribute("type") ?? "", document.Element("target")?.Element("path")?.Value,
            (long)info.Capacity, (long)info.Allocation, (long)info.Available);
    }

    public static VolumeRecord ReadVolume(string pool, VolumeHandle volume)
    {
        var document = Arguments.Parse(NativeFault.Check(LibvirtApi.virStorageVolGetXMLDesc(volume, 0)));
        var target = document.Element("target");
        return new VolumeRecord(
            pool, document.Element("name")?.Value ?? "", document.Element("key")?.Value ?? "", target?.Element("path")?.Value ?? "",
            (string?)document.Attribute("type") ?? "", (string?)target?.Element("format")?.Attribute("type"),
            Bytes(document.Element("capacity")), Bytes(document.Element("allocation")),
            document.Element("backingStore")?.Element("path")?.Value);
    }

    /// <summary>libvirt writes these in bytes.</summary>
    private static long Bytes(XElement? size) =>
        long.TryParse(size?.Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var bytes) ? bytes : 0;
}

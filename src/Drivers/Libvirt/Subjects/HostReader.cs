using System.Runtime.InteropServices;
using System.Xml;
using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Subjects;

/// <summary>What a host is and has. Blocking; on a thread of the host's.</summary>
internal static unsafe class HostReader
{
    private const int AllCells = -1;
    private const long Kib = 1024;

    public static HostInfo Read(ConnectHandle connection)
    {
        NativeNodeInfo node;
        NativeFault.Check(LibvirtApi.virNodeGetInfo(connection, &node));
        ulong version;
        NativeFault.Check(LibvirtApi.virConnectGetLibVersion(connection, &version));
        var memory = MemoryStats(connection);
        var free = LibvirtApi.virNodeGetFreeMemory(connection);
        return new HostInfo(
            NativeFault.Check(LibvirtApi.virConnectGetHostname(connection)), HostUuid(connection),
            NativeText.Read((nint)node.Model, 32) ?? "", (int)node.Cpus, (int)node.Mhz, (int)node.Nodes, (int)node.Sockets,
            (int)node.Cores, (int)node.Threads, (long)node.MemoryKib * Kib,
            // 0 is how this call says that it failed
            free > 0 ? (long)free : memory.TryGetValue("free", out var kib) ? kib * Kib : null,
            memory.TryGetValue("total", out var total) ? total * Kib : null,
            LibvirtLibrary.VersionOf(version), HypervisorVersion(connection),
            NativeText.Read(LibvirtApi.virConnectGetType(connection), NativeText.MaxNameBytes) ?? "");
    }

    /// <summary>Null when the driver knows none.</summary>
    private static Version? HypervisorVersion(ConnectHandle connection)
    {
        ulong version = 0;
        return LibvirtApi.virConnectGetVersion(connection, &version) < 0 || version == 0 ? null : LibvirtLibrary.VersionOf(version);
    }

    private static Guid? HostUuid(ConnectHandle connection)
    {
        var text = LibvirtApi.virConnectGetCapabilities(connection);
        if (text == 0)
            return null;
        try
        {
            var uuid = Arguments.Parse(NativeText.Take(text, NativeText.MaxDocumentBytes)!).Element("host")?.Element("uuid")?.Value;
            return Guid.TryParse(uuid, out var parsed) ? parsed : null;
        }
        catch (XmlException)
        {
            return null;
        }
    }

    /// <summary>KiB by libvirt's names; empty when the driver has no such accounts.</summary>
    private static Dictionary<string, long> MemoryStats(ConnectHandle connection)
    {
        var values = new Dictionary<string, long>(StringComparer.Ordinal);
        var count = 0;
        if (LibvirtApi.virNodeGetMemoryStats(connection, AllCells, null, &count, 0) < 0 || count <= 0)
            return values;
        var stats = (NativeMemoryStat*)NativeMemory.AllocZeroed((nuint)count, (nuint)sizeof(NativeMemoryStat));
        try
        {
            if (LibvirtApi.virNodeGetMemoryStats(connection, AllCells, stats, &count, 0) < 0)
                return values;
            for (var i = 0; i < count; i++)
            {
                if (NativeText.Read((nint)stats[i].Field, 80) is { Length: > 0 } name)
                    values[name] = (long)stats[i].Value;
            }

            return values;
        }
        finally
        {
            NativeMemory.Free(stats);
        }
    }
}

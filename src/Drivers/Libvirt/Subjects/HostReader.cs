using System.Runtime.InteropServices;
using System.Xml;
using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Subjects;

/// <summary>What a host is and has. Blocking; on a thread of the host's.</summary>
internal static unsafe class HostReader
{
    /// <summary>All cells, or all CPUs, together.</summary>
    private const int All = -1;

    /// <summary>NUMA nodes whose free memory is asked for.</summary>
    private const int MaxNumaNodes = 1_024;

    private const long Kib = 1024;

    /// <summary>Nanoseconds since the host was booted, by what its CPUs did. Together they are all of the time.</summary>
    private static readonly string[] CpuStates = ["kernel", "user", "idle", "iowait"];

    private delegate int NodeStats(ConnectHandle connection, int which, NativeNodeStat* stats, int* count, uint flags);

    public static HostInfo Read(ConnectHandle connection)
    {
        NativeNodeInfo node;
        NativeFault.Check(LibvirtApi.virNodeGetInfo(connection, &node));
        ulong version;
        NativeFault.Check(LibvirtApi.virConnectGetLibVersion(connection, &version));
        var memory = Stats(LibvirtApi.virNodeGetMemoryStats, connection);
        var free = LibvirtApi.virNodeGetFreeMemory(connection);
        return new HostInfo(
            NativeFault.Check(LibvirtApi.virConnectGetHostname(connection)), HostUuid(connection),
            NativeText.Read((nint)node.Model, 32) ?? "", (int)node.Cpus, (int)node.Mhz, (int)node.Nodes, (int)node.Sockets,
            (int)node.Cores, (int)node.Threads, (long)node.MemoryKib * Kib,
            // 0 is how this call says that it failed
            free > 0 ? (long)free : memory.TryGetValue("free", out var kib) ? kib * Kib : null,
            memory.TryGetValue("total", out var total) ? total * Kib : null,
            LibvirtLibrary.VersionOf(version), HypervisorVersion(connection),
            NativeText.Read(LibvirtApi.virConnectGetType(connection), NativeText.MaxNameBytes) ?? "")
        {
            Uptime = Uptime(connection, (int)node.Cpus), FreeMemoryByNumaNode = FreeByNode(connection, (int)node.Nodes),
        };
    }

    // libvirt has no call for it: its CPUs' accounts begin at the boot. On a host that is a guest itself, time that was stolen is missing.
    private static TimeSpan? Uptime(ConnectHandle connection, int cpus)
    {
        var stats = Stats(LibvirtApi.virNodeGetCPUStats, connection);
        return cpus > 0 && CpuStates.All(stats.ContainsKey)
            ? TimeSpan.FromMicroseconds(CpuStates.Sum(state => stats[state] / 1_000d) / cpus) : null;
    }

    private static List<long> FreeByNode(ConnectHandle connection, int nodes)
    {
        var free = new ulong[Math.Clamp(nodes, 1, MaxNumaNodes)];
        fixed (ulong* first = free)
        {
            var told = LibvirtApi.virNodeGetCellsFreeMemory(connection, first, 0, free.Length);
            return [.. free.Take(Math.Max(0, told)).Select(bytes => (long)bytes)];
        }
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

    /// <summary>By libvirt's names and in its units; empty when the driver has no such accounts.</summary>
    private static Dictionary<string, long> Stats(NodeStats read, ConnectHandle connection)
    {
        var values = new Dictionary<string, long>(StringComparer.Ordinal);
        var count = 0;
        if (read(connection, All, null, &count, 0) < 0 || count <= 0)
            return values;
        var stats = (NativeNodeStat*)NativeMemory.AllocZeroed((nuint)count, (nuint)sizeof(NativeNodeStat));
        try
        {
            if (read(connection, All, stats, &count, 0) < 0)
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

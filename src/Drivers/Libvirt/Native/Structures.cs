using System.Runtime.InteropServices;

namespace Heal.Drivers.Libvirt.Native;

[StructLayout(LayoutKind.Sequential)]
internal struct NativeDomainInfo
{
    public byte State;
    public nuint MaxMemoryKib;
    public nuint MemoryKib;
    public ushort Vcpus;
    public ulong CpuTimeNanoseconds;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeNodeInfo
{
    public fixed byte Model[32];
    public nuint MemoryKib;
    public uint Cpus;
    public uint Mhz;
    public uint Nodes;
    public uint Sockets;
    public uint Cores;
    public uint Threads;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NativePoolInfo
{
    public int State;
    public ulong Capacity;
    public ulong Allocation;
    public ulong Available;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NativeBlockInfo
{
    public ulong Capacity;
    public ulong Allocation;
    public ulong Physical;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NativeDiskError
{
    public nint Disk;
    public int Error;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeNodeStat
{
    public fixed byte Field[80];
    public ulong Value;
}

/// <summary><c>virTypedParameter</c>: the value is a union.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeParameter
{
    public const int FieldBytes = 80;
    public const int TextType = 7;

    public fixed byte Field[FieldBytes];
    public int Type;
    public ulong Value;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeStatsRecord
{
    public nint Domain;
    public NativeParameter* Parameters;
    public int Count;
}

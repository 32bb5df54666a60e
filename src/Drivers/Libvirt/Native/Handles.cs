using System.Runtime.InteropServices;

namespace Heal.Drivers.Libvirt.Native;

/// <summary>A reference to one of libvirt's objects.</summary>
internal abstract class LibvirtHandle() : SafeHandle(0, ownsHandle: true)
{
    private static int s_open;

    /// <summary>How many are held by this process: what the tests for leaks look at.</summary>
    public static int Open => Volatile.Read(ref s_open);

    public override bool IsInvalid => handle == 0;

    /// <summary>Called once, when the handle turned out to be one.</summary>
    public static void Count() => Interlocked.Increment(ref s_open);

    protected abstract void Free(nint pointer);

    protected sealed override bool ReleaseHandle()
    {
        Free(handle);
        Interlocked.Decrement(ref s_open);
        return true;
    }

    /// <summary>For one of a list that libvirt filled.</summary>
    protected void Take(nint pointer)
    {
        SetHandle(pointer);
        Count();
    }
}

/// <summary>A connection. Closing it says goodbye to the daemon and waits for the answer, which a frozen one never gives: it is done on
/// a thread of its own.</summary>
internal sealed class ConnectHandle : LibvirtHandle
{
    protected override void Free(nint pointer) =>
        OwnThread.Start("libvirt close", () => _ = LibvirtApi.virConnectClose(pointer));
}

internal sealed class DomainHandle : LibvirtHandle
{
    public DomainHandle()
    {
    }

    public DomainHandle(nint pointer) => Take(pointer);

    protected override void Free(nint pointer) => _ = LibvirtApi.virDomainFree(pointer);
}

internal sealed class SnapshotHandle : LibvirtHandle
{
    public SnapshotHandle()
    {
    }

    public SnapshotHandle(nint pointer) => Take(pointer);

    protected override void Free(nint pointer) => _ = LibvirtApi.virDomainSnapshotFree(pointer);
}

internal sealed class PoolHandle : LibvirtHandle
{
    public PoolHandle()
    {
    }

    public PoolHandle(nint pointer) => Take(pointer);

    protected override void Free(nint pointer) => _ = LibvirtApi.virStoragePoolFree(pointer);
}

internal sealed class VolumeHandle : LibvirtHandle
{
    public VolumeHandle()
    {
    }

    public VolumeHandle(nint pointer) => Take(pointer);

    protected override void Free(nint pointer) => _ = LibvirtApi.virStorageVolFree(pointer);
}

internal sealed class NetworkHandle : LibvirtHandle
{
    public NetworkHandle()
    {
    }

    public NetworkHandle(nint pointer) => Take(pointer);

    protected override void Free(nint pointer) => _ = LibvirtApi.virNetworkFree(pointer);
}

internal sealed class StreamHandle : LibvirtHandle
{
    protected override void Free(nint pointer) => _ = LibvirtApi.virStreamFree(pointer);
}

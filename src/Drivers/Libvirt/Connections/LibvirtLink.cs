using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Connections;

/// <summary>One open connection, and whether it still stands.</summary>
internal sealed unsafe class LibvirtLink : IDisposable
{
    // libvirt is given a number, not a pointer: a callback that comes late finds nothing instead of what is no longer there
    private static readonly ConcurrentDictionary<nint, LibvirtLink> Links = new();
    private static long s_lastId;

    private readonly TaskCompletionSource<string> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly nint _id = (nint)Interlocked.Increment(ref s_lastId);
    private readonly bool _isWatched;
    private int _isDisposed;

    private LibvirtLink(ConnectHandle handle)
    {
        Handle = handle;
        Links[_id] = this;
        _isWatched = LibvirtApi.virConnectRegisterCloseCallback(handle, &OnClose, _id, 0) == 0;
    }

    public ConnectHandle Handle { get; }

    /// <summary>Ends, with the reason, when the connection was lost. Drivers without a daemon never lose theirs.</summary>
    public Task<string> Closed => _closed.Task;

    /// <summary>Asks the client's side only: no round trip.</summary>
    public bool IsAlive => !Closed.IsCompleted && !Handle.IsClosed && LibvirtApi.virConnectIsAlive(Handle) != 0;

    /// <summary>Opens one. Blocks, for ever when the daemon is frozen: only on a thread of its own.</summary>
    /// <exception cref="NativeFault">libvirt refused.</exception>
    public static LibvirtLink Open(string uri, bool readOnly, int keepAliveSeconds, int keepAliveCount)
    {
        var handle = NativeFault.Check(readOnly ? LibvirtApi.virConnectOpenReadOnly(uri) : LibvirtApi.virConnectOpen(uri));
        // drivers without a daemon have none, and say so: nothing to do then
        _ = LibvirtApi.virConnectSetKeepAlive(handle, keepAliveSeconds, (uint)keepAliveCount);
        return new LibvirtLink(handle);
    }

    /// <summary>Never blocks: the goodbye is said on a thread of its own.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
            return;
        Links.TryRemove(_id, out _);
        _closed.TrySetResult(CloseReason.NameOf(3));
        OwnThread.Start("libvirt close", Close);
    }

    /// <summary>A registered callback keeps the connection open; taking it back asks the daemon, which may be frozen.</summary>
    private void Close()
    {
        if (_isWatched)
            _ = LibvirtApi.virConnectUnregisterCloseCallback(Handle, &OnClose);
        Handle.Dispose();
    }

    [UnmanagedCallersOnly]
    private static void OnClose(nint connection, int reason, nint opaque)
    {
        if (Links.TryGetValue(opaque, out var link))
            link._closed.TrySetResult(CloseReason.NameOf(reason));
    }
}

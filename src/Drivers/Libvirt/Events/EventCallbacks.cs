using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Events;

/// <summary>
/// What libvirt calls on its event loop: makes a record of the arguments, hands it on, returns. Nothing here may block or throw: all
/// hosts share the loop.
/// </summary>
internal static unsafe class EventCallbacks
{
    private static readonly ConcurrentDictionary<nint, EventSession> Sessions = new();
    private static long s_lastId;

    /// <summary>The events that are followed: libvirt's <c>virDomainEventID</c>, and what it calls.</summary>
    public static readonly (int Event, nint Callback)[] Followed =
    [
        (0, (nint)(delegate* unmanaged<nint, nint, int, int, nint, int>)&OnLifecycle),
        (1, (nint)(delegate* unmanaged<nint, nint, nint, void>)&OnReboot),
        (3, (nint)(delegate* unmanaged<nint, nint, int, nint, void>)&OnWatchdog),
        (6, (nint)(delegate* unmanaged<nint, nint, nint, nint, int, nint, nint, void>)&OnIoError),
        (7, (nint)(delegate* unmanaged<nint, nint, nint, void>)&OnControlError),
        (15, (nint)(delegate* unmanaged<nint, nint, nint, nint, void>)&OnDeviceRemoved),
        (16, (nint)(delegate* unmanaged<nint, nint, nint, int, int, nint, void>)&OnBlockJob),
        (18, (nint)(delegate* unmanaged<nint, nint, int, int, nint, void>)&OnAgent),
    ];

    public static nint Add(EventSession session)
    {
        var id = (nint)Interlocked.Increment(ref s_lastId);
        Sessions[id] = session;
        return id;
    }

    public static void Remove(nint id) => Sessions.TryRemove(id, out _);

    [UnmanagedCallersOnly]
    private static int OnLifecycle(nint connection, nint domain, int kind, int detail, nint opaque)
    {
        Hand(opaque, domain, (at, uuid, name) =>
            new LifecycleEvent(at, uuid, name, EventNames.Kind(kind), EventNames.Detail(kind, detail)));
        return 0;
    }

    [UnmanagedCallersOnly]
    private static void OnReboot(nint connection, nint domain, nint opaque) =>
        Hand(opaque, domain, (at, uuid, name) => new RebootEvent(at, uuid, name));

    [UnmanagedCallersOnly]
    private static void OnWatchdog(nint connection, nint domain, int action, nint opaque) =>
        Hand(opaque, domain, (at, uuid, name) => new WatchdogEvent(at, uuid, name, EventNames.WatchdogAction(action)));

    [UnmanagedCallersOnly]
    private static void OnIoError(nint connection, nint domain, nint path, nint device, int action, nint reason, nint opaque) =>
        Hand(opaque, domain, (at, uuid, name) => new IoErrorEvent(
            at, uuid, name, Text(path), Text(device), EventNames.IoErrorAction(action), Text(reason)));

    [UnmanagedCallersOnly]
    private static void OnControlError(nint connection, nint domain, nint opaque) =>
        Hand(opaque, domain, (at, uuid, name) => new ControlErrorEvent(at, uuid, name));

    [UnmanagedCallersOnly]
    private static void OnDeviceRemoved(nint connection, nint domain, nint alias, nint opaque) =>
        Hand(opaque, domain, (at, uuid, name) => new DeviceRemovedEvent(at, uuid, name, Text(alias)));

    [UnmanagedCallersOnly]
    private static void OnBlockJob(nint connection, nint domain, nint disk, int type, int status, nint opaque) =>
        Hand(opaque, domain, (at, uuid, name) => new BlockJobEvent(
            at, uuid, name, Text(disk), EventNames.BlockJobType(type), EventNames.BlockJobStatus(status)));

    [UnmanagedCallersOnly]
    private static void OnAgent(nint connection, nint domain, int state, int reason, nint opaque) =>
        Hand(opaque, domain, (at, uuid, name) => new AgentEvent(at, uuid, name, state == 1, EventNames.AgentReason(reason)));

    private static string Text(nint text) => NativeText.Read(text, NativeText.MaxNameBytes) ?? "";

    private static void Hand(nint opaque, nint domain, Func<DateTimeOffset, Guid, string, HostEvent> make)
    {
        if (!Sessions.TryGetValue(opaque, out var session))
            return;
        try
        {
            session.Accept(make(session.Now, DomainText.UuidOf(domain), DomainText.NameOf(domain)));
        }
        catch (Exception reason)
        {
            // an exception that reached libvirt would end the process
            session.AcceptFault(reason);
        }
    }
}

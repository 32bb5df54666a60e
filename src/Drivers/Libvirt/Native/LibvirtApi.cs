using System.Runtime.InteropServices;

namespace Heal.Drivers.Libvirt.Native;

/// <summary>The functions of libvirt, by their own names: the library itself, connections and the host. Whatever is not remembered from
/// the last answer may block for as long as the other side likes.</summary>
internal static unsafe partial class LibvirtApi
{
    private const string Library = LibraryLoader.Libvirt;
    private const StringMarshalling Utf8 = StringMarshalling.Utf8;

    [LibraryImport(Library)]
    internal static partial int virInitialize();

    [LibraryImport(Library)]
    internal static partial int virGetVersion(ulong* libVersion, byte* type, ulong* typeVersion);

    [LibraryImport(Library)]
    internal static partial nint virGetLastError();

    [LibraryImport(Library)]
    internal static partial void virSetErrorFunc(nint data, delegate* unmanaged<nint, nint, void> handler);

    [LibraryImport(Library)]
    internal static partial int virEventRegisterDefaultImpl();

    [LibraryImport(Library)]
    internal static partial int virEventRunDefaultImpl();

    [LibraryImport(Library, StringMarshalling = Utf8)]
    internal static partial ConnectHandle virConnectOpen(string uri);

    [LibraryImport(Library, StringMarshalling = Utf8)]
    internal static partial ConnectHandle virConnectOpenReadOnly(string uri);

    [LibraryImport(Library)]
    internal static partial int virConnectClose(nint connection);

    [LibraryImport(Library)]
    internal static partial int virConnectIsAlive(ConnectHandle connection);

    [LibraryImport(Library)]
    internal static partial int virConnectSetKeepAlive(ConnectHandle connection, int interval, uint count);

    [LibraryImport(Library)]
    internal static partial int virConnectRegisterCloseCallback(
        ConnectHandle connection, delegate* unmanaged<nint, int, nint, void> callback, nint opaque, nint free);

    [LibraryImport(Library)]
    internal static partial int virConnectUnregisterCloseCallback(
        ConnectHandle connection, delegate* unmanaged<nint, int, nint, void> callback);

    [LibraryImport(Library)]
    internal static partial int virConnectDomainEventRegisterAny(
        ConnectHandle connection, nint domain, int eventId, nint callback, nint opaque, nint free);

    [LibraryImport(Library)]
    internal static partial int virConnectDomainEventDeregisterAny(ConnectHandle connection, int callbackId);

    [LibraryImport(Library)]
    internal static partial nint virConnectGetType(ConnectHandle connection);

    [LibraryImport(Library)]
    internal static partial int virConnectGetVersion(ConnectHandle connection, ulong* version);

    [LibraryImport(Library)]
    internal static partial int virConnectGetLibVersion(ConnectHandle connection, ulong* version);

    [LibraryImport(Library)]
    internal static partial nint virConnectGetHostname(ConnectHandle connection);

    [LibraryImport(Library)]
    internal static partial nint virConnectGetCapabilities(ConnectHandle connection);

    [LibraryImport(Library, StringMarshalling = Utf8)]
    internal static partial nint virConnectGetDomainCapabilities(
        ConnectHandle connection, string? emulator, string? architecture, string? machine, string? virtType, uint flags);

    [LibraryImport(Library, StringMarshalling = Utf8)]
    internal static partial int virConnectCompareCPU(ConnectHandle connection, string xml, uint flags);

    [LibraryImport(Library)]
    internal static partial int virNodeGetInfo(ConnectHandle connection, NativeNodeInfo* info);

    [LibraryImport(Library)]
    internal static partial ulong virNodeGetFreeMemory(ConnectHandle connection);

    [LibraryImport(Library)]
    internal static partial int virNodeGetMemoryStats(
        ConnectHandle connection, int cell, NativeNodeStat* stats, int* count, uint flags);

    [LibraryImport(Library)]
    internal static partial int virNodeGetCPUStats(
        ConnectHandle connection, int cpu, NativeNodeStat* stats, int* count, uint flags);

    [LibraryImport(Library)]
    internal static partial int virNodeGetCellsFreeMemory(ConnectHandle connection, ulong* free, int firstCell, int cells);
}

using System.Runtime.InteropServices;

namespace Heal.Drivers.Libvirt.Native;

/// <summary>Storage pools, volumes, streams and networks.</summary>
internal static unsafe partial class LibvirtApi
{
    [LibraryImport(Library)]
    internal static partial int virConnectListAllStoragePools(ConnectHandle connection, nint** pools, uint flags);

    [LibraryImport(Library, StringMarshalling = Utf8)]
    internal static partial PoolHandle virStoragePoolLookupByName(ConnectHandle connection, string name);

    [LibraryImport(Library, StringMarshalling = Utf8)]
    internal static partial PoolHandle virStoragePoolDefineXML(ConnectHandle connection, string xml, uint flags);

    [LibraryImport(Library)]
    internal static partial int virStoragePoolBuild(PoolHandle pool, uint flags);

    [LibraryImport(Library)]
    internal static partial int virStoragePoolCreate(PoolHandle pool, uint flags);

    [LibraryImport(Library)]
    internal static partial int virStoragePoolDestroy(PoolHandle pool);

    [LibraryImport(Library)]
    internal static partial int virStoragePoolUndefine(PoolHandle pool);

    [LibraryImport(Library)]
    internal static partial int virStoragePoolRefresh(PoolHandle pool, uint flags);

    [LibraryImport(Library)]
    internal static partial int virStoragePoolGetInfo(PoolHandle pool, NativePoolInfo* info);

    [LibraryImport(Library)]
    internal static partial int virStoragePoolIsActive(PoolHandle pool);

    [LibraryImport(Library)]
    internal static partial int virStoragePoolIsPersistent(PoolHandle pool);

    [LibraryImport(Library)]
    internal static partial int virStoragePoolGetAutostart(PoolHandle pool, int* autostart);

    [LibraryImport(Library)]
    internal static partial nint virStoragePoolGetXMLDesc(PoolHandle pool, uint flags);

    [LibraryImport(Library)]
    internal static partial int virStoragePoolFree(nint pool);

    [LibraryImport(Library)]
    internal static partial int virStoragePoolListAllVolumes(PoolHandle pool, nint** volumes, uint flags);

    [LibraryImport(Library, StringMarshalling = Utf8)]
    internal static partial VolumeHandle virStorageVolLookupByName(PoolHandle pool, string name);

    [LibraryImport(Library, StringMarshalling = Utf8)]
    internal static partial VolumeHandle virStorageVolLookupByPath(ConnectHandle connection, string path);

    [LibraryImport(Library)]
    internal static partial PoolHandle virStoragePoolLookupByVolume(VolumeHandle volume);

    [LibraryImport(Library)]
    internal static partial nint virStoragePoolGetName(PoolHandle pool);

    [LibraryImport(Library)]
    internal static partial nint virStorageVolGetXMLDesc(VolumeHandle volume, uint flags);

    [LibraryImport(Library, StringMarshalling = Utf8)]
    internal static partial VolumeHandle virStorageVolCreateXML(PoolHandle pool, string xml, uint flags);

    [LibraryImport(Library, StringMarshalling = Utf8)]
    internal static partial VolumeHandle virStorageVolCreateXMLFrom(PoolHandle pool, string xml, VolumeHandle source, uint flags);

    [LibraryImport(Library)]
    internal static partial int virStorageVolDelete(VolumeHandle volume, uint flags);

    [LibraryImport(Library)]
    internal static partial int virStorageVolResize(VolumeHandle volume, ulong capacity, uint flags);

    [LibraryImport(Library)]
    internal static partial int virStorageVolUpload(VolumeHandle volume, StreamHandle stream, ulong offset, ulong length, uint flags);

    [LibraryImport(Library)]
    internal static partial int virStorageVolFree(nint volume);

    [LibraryImport(Library)]
    internal static partial StreamHandle virStreamNew(ConnectHandle connection, uint flags);

    [LibraryImport(Library)]
    internal static partial int virStreamSend(StreamHandle stream, byte* data, nuint count);

    [LibraryImport(Library)]
    internal static partial int virStreamFinish(StreamHandle stream);

    [LibraryImport(Library)]
    internal static partial int virStreamAbort(StreamHandle stream);

    [LibraryImport(Library)]
    internal static partial int virStreamFree(nint stream);

    [LibraryImport(Library)]
    internal static partial int virConnectListAllNetworks(ConnectHandle connection, nint** networks, uint flags);

    [LibraryImport(Library, StringMarshalling = Utf8)]
    internal static partial NetworkHandle virNetworkLookupByName(ConnectHandle connection, string name);

    [LibraryImport(Library, StringMarshalling = Utf8)]
    internal static partial NetworkHandle virNetworkDefineXML(ConnectHandle connection, string xml);

    [LibraryImport(Library)]
    internal static partial int virNetworkCreate(NetworkHandle network);

    [LibraryImport(Library)]
    internal static partial int virNetworkDestroy(NetworkHandle network);

    [LibraryImport(Library)]
    internal static partial int virNetworkUndefine(NetworkHandle network);

    [LibraryImport(Library)]
    internal static partial nint virNetworkGetName(NetworkHandle network);

    [LibraryImport(Library)]
    internal static partial int virNetworkGetUUID(NetworkHandle network, byte* uuid);

    [LibraryImport(Library)]
    internal static partial int virNetworkIsActive(NetworkHandle network);

    [LibraryImport(Library)]
    internal static partial int virNetworkIsPersistent(NetworkHandle network);

    [LibraryImport(Library)]
    internal static partial int virNetworkGetAutostart(NetworkHandle network, int* autostart);

    [LibraryImport(Library)]
    internal static partial nint virNetworkGetBridgeName(NetworkHandle network);

    [LibraryImport(Library)]
    internal static partial nint virNetworkGetXMLDesc(NetworkHandle network, uint flags);

    [LibraryImport(Library)]
    internal static partial int virNetworkFree(nint network);
}

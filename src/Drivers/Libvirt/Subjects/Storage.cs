using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Subjects;

/// <summary>Storage pools. Volumes are in the other part.</summary>
internal sealed unsafe partial class Storage(LibvirtHost host) : IStorage
{
    public Task<IReadOnlyList<PoolRecord>> ListPoolsAsync(CancellationToken cancellationToken = default) => host.CallAsync(
        "virConnectListAllStoragePools",
        IReadOnlyList<PoolRecord> (connection) =>
        {
            using var all = HandleList.Take(
                items => LibvirtApi.virConnectListAllStoragePools(connection, items, 0), static pointer => new PoolHandle(pointer));
            var pools = new List<PoolRecord>(all.Items.Length);
            foreach (var pool in all.Items)
            {
                if (OrNull(ErrorCode.NoStoragePool, () => StorageReader.ReadPool(pool)) is { } record)
                    pools.Add(record);
            }

            return pools;
        },
        cancellationToken);

    public Task<PoolRecord?> FindPoolAsync(string name, CancellationToken cancellationToken = default)
    {
        Arguments.Name(host.Name, "pool's name", name);
        return host.CallAsync(
            "virStoragePoolLookupByName",
            connection => OrNull(ErrorCode.NoStoragePool, () =>
            {
                using var pool = Lookup(connection, name);
                return StorageReader.ReadPool(pool);
            }),
            cancellationToken);
    }

    public Task<string> GetPoolXmlAsync(string pool, CancellationToken cancellationToken = default) => OnPool(
        "virStoragePoolGetXMLDesc", pool, handle => NativeFault.Check(LibvirtApi.virStoragePoolGetXMLDesc(handle, 0)), cancellationToken);

    public Task<PoolRecord> CreatePoolAsync(string xml, CancellationToken cancellationToken = default)
    {
        Arguments.Document(host.Name, "pool's document", xml);
        return host.CallAsync("creating a pool", connection => CreatePool(connection, xml), cancellationToken);
    }

    public Task StartPoolAsync(string pool, CancellationToken cancellationToken = default) => OnPool(
        "virStoragePoolCreate", pool, handle => NativeFault.Check(LibvirtApi.virStoragePoolCreate(handle, 0)), cancellationToken);

    public Task StopPoolAsync(string pool, bool undefine, CancellationToken cancellationToken = default) => OnPool(
        "virStoragePoolDestroy", pool,
        handle =>
        {
            var isPersistent = NativeFault.Check(LibvirtApi.virStoragePoolIsPersistent(handle)) != 0;
            if (NativeFault.Check(LibvirtApi.virStoragePoolIsActive(handle)) != 0)
                NativeFault.Check(LibvirtApi.virStoragePoolDestroy(handle));
            return undefine && isPersistent ? NativeFault.Check(LibvirtApi.virStoragePoolUndefine(handle)) : 0;
        },
        cancellationToken);

    public Task RefreshPoolAsync(string pool, CancellationToken cancellationToken = default) => OnPool(
        "virStoragePoolRefresh", pool, handle => NativeFault.Check(LibvirtApi.virStoragePoolRefresh(handle, 0)), cancellationToken);

    private Task<T> OnPool<T>(string call, string name, Func<PoolHandle, T> body, CancellationToken cancellationToken)
    {
        Arguments.Name(host.Name, "pool's name", name);
        return host.CallAsync(
            call,
            connection =>
            {
                using var pool = Lookup(connection, name);
                return body(pool);
            },
            cancellationToken);
    }

    private static PoolHandle Lookup(ConnectHandle connection, string name) =>
        NativeFault.Check(LibvirtApi.virStoragePoolLookupByName(connection, name));

    /// <summary>A pool that cannot be built or started is not left defined, unless it was before.</summary>
    private static PoolRecord CreatePool(ConnectHandle connection, string xml)
    {
        var name = Arguments.Parse(xml).Element("name")?.Value ?? "";
        var before = OrNull(ErrorCode.NoStoragePool, () =>
        {
            using var known = Lookup(connection, name);
            return StorageReader.ReadPool(known);
        });
        using var pool = NativeFault.Check(LibvirtApi.virStoragePoolDefineXML(connection, xml, 0));
        try
        {
            if (before?.IsActive != true)
            {
                Build(pool);
                NativeFault.Check(LibvirtApi.virStoragePoolCreate(pool, 0));
            }

            return StorageReader.ReadPool(pool);
        }
        catch (NativeFault)
        {
            if (before is null)
                _ = LibvirtApi.virStoragePoolUndefine(pool);
            throw;
        }
    }

    private static void Build(PoolHandle pool)
    {
        if (LibvirtApi.virStoragePoolBuild(pool, 0) >= 0)
            return;
        // kinds of pools that are built elsewhere (iSCSI, RBD) have nothing to build
        var fault = NativeFault.Last();
        if (fault.Code is not (ErrorCode.NoSupport or ErrorCode.OperationUnsupported))
            throw fault;
    }

    private static T? OrNull<T>(int code, Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (NativeFault fault) when (fault.Code == code)
        {
            return null;
        }
    }
}

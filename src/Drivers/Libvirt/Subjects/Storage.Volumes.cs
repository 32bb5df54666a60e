using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Subjects;

/// <summary>Volumes.</summary>
internal sealed unsafe partial class Storage
{
    /// <summary>Of one upload. Seeds are a few hundred KiB; images belong on the host by other ways.</summary>
    public const int MaxUploadBytes = 64 * 1024 * 1024;

    /// <summary>libvirt's protocol takes 256 KiB per message at the least.</summary>
    private const int ChunkBytes = 128 * 1024;

    public Task<IReadOnlyList<VolumeRecord>> ListVolumesAsync(string pool, CancellationToken cancellationToken = default) => OnPool(
        "virStoragePoolListAllVolumes", pool,
        IReadOnlyList<VolumeRecord> (handle) =>
        {
            using var all = HandleList.Take(
                items => LibvirtApi.virStoragePoolListAllVolumes(handle, items, 0), static pointer => new VolumeHandle(pointer));
            var volumes = new List<VolumeRecord>(all.Items.Length);
            foreach (var volume in all.Items)
            {
                if (OrNull(ErrorCode.NoStorageVolume, () => StorageReader.ReadVolume(pool, volume)) is { } record)
                    volumes.Add(record);
            }

            return volumes;
        },
        cancellationToken);

    public Task<VolumeRecord?> FindVolumeAsync(string pool, string name, CancellationToken cancellationToken = default)
    {
        Arguments.Name(host.Name, "volume's name", name);
        return OnPool(
            "virStorageVolLookupByName", pool,
            handle => OrNull(ErrorCode.NoStorageVolume, () =>
            {
                using var volume = NativeFault.Check(LibvirtApi.virStorageVolLookupByName(handle, name));
                return StorageReader.ReadVolume(pool, volume);
            }),
            cancellationToken);
    }

    public Task<VolumeRecord?> FindVolumeByPathAsync(string path, CancellationToken cancellationToken = default)
    {
        Arguments.Name(host.Name, "volume's path", path);
        return host.CallAsync(
            "virStorageVolLookupByPath",
            connection => OrNull(ErrorCode.NoStorageVolume, () =>
            {
                using var volume = NativeFault.Check(LibvirtApi.virStorageVolLookupByPath(connection, path));
                using var pool = NativeFault.Check(LibvirtApi.virStoragePoolLookupByVolume(volume));
                return StorageReader.ReadVolume(StorageReader.NameOf(pool), volume);
            }),
            cancellationToken);
    }

    public Task<string> GetVolumeXmlAsync(string pool, string name, CancellationToken cancellationToken = default) => OnVolume(
        "virStorageVolGetXMLDesc", pool, name, volume => NativeFault.Check(LibvirtApi.virStorageVolGetXMLDesc(volume, 0)),
        cancellationToken);

    public Task<VolumeRecord> CreateVolumeAsync(string pool, string xml, CancellationToken cancellationToken = default)
    {
        Arguments.Document(host.Name, "volume's document", xml);
        return OnPool(
            "virStorageVolCreateXML", pool,
            handle =>
            {
                using var volume = NativeFault.Check(LibvirtApi.virStorageVolCreateXML(handle, xml, 0));
                return StorageReader.ReadVolume(pool, volume);
            },
            cancellationToken);
    }

    public Task<VolumeRecord> CopyVolumeAsync(
        string pool, string xml, string sourcePool, string source, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        Arguments.Document(host.Name, "volume's document", xml);
        Arguments.Name(host.Name, "pool's name", pool);
        Arguments.Name(host.Name, "pool's name", sourcePool);
        Arguments.Name(host.Name, "volume's name", source);
        return host.CopyAsync(
            connection =>
            {
                using var from = Lookup(connection, sourcePool);
                using var original = NativeFault.Check(LibvirtApi.virStorageVolLookupByName(from, source));
                using var into = Lookup(connection, pool);
                using var volume = NativeFault.Check(LibvirtApi.virStorageVolCreateXMLFrom(into, xml, original, 0));
                return StorageReader.ReadVolume(pool, volume);
            },
            timeout, cancellationToken);
    }

    public Task UploadAsync(string pool, string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        if (content.Length > MaxUploadBytes)
            throw new LibvirtException(host.Name, 0, 0, $"the content is {content.Length} bytes long, expected at most {MaxUploadBytes}");
        Arguments.Name(host.Name, "volume's name", name);
        Arguments.Name(host.Name, "pool's name", pool);
        return host.CallAsync(
            "virStorageVolUpload",
            connection =>
            {
                using var handle = Lookup(connection, pool);
                using var volume = NativeFault.Check(LibvirtApi.virStorageVolLookupByName(handle, name));
                return Upload(connection, volume, content.Span);
            },
            cancellationToken);
    }

    public Task DeleteVolumeAsync(string pool, string name, CancellationToken cancellationToken = default) => OnVolume(
        "virStorageVolDelete", pool, name, volume => NativeFault.Check(LibvirtApi.virStorageVolDelete(volume, 0)), cancellationToken);

    public Task ResizeVolumeAsync(string pool, string name, long capacityBytes, CancellationToken cancellationToken = default)
    {
        if (capacityBytes <= 0)
            throw new LibvirtException(host.Name, 0, 0, $"the capacity is {capacityBytes} bytes, expected more than 0");
        return OnVolume(
            "virStorageVolResize", pool, name,
            volume => NativeFault.Check(LibvirtApi.virStorageVolResize(volume, (ulong)capacityBytes, 0)), cancellationToken);
    }

    private Task<T> OnVolume<T>(
        string call, string pool, string name, Func<VolumeHandle, T> body, CancellationToken cancellationToken)
    {
        Arguments.Name(host.Name, "volume's name", name);
        return OnPool(
            call, pool,
            handle =>
            {
                using var volume = NativeFault.Check(LibvirtApi.virStorageVolLookupByName(handle, name));
                return body(volume);
            },
            cancellationToken);
    }

    private static int Upload(ConnectHandle connection, VolumeHandle volume, ReadOnlySpan<byte> content)
    {
        using var stream = NativeFault.Check(LibvirtApi.virStreamNew(connection, 0));
        NativeFault.Check(LibvirtApi.virStorageVolUpload(volume, stream, 0, (ulong)content.Length, 0));
        try
        {
            fixed (byte* bytes = content)
            {
                for (var sent = 0; sent < content.Length;)
                {
                    sent += NativeFault.Check(
                        LibvirtApi.virStreamSend(stream, bytes + sent, (nuint)Math.Min(ChunkBytes, content.Length - sent)));
                }
            }

            return NativeFault.Check(LibvirtApi.virStreamFinish(stream));
        }
        catch (NativeFault)
        {
            _ = LibvirtApi.virStreamAbort(stream);
            throw;
        }
    }
}

namespace Heal.Drivers.Libvirt;

/// <summary>Storage pools and their volumes. See <see cref="ILibvirtHost"/> for deadlines, delivery and errors.</summary>
public interface IStorage
{
    Task<IReadOnlyList<PoolRecord>> ListPoolsAsync(CancellationToken cancellationToken = default);

    /// <summary>Null when there is none.</summary>
    Task<PoolRecord?> FindPoolAsync(string name, CancellationToken cancellationToken = default);

    Task<string> GetPoolXmlAsync(string pool, CancellationToken cancellationToken = default);

    /// <summary>Defines, builds and starts a pool.</summary>
    Task<PoolRecord> CreatePoolAsync(string xml, CancellationToken cancellationToken = default);

    Task StartPoolAsync(string pool, CancellationToken cancellationToken = default);

    /// <summary>Stops a pool, and removes its definition when asked. Its volumes stay where they are.</summary>
    Task StopPoolAsync(string pool, bool undefine, CancellationToken cancellationToken = default);

    /// <summary>Looks again at what the pool holds.</summary>
    Task RefreshPoolAsync(string pool, CancellationToken cancellationToken = default);

    Task<IReadOnlyList<VolumeRecord>> ListVolumesAsync(string pool, CancellationToken cancellationToken = default);

    /// <summary>Null when there is none.</summary>
    Task<VolumeRecord?> FindVolumeAsync(string pool, string name, CancellationToken cancellationToken = default);

    /// <summary>The volume whose file or device this is; null when no pool knows it.</summary>
    Task<VolumeRecord?> FindVolumeByPathAsync(string path, CancellationToken cancellationToken = default);

    Task<string> GetVolumeXmlAsync(string pool, string name, CancellationToken cancellationToken = default);

    Task<VolumeRecord> CreateVolumeAsync(string pool, string xml, CancellationToken cancellationToken = default);

    /// <summary>Fills a volume with bytes, as with the seed of cloud-init.</summary>
    Task UploadAsync(string pool, string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default);

    Task DeleteVolumeAsync(string pool, string name, CancellationToken cancellationToken = default);

    Task ResizeVolumeAsync(string pool, string name, long capacityBytes, CancellationToken cancellationToken = default);
}

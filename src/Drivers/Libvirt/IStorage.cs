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

    /// <summary>
    /// Makes a volume with all that another one of the same host shows its guest; nothing of it depends on the source afterwards. Has
    /// threads of its own, as migrations do. The volume is there as soon as the copying begins: whoever finds one cannot tell whether it is
    /// whole. libvirt takes back what fails, but not what a daemon that is killed leaves.
    /// </summary>
    /// <param name="xml">Of the new volume. Its capacity counts only where both formats are raw; else it is the source's.</param>
    /// <param name="timeout">When it has passed, the copying goes on at the host; until its end neither volume can be deleted
    /// (<see cref="LibvirtBusyException"/>).</param>
    Task<VolumeRecord> CopyVolumeAsync(
        string pool, string xml, string sourcePool, string source, TimeSpan timeout, CancellationToken cancellationToken = default);

    /// <summary>Fills a volume with bytes, as with the seed of cloud-init.</summary>
    Task UploadAsync(string pool, string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default);

    Task DeleteVolumeAsync(string pool, string name, CancellationToken cancellationToken = default);

    Task ResizeVolumeAsync(string pool, string name, long capacityBytes, CancellationToken cancellationToken = default);
}

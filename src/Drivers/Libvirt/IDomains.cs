namespace Heal.Drivers.Libvirt;

/// <summary>The virtual machines ("domains") of one host. See <see cref="ILibvirtHost"/> for deadlines, delivery and errors.</summary>
public interface IDomains
{
    /// <summary>All domains, running and not, with state and reason: some lists and one short call per domain. No guest's emulator is
    /// waited for.</summary>
    Task<IReadOnlyList<DomainRecord>> ListAsync(CancellationToken cancellationToken = default);

    /// <summary>Null when there is none.</summary>
    Task<DomainRecord?> FindAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Null when there is none.</summary>
    Task<DomainRecord?> FindAsync(Guid uuid, CancellationToken cancellationToken = default);

    /// <summary>The domain's document: as it runs, or as it will be at its next start.</summary>
    Task<string> GetXmlAsync(Guid uuid, bool inactive, CancellationToken cancellationToken = default);

    /// <summary>Performance counters of all running domains (<c>virConnectGetAllDomainStats</c>). At most one such call is under way per
    /// host; others join it. While an earlier one hangs past its deadline, guests that are busy tell only what needs no word of their
    /// emulator. A guest whose control channel broke is left out.</summary>
    Task<IReadOnlyList<DomainStats>> GetStatsAsync(CancellationToken cancellationToken = default);

    /// <summary>Defines a persistent domain, or changes the definition of the one with the same uuid. Checked against libvirt's
    /// schemas.</summary>
    Task<DomainRecord> DefineAsync(string xml, CancellationToken cancellationToken = default);

    /// <summary>Removes the definition with managed save, snapshots' metadata, NVRAM and checkpoints. Volumes stay.</summary>
    Task UndefineAsync(Guid uuid, CancellationToken cancellationToken = default);

    Task StartAsync(Guid uuid, CancellationToken cancellationToken = default);

    /// <summary>Asks the guest to power off (ACPI, or the agent when it is there). Returns when it was asked, not when it is off.</summary>
    Task ShutdownAsync(Guid uuid, CancellationToken cancellationToken = default);

    /// <summary>Asks the guest to reboot. Returns when it was asked.</summary>
    Task RebootAsync(Guid uuid, CancellationToken cancellationToken = default);

    /// <summary>The reset button.</summary>
    Task ResetAsync(Guid uuid, CancellationToken cancellationToken = default);

    /// <summary>Ends the guest at once.</summary>
    /// <param name="graceful">SIGTERM only: fails instead of losing the guest's cached writes.</param>
    Task DestroyAsync(Guid uuid, bool graceful = false, CancellationToken cancellationToken = default);

    Task SuspendAsync(Guid uuid, CancellationToken cancellationToken = default);

    /// <summary>Lets a paused guest run on.</summary>
    Task ResumeAsync(Guid uuid, CancellationToken cancellationToken = default);

    Task SetAutostartAsync(Guid uuid, bool autostart, CancellationToken cancellationToken = default);

    /// <summary>The XML element kept under a namespace of the caller's in the domain's metadata; null when there is none.</summary>
    Task<string?> GetMetadataAsync(Guid uuid, string ns, CancellationToken cancellationToken = default);

    /// <summary>Writes it (to the definition, and to the running domain when it runs); null removes it.</summary>
    /// <param name="prefix">The XML prefix, for those who read the document.</param>
    Task SetMetadataAsync(Guid uuid, string ns, string prefix, string? xml, CancellationToken cancellationToken = default);

    /// <summary>Disks in error, as running guests report them (<c>virsh domblkerror</c>). QEMU keeps an error of a disk that works again
    /// until the next boot: good for why a guest was paused, not for whether it is well.</summary>
    Task<IReadOnlyList<DiskError>> GetDiskErrorsAsync(Guid uuid, CancellationToken cancellationToken = default);

    /// <summary>Capacity, allocation and physical size of one disk (<c>virsh domblkinfo</c>).</summary>
    Task<BlockInfo> GetBlockInfoAsync(Guid uuid, string disk, CancellationToken cancellationToken = default);

    Task<IReadOnlyList<SnapshotRecord>> ListSnapshotsAsync(Guid uuid, CancellationToken cancellationToken = default);

    Task<SnapshotRecord> CreateSnapshotAsync(
        Guid uuid, string xml, SnapshotOptions options = SnapshotOptions.None, CancellationToken cancellationToken = default);

    Task RevertToSnapshotAsync(Guid uuid, string snapshot, CancellationToken cancellationToken = default);

    Task DeleteSnapshotAsync(Guid uuid, string snapshot, CancellationToken cancellationToken = default);

    /// <summary>Attaches a device to the definition, and to the running domain when it runs.</summary>
    Task AttachDeviceAsync(Guid uuid, string deviceXml, CancellationToken cancellationToken = default);

    /// <summary>Detaches it. Of a running domain the guest must let go: <see cref="DeviceRemovedEvent"/> tells when it did.</summary>
    Task DetachDeviceAsync(Guid uuid, string deviceXml, CancellationToken cancellationToken = default);

    /// <summary>Replaces a device's changeable parts, as the link state of an interface.</summary>
    Task UpdateDeviceAsync(Guid uuid, string deviceXml, CancellationToken cancellationToken = default);

    /// <summary>Memory that the balloon leaves to the guest.</summary>
    Task SetMemoryAsync(Guid uuid, long kibibytes, DomainScope scope, CancellationToken cancellationToken = default);

    /// <summary>The most that the guest may have; of a domain that is off only.</summary>
    Task SetMaxMemoryAsync(Guid uuid, long kibibytes, CancellationToken cancellationToken = default);

    Task SetVcpusAsync(Guid uuid, int count, DomainScope scope, bool maximum = false, CancellationToken cancellationToken = default);

    /// <summary>Moves a running domain to another host (or, offline, its definition). Runs as long as it takes: its deadline is the
    /// request's.</summary>
    Task MigrateAsync(Guid uuid, MigrationRequest request, CancellationToken cancellationToken = default);

    /// <summary>The job that the domain is busy with, as a migration; null when there is none.</summary>
    Task<DomainJob?> GetJobAsync(Guid uuid, CancellationToken cancellationToken = default);

    Task AbortJobAsync(Guid uuid, CancellationToken cancellationToken = default);

    /// <summary>Asks the guest's agent; null when there is no agent in it that answers within the timeout.</summary>
    Task<string?> AskAgentAsync(Guid uuid, string command, TimeSpan timeout, CancellationToken cancellationToken = default);
}

[Flags]
public enum DomainScope
{
    Running = 1,
    Definition = 2,
    Both = Running | Definition,
}

/// <summary>How a snapshot is made.</summary>
[Flags]
public enum SnapshotOptions
{
    /// <summary>Disks, and the memory of a guest that runs.</summary>
    None = 0,

    /// <summary>Of disks alone, as overlays; the guest's memory is not kept.</summary>
    DiskOnly = 1,

    /// <summary>The agent freezes the guest's file systems meanwhile.</summary>
    Quiesce = 2,

    /// <summary>All disks or none.</summary>
    Atomic = 4,
}

/// <param name="Destination">The other host's control connection; both ends are of this process.</param>
/// <param name="MigrateUri">How the guest's memory travels; null: as the destination's settings say, or else as libvirt chooses.</param>
/// <param name="Live">False moves the definition of a domain that is off.</param>
/// <param name="Unsafe">Also when libvirt cannot prove that the disks are shared.</param>
/// <param name="UndefineSource">The definition leaves the source.</param>
/// <param name="Timeout">After which the job is aborted.</param>
public sealed record MigrationRequest(
    ILibvirtHost Destination, string? MigrateUri, bool Live, bool Unsafe, bool UndefineSource, TimeSpan Timeout);

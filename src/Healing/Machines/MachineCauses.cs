namespace Heal.Healing;

/// <summary>The causes that the rules find for virtual machines, storage pools and hypervisors. Part of <see cref="Causes.All"/>.</summary>
public static class MachineCauses
{
    /// <summary>The guest's kernel panicked.</summary>
    public const string GuestPanicked = nameof(GuestPanicked);

    /// <summary>The guest stopped feeding its watchdog.</summary>
    public const string GuestWatchdog = nameof(GuestWatchdog);

    /// <summary>The guest's emulator died.</summary>
    public const string GuestKilled = nameof(GuestKilled);

    /// <summary>A write of the guest failed for want of space, and the guest was paused.</summary>
    public const string PausedOnIoError = nameof(PausedOnIoError);

    /// <summary>A disk of the guest cannot be read or written, and space is not the reason.</summary>
    public const string DiskBroken = nameof(DiskBroken);

    /// <summary>A guest that should run is off, and nobody asked for that.</summary>
    public const string UnexpectedShutoff = nameof(UnexpectedShutoff);

    /// <summary>A guest that ran when libvirt was last heard of is off since.</summary>
    public const string StoppedWhileHostDaemonDown = nameof(StoppedWhileHostDaemonDown);

    /// <summary>libvirt could not start the guest.</summary>
    public const string BootFailure = nameof(BootFailure);

    /// <summary>The emulator does not answer its monitor, or the guest's agent has gone silent.</summary>
    public const string GuestUnresponsive = nameof(GuestUnresponsive);

    /// <summary>An operation of the healer paused the guest for a while, and was given up before it let it go on.</summary>
    public const string GuestLeftPaused = nameof(GuestLeftPaused);

    /// <summary>A job on a disk (copy, commit, mirror) failed.</summary>
    public const string BlockJobFailed = nameof(BlockJobFailed);

    /// <summary>A migration is under way for long and does not come to an end.</summary>
    public const string MigrationStuck = nameof(MigrationStuck);

    /// <summary>A storage pool will be full soon, or is.</summary>
    public const string StoragePoolFilling = nameof(StoragePoolFilling);

    /// <summary>A storage pool is not active.</summary>
    public const string StoragePoolInactive = nameof(StoragePoolInactive);

    /// <summary>A host does not answer.</summary>
    public const string HypervisorDown = nameof(HypervisorDown);

    /// <summary>The guests of a host may take more memory together than it has.</summary>
    public const string HypervisorOvercommitted = nameof(HypervisorOvercommitted);

    /// <summary>A guest was restarted elsewhere, and its old host still has a definition of it.</summary>
    public const string LeftCopy = nameof(LeftCopy);

    /// <summary>One guest runs on two hosts at once.</summary>
    public const string GuestRunsTwice = nameof(GuestRunsTwice);

    /// <summary>A guest is short of memory. Shown by an alert alone: one look at a guest does not tell.</summary>
    public const string GuestMemoryShort = nameof(GuestMemoryShort);

    public static IReadOnlyList<string> All { get; } =
    [
        GuestPanicked, GuestWatchdog, GuestKilled, PausedOnIoError, DiskBroken, UnexpectedShutoff, StoppedWhileHostDaemonDown, BootFailure,
        GuestUnresponsive, GuestLeftPaused, BlockJobFailed, MigrationStuck, StoragePoolFilling, StoragePoolInactive, HypervisorDown,
        HypervisorOvercommitted, LeftCopy, GuestRunsTwice, GuestMemoryShort,
    ];
}

namespace Heal.Healing;

/// <summary>Limits of a definition. What is beyond them is refused, never cut.</summary>
public static class VmLimits
{
    /// <summary>Of the JSON text.</summary>
    public const int DocumentBytes = 256 * 1024;

    /// <summary>So that names of volumes, which carry the id, stay below 80 characters.</summary>
    public const int IdLength = 50;

    public const int NameLength = 64;
    public const int PathLength = 1024;
    public const int Vcpus = 512;
    public const long MinimumMemoryBytes = 16L << 20;
    public const long MaximumMemoryBytes = 16L << 40;
    public const long MinimumDiskBytes = 1L << 20;
    public const long MaximumDiskBytes = 64L << 40;
    public const int Disks = 16;
    public const int Interfaces = 16;
    public const int Hosts = 100;
    public const int Labels = 32;
    public const int LabelLength = 256;

    /// <summary>Of user data, and of the network configuration: what fits the seed's image.</summary>
    public const int SeedTextBytes = 64 * 1024;

    /// <summary>What a slow host copies in a second.</summary>
    private const long CopyBytesPerSecond = 10L << 20;

    private static readonly TimeSpan CopyAtLeast = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan CopyAtMost = TimeSpan.FromHours(12);

    /// <summary>How long a copy of so many bytes is waited for: 5 minutes and 10 MiB per second, 12 hours at most.</summary>
    public static TimeSpan CopyDeadline(long bytes)
    {
        var time = CopyAtLeast + TimeSpan.FromSeconds(bytes / (double)CopyBytesPerSecond);
        return time < CopyAtMost ? time : CopyAtMost;
    }

    /// <summary>Faults that are reported; more are counted.</summary>
    public const int Faults = 100;
}

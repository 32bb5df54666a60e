using System.Globalization;

namespace Heal.Healing;

/// <summary>Counters of a run at one moment, and how far they went since another one.</summary>
/// <param name="VcpuNanoseconds">Time of all vCPUs since the last look.</param>
/// <param name="BlockBytes">Read and written since the last look.</param>
/// <param name="NetBytes">Received and sent since the last look.</param>
/// <param name="TotalBlockBytes">Since the run began; null when there is no disk that counts.</param>
/// <param name="TotalNetBytes">Sent since the run began; null when there is no interface that counts.</param>
/// <param name="Over">Between the two looks.</param>
public sealed record GuestProgress(
    long VcpuNanoseconds, long BlockBytes, long NetBytes, long? TotalBlockBytes, long? TotalNetBytes, TimeSpan Over)
{
    /// <summary>Firmware alone reads less than this; a kernel and its userspace read more.</summary>
    public const long MoreThanFirmwareReads = 1024 * 1024;

    /// <summary>Anything at all went on. libvirt counts vCPU time in hundredths of a second, of which an idle guest may need none within
    /// one: looks are repeated before this is believed to be false.</summary>
    public bool Moves => VcpuNanoseconds > 0 || BlockBytes > 0 || NetBytes > 0;

    /// <summary>The definition has the guest's balloon driver report its memory from time to time: a kernel that runs does so.</summary>
    public bool TellsMemory { get; init; }

    /// <summary>When it last did, in seconds of the host's clock; null or 0: never in this run.</summary>
    public long? MemoryToldAt { get; init; }

    /// <summary>How much of it was there before: after a reset, counters of the run go on.</summary>
    public GuestProgress Since(GuestProgress before) => this with
    {
        TotalBlockBytes = TotalBlockBytes - before.TotalBlockBytes,
        TotalNetBytes = TotalNetBytes - before.TotalNetBytes,
        MemoryToldAt = MemoryToldAt > (before.MemoryToldAt ?? 0) ? MemoryToldAt : null,
    };
}

/// <summary>
/// Whether a guest has come up to where its own programs run. The agent proves it; without one the guest's kernel does, by reporting its
/// memory, or the counters: vCPUs work, and what was read, written or sent is more than firmware does. A guest with neither disks nor
/// interfaces that count proves only that its
/// vCPUs work, and that is said. Pure.
/// </summary>
public static class GuestProof
{
    public static (bool Proven, string Detail) Judge(bool? agentAnswers, GuestProgress? progress)
    {
        if (agentAnswers == true) return (true, "its agent answers");
        if (progress is null) return (false, "its counters cannot be read");
        if (!progress.Moves) return (false, "its vCPUs stand still");
        if (progress.MemoryToldAt > 0) return (true, "its vCPUs work, and its kernel reports its memory");
        var io = (progress.TotalBlockBytes ?? 0) + (progress.TotalNetBytes ?? 0);
        if (progress.TotalBlockBytes is null && progress.TotalNetBytes is null && progress.TellsMemory)
        {
            return (false, "its vCPUs work, but its kernel has not reported its memory yet");
        }

        if (progress.TotalBlockBytes is null && progress.TotalNetBytes is null)
        {
            var work = Text($"its vCPUs work ({progress.VcpuNanoseconds / 1e6:0} ms within {progress.Over.TotalSeconds:0.#} s)");
            return (true, $"{work}; it has no disk or interface that would show more");
        }

        if (progress.TotalNetBytes > 0 || io >= GuestProgress.MoreThanFirmwareReads)
        {
            return (true, Text($"its vCPUs work and it has moved {io} bytes since its start"));
        }

        return (false, Text($"its vCPUs work, but it has moved {io} bytes only since its start, which firmware does too"));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

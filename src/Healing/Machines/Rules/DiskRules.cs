using System.Globalization;

namespace Heal.Healing;

/// <summary>The guest is paused because a write found no space.</summary>
internal sealed class NoSpaceRule : IMachineRule
{
    private const string Cause = MachineCauses.PausedOnIoError;

    public MachineFinding Judge(MachineSight sight)
    {
        if (!IoErrors.Holds(sight)) return MachineFinding.Reject(Cause, $"no disk reports an error, and {sight.Shown}", sight.Ids);
        var (starved, ids) = IoErrors.OfSpace(sight);
        if (!starved) return MachineFinding.Reject(Cause, "nothing says that space ran out", ids);
        var pools = string.Join(", ", IoErrors.Pools(sight).Select(pool => string.Create(
            CultureInfo.InvariantCulture, $"pool {pool.Name} has {pool.AvailableBytes} of {pool.CapacityBytes} bytes left")));
        return MachineFinding.Accept(
            Cause, 0.95, $"a write of the guest found no space{(pools.Length > 0 ? $" ({pools})" : "")}", IoErrors.Since(sight), ids);
    }
}

/// <summary>A disk reports errors, and space is not the reason: the image or what is under it is broken.</summary>
internal sealed class DiskBrokenRule : IMachineRule
{
    private const string Cause = MachineCauses.DiskBroken;

    public MachineFinding Judge(MachineSight sight)
    {
        if (!IoErrors.Holds(sight)) return MachineFinding.Reject(Cause, $"no disk reports an error, and {sight.Shown}", sight.Ids);
        var (starved, ids) = IoErrors.OfSpace(sight);
        if (starved) return MachineFinding.Reject(Cause, "space ran out, which explains the error", ids);
        var disks = string.Join(", ",
            sight.Machine.Disks.Where(disk => disk.Error is not null).Select(disk => $"{disk.Device} ({disk.Path})"));
        return MachineFinding.Accept(
            Cause, 0.85, $"a disk of the guest cannot be read or written{(disks.Length > 0 ? $": {disks}" : "")}; "
                + "no want of space was found",
            IoErrors.Since(sight), ids);
    }
}

/// <summary>A copy, commit or mirror of a disk failed.</summary>
internal sealed class BlockJobRule : IMachineRule
{
    private const string Cause = MachineCauses.BlockJobFailed;

    public MachineFinding Judge(MachineSight sight) =>
        sight.SinceBoot.FirstOrDefault(item => item.Kind == MachineEvents.BlockJob
            && item.Detail.EndsWith(" failed", StringComparison.Ordinal))
            is { } failed && sight.Machine.At - failed.At < TimeSpan.FromHours(1)
            ? MachineFinding.Accept(Cause, 0.8, $"a job on a disk failed at {failed.At:u}: {failed.Detail}", failed.At, failed.Id)
            : MachineFinding.Reject(Cause, "no job on a disk was seen to fail within an hour", sight.Ids);
}

/// <summary>What the disk rules share.</summary>
internal static class IoErrors
{
    /// <summary>A pool with less than this is as good as full: images grow by clusters.</summary>
    private const long Crumbs = 1024 * 1024;

    /// <remarks>QEMU keeps a disk's error until the next boot, also when the disk works again. Of a guest that runs it counts only while
    /// the event that told of it is newer than the last resumption.</remarks>
    public static bool Holds(MachineSight sight) => sight.Domain is { State: "paused", Reason: "io-error" }
        || (sight.Domain is { IsOff: false } && sight.Machine.Disks.Any(disk => disk.Error is not null)
            && sight.SinceBoot.FirstOrDefault(item => item.Kind is MachineEvents.IoError or MachineEvents.Resumed)?.Kind
                == MachineEvents.IoError);

    /// <summary>Whether want of space is proven: by the disk, by the event, or by a pool that has nothing left.</summary>
    public static (bool Starved, IReadOnlyList<string> Evidence) OfSpace(MachineSight sight)
    {
        var bad = sight.Machine.Disks.Where(disk => disk.Error is not null).ToList();
        var told = sight.SinceBoot.FirstOrDefault(item => item.Kind == MachineEvents.IoError);
        var full = Pools(sight).Where(pool => pool.AvailableBytes < Crumbs).ToList();
        var starved = bad.Exists(disk => disk.Error == "no-space") || told?.Detail.EndsWith("enospc", StringComparison.Ordinal) == true
            || full.Count > 0;
        return (starved, [.. sight.Ids, .. bad.Select(disk => disk.Id), .. full.Select(pool => pool.Id), .. told is null ? []
            : new[] { told.Id }]);
    }

    /// <summary>Where the disks in error lie; of all disks when none is known to be in error.</summary>
    public static IReadOnlyList<PoolEvidence> Pools(MachineSight sight)
    {
        var bad = sight.Machine.Disks.Where(disk => disk.Error is not null).ToList();
        var names = (bad.Count > 0 ? bad : sight.Machine.Disks).Select(disk => disk.Pool).ToHashSet(StringComparer.Ordinal);
        return [.. sight.Machine.Pools.Where(pool => names.Contains(pool.Id))];
    }

    public static DateTimeOffset? Since(MachineSight sight) =>
        sight.SinceBoot.LastOrDefault(item => item.Kind == MachineEvents.IoError)?.At;
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Heal.Drivers.Libvirt.Native;

/// <summary>The kernel's byte-range locks of open file descriptions (fcntl(2), Linux on 64 bits).</summary>
internal static partial class FileLocks
{
    private const int GetLock = 36; // F_OFD_GETLK
    private const short ForWriting = 1; // F_WRLCK: in the way of every other lock
    private const short Nobody = 2; // F_UNLCK

    /// <summary>Whether somebody else holds a lock, of whatever kind, on one byte. Null: the kernel or the file system cannot
    /// tell.</summary>
    public static unsafe bool? IsHeld(SafeFileHandle file, long at)
    {
        var question = new Range { Kind = ForWriting, Start = at, Length = 1 };
        return fcntl64(file, GetLock, &question) == 0 ? question.Kind != Nobody : null;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int fcntl64(SafeFileHandle file, int command, Range* range);

    // struct flock
    [StructLayout(LayoutKind.Sequential)]
    private struct Range
    {
        public short Kind;
        public short From;
        public long Start;
        public long Length;
        public int Process;
    }
}

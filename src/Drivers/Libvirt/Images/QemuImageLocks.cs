using System.Runtime.InteropServices;
using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Images;

/// <summary>
/// Asks the kernel for the locks of an image. QEMU keeps a shared lock on one byte of the file per thing that it does with it: byte 100 and
/// up for what it does, 200 and up for what it lets nobody else do; in both, bit 1 is writing and bit 3 resizing (QEMU's documentation,
/// "Image locking", and its file-posix driver). It asks for no lock, and so disturbs nobody.
/// </summary>
internal sealed class QemuImageLocks : IImageLocks
{
    private const long FirstOfWhatIsDone = 100;
    private const int Write = 1;
    private const int Resize = 3;

    public ImageLock Look(string path)
    {
        try
        {
            // Sharing everything: .NET would take a lock of its own otherwise.
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            foreach (var use in (ReadOnlySpan<int>)[Write, Resize])
            {
                if (FileLocks.IsHeld(file, FirstOfWhatIsDone + use) is not { } held)
                {
                    return new ImageLock(ImageLockState.Unknown, $"{path}: {Marshal.GetLastPInvokeErrorMessage()}");
                }

                if (held) return new ImageLock(ImageLockState.Held, "");
            }

            return new ImageLock(ImageLockState.Free, "");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new ImageLock(ImageLockState.Unknown, e.Message);
        }
    }
}

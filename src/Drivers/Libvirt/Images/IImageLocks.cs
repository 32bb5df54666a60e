namespace Heal.Drivers.Libvirt;

/// <summary>Who holds an image file, by the locks that QEMU takes on it.</summary>
public interface IImageLocks
{
    /// <summary>Looks from this machine. It may take as long as the file system takes: a network file system whose server is gone does not
    /// answer.</summary>
    ImageLock Look(string path);
}

/// <param name="Detail">Why it is not known; empty otherwise.</param>
public sealed record ImageLock(ImageLockState State, string Detail);

public enum ImageLockState
{
    /// <summary>No emulator that locks its images, and whose locks reach this machine, may write to it.</summary>
    Free,

    /// <summary>One may.</summary>
    Held,

    /// <summary>There is no such file, it is none, or its locks cannot be asked for.</summary>
    Unknown,
}

using System.Diagnostics;
using Heal.Drivers.Libvirt.Images;

namespace Heal.Drivers.Libvirt.Tests;

/// <summary>The locks of image files, held by another process as QEMU holds them.</summary>
public sealed class ImageLockTests : IDisposable
{
    private readonly string _image = Path.GetTempFileName();
    private readonly QemuImageLocks _locks = new();

    [Theory]
    [InlineData(101, ImageLockState.Held)]
    [InlineData(103, ImageLockState.Held)]
    [InlineData(100, ImageLockState.Free)]
    [InlineData(201, ImageLockState.Free)]
    public async Task An_image_is_held_while_somebody_may_write_or_resize_it_and_only_then(int at, ImageLockState expected)
    {
        Assert.Equal(ImageLockState.Free, _locks.Look(_image).State);
        using (var holder = Hold(at))
        {
            Assert.Equal("held", await holder.StandardOutput.ReadLineAsync());
            Assert.Equal(expected, _locks.Look(_image).State);
            Assert.Equal(expected, _locks.Look(_image).State);
            holder.StandardInput.Close();
            await holder.WaitForExitAsync();
        }

        Assert.Equal(ImageLockState.Free, _locks.Look(_image).State);
    }

    [Fact]
    public void What_is_not_there_is_not_known()
    {
        var look = _locks.Look($"{_image}.none");

        Assert.Equal(ImageLockState.Unknown, look.State);
        Assert.Contains(".none", look.Detail, StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(_image);

    // F_OFD_SETLK (37) with F_RDLCK (0) on one byte.
    private Process Hold(int at)
    {
        const string Script = """
            import fcntl, struct, sys
            image = open(sys.argv[1], "r+b")
            fcntl.fcntl(image, 37, struct.pack("hhqqi4x", 0, 0, int(sys.argv[2]), 1, 0))
            print("held", flush=True)
            sys.stdin.read()
            """;
        return Process.Start(new ProcessStartInfo("python3", ["-c", Script, _image, $"{at}"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false,
        })!;
    }
}

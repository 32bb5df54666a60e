using System.Runtime.InteropServices;

namespace Heal.Drivers.Libvirt.Native;

/// <summary>
/// Finds libvirt's shared libraries: by their Debian names on the loader's path, or where <c>LIBVIRT_SO</c> points (the file of
/// libvirt.so.0; libvirt-qemu.so.0 is then expected beside it).
/// </summary>
internal sealed class LibraryLoader(Func<string, string?> environment)
{
    public const string Libvirt = "libvirt";
    public const string LibvirtQemu = "libvirt-qemu";
    public const string OverrideVariable = "LIBVIRT_SO";

    /// <summary>The file to load for one of the two names.</summary>
    public string FileOf(string library)
    {
        var file = library + ".so.0";
        if (environment(OverrideVariable) is not { Length: > 0 } given)
            return file;
        return library == Libvirt ? given : Path.Combine(Path.GetDirectoryName(given) ?? "", file);
    }

    /// <summary>Null and the handle, or the words for whoever has to install it.</summary>
    public string? TryLoad(string library, out nint handle)
    {
        var file = FileOf(library);
        if (NativeLibrary.TryLoad(file, out handle))
            return null;
        var given = environment(OverrideVariable) is { Length: > 0 } ? $" ({OverrideVariable} is set)" : "";
        return $"the library '{file}' could not be loaded{given}. Install the Debian package libvirt0 (apt-get install libvirt0), "
            + $"or set {OverrideVariable} to the path of libvirt.so.0.";
    }
}

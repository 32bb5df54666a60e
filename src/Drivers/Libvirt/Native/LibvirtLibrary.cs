using System.Reflection;
using System.Runtime.InteropServices;

namespace Heal.Drivers.Libvirt.Native;

/// <summary>
/// libvirt in this process: loaded and initialised once, at the first connection. A process without configured hosts never needs it.
/// </summary>
internal static unsafe class LibvirtLibrary
{
    /// <summary>Checkpoints came with it (2019); everything else that is called here is older.</summary>
    public static readonly Version Oldest = new(5, 6, 0);

    private static readonly LibraryLoader Loader = new(Environment.GetEnvironmentVariable);
    private static readonly Lazy<string?> Fault = new(Initialise);

    /// <exception cref="LibvirtUnreachableException">The library is missing, too old, or would not start.</exception>
    public static void Require(string host)
    {
        if (Fault.Value is { } fault)
            throw new LibvirtUnreachableException(host, fault);
    }

    private static string? Initialise()
    {
        if (Loader.TryLoad(LibraryLoader.Libvirt, out _) is { } missing)
            return missing;
        NativeLibrary.SetDllImportResolver(typeof(LibvirtLibrary).Assembly, Resolve);
        if (LibvirtApi.virInitialize() < 0)
            return "virInitialize failed: " + NativeFault.Last().Message;
        // without it libvirt writes every error to our standard error
        LibvirtApi.virSetErrorFunc(0, &Ignore);
        ulong version = 0;
        if (LibvirtApi.virGetVersion(&version, null, null) < 0)
            return "virGetVersion failed: " + NativeFault.Last().Message;
        if (VersionOf(version) < Oldest)
            return $"libvirt {VersionOf(version)} is installed, expected {Oldest} or newer.";
        return EventLoop.Start();
    }

    /// <summary>9000001 is 9.0.1.</summary>
    public static Version VersionOf(ulong version) =>
        new((int)(version / 1_000_000), (int)(version / 1_000 % 1_000), (int)(version % 1_000));

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name is not (LibraryLoader.Libvirt or LibraryLoader.LibvirtQemu))
            return 0;
        return Loader.TryLoad(name, out var handle) is { } missing ? throw new DllNotFoundException(missing) : handle;
    }

    [UnmanagedCallersOnly]
    private static void Ignore(nint data, nint error)
    {
    }
}

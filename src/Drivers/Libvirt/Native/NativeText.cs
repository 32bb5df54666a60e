using System.Runtime.InteropServices;

namespace Heal.Drivers.Libvirt.Native;

/// <summary>Strings from libvirt. All are bounded: what a host sends is not trusted to be short.</summary>
internal static unsafe class NativeText
{
    /// <summary>A name, a path, a device.</summary>
    public const int MaxNameBytes = 4 * 1024;

    /// <summary>An error's words.</summary>
    public const int MaxMessageBytes = 8 * 1024;

    /// <summary>An XML document or an agent's answer.</summary>
    public const int MaxDocumentBytes = 16 * 1024 * 1024;

    /// <summary>Copies text that stays libvirt's, cut at the limit; null for null.</summary>
    public static string? Read(nint text, int maxBytes)
    {
        if (text == 0)
            return null;
        var length = LengthOf(text, maxBytes);
        return Marshal.PtrToStringUTF8(text, length);
    }

    /// <summary>Copies text that is ours to free, and frees it; null for null. A document that is over the limit would be a broken
    /// one when cut: it is refused.</summary>
    public static string? Take(nint text, int maxBytes)
    {
        if (text == 0)
            return null;
        try
        {
            var length = LengthOf(text, maxBytes + 1);
            return length > maxBytes
                ? throw new NativeFault(0, 0, $"the answer is longer than {maxBytes} bytes and was not read")
                : Marshal.PtrToStringUTF8(text, length);
        }
        finally
        {
            Free(text);
        }
    }

    /// <summary>libvirt allocates with malloc.</summary>
    public static void Free(nint memory) => NativeMemory.Free((void*)memory);

    private static int LengthOf(nint text, int maxBytes)
    {
        var length = new ReadOnlySpan<byte>((void*)text, maxBytes).IndexOf((byte)0);
        return length < 0 ? maxBytes : length;
    }
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Heal.Healing;

/// <summary>
/// What follows from a definition's id, so that a create that is repeated, by whatever process, makes the same machine: UUID, MAC
/// addresses, names of volumes, ids of orchestrations.
/// </summary>
public static class VmIdentity
{
    private const int MarkBytes = 5;
    private const string CopyMarkSuffix = ".copying";

    // Of the names of machines, as RFC 9562 wants one for version 5. Chosen once; changing it makes every machine another one.
    private static readonly Guid Names = new("6b1f0f0e-6d0c-5c0b-9a55-7d6e2b6f3c11");

    /// <summary>A version 5 UUID (RFC 9562) of the id.</summary>
    public static Guid Uuid(string id)
    {
        Span<byte> input = [.. Names.ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes(id)];
#pragma warning disable CA5350 // the format demands SHA-1; nothing is secret here
        var hash = SHA1.HashData(input).AsSpan(0, 16);
#pragma warning restore CA5350
        hash[6] = (byte)((hash[6] & 0x0F) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash, bigEndian: true);
    }

    /// <summary>An address under QEMU's prefix 52:54:00. Two ids meet with a chance of 1 in 16 million: conflicts are looked for.</summary>
    public static string Mac(string id, int index)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"mac/{id}/{index}"));
        return string.Create(CultureInfo.InvariantCulture, $"52:54:00:{hash[0]:x2}:{hash[1]:x2}:{hash[2]:x2}");
    }

    /// <summary>
    /// The name of a volume that a definition makes, for example <c>web-1.vda.5c1d20ab77.qcow2</c>. libvirt keeps no metadata of volumes:
    /// the mark in the name, which nobody arrives at by chance, is what says whose a volume is.
    /// </summary>
    public static string VolumeName(string id, string part, string extension) => $"{id}.{part}.{Mark(id)}.{extension}";

    /// <summary>The name of the small volume that is there for as long as a copy is not whole. It carries the definition's mark
    /// too.</summary>
    public static string CopyMark(string volume) => volume + CopyMarkSuffix;

    /// <summary>True for what <see cref="CopyMark"/> names.</summary>
    public static bool IsCopyMark(string volume) => volume.EndsWith(CopyMarkSuffix, StringComparison.Ordinal);

    /// <summary>True for a volume that the definition made, or would make.</summary>
    public static bool IsVolumeOf(string id, string volume) =>
        volume.StartsWith($"{id}.", StringComparison.Ordinal)
        && volume.AsSpan(id.Length + 1).IndexOf($".{Mark(id)}.", StringComparison.Ordinal) >= 0;

    /// <summary>The orchestration that does something to the machine: one at a time, whatever it is.</summary>
    public static string InstanceId(string id) => $"vm-{id}";

    /// <summary>True for what can be a definition's id.</summary>
    public static bool IsId(string id) => VmDefinitionRules.IsId(id);

    internal static bool IsUsableMac(string mac)
    {
        var parts = mac.Split(':');
        if (parts.Length != 6 || parts.Any(part => part.Length != 2 || !part.All(char.IsAsciiHexDigit))) return false;
        var isMulticast = (Convert.ToByte(parts[0], 16) & 1) == 1;
        return !isMulticast && parts.Any(part => part != "00");
    }

    private static string Mark(string id) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"volume/{id}")).AsSpan(0, MarkBytes));
}

using System.Buffers.Binary;
using System.Text;

namespace Heal.Healing;

/// <summary>
/// A FAT12 file system with a few small files in its root, the same bytes for the same files: no clock, no random serial. Layout after
/// Microsoft's "FAT: General Overview of On-Disk Format" 1.03. Why not an ISO tool: docs/decisions.
/// </summary>
internal static class FatImage
{
    /// <summary>Of the whole image.</summary>
    public const int Bytes = 1 << 20;

    private const int Sector = 512;
    private const int SectorsPerCluster = 1;
    private const int FatSectors = 6; // 2,048 entries of 12 bits are 3,072 bytes
    private const int Fats = 2;
    private const int RootEntries = 64;
    private const int EntryBytes = 32;
    private const int RootSectors = RootEntries * EntryBytes / Sector;
    private const int FirstDataSector = 1 + (Fats * FatSectors) + RootSectors;
    private const int Clusters = ((Bytes / Sector) - FirstDataSector) / SectorsPerCluster;
    private const int LongNameCharacters = 13;
    private const ushort EndOfChain = 0xFFF;
    private const ushort Date = ((2000 - 1980) << 9) | (1 << 5) | 1; // 2000-01-01: every file needs one, and none must change the bytes

    /// <param name="label">Up to 11 ASCII characters.</param>
    /// <param name="files">Names of ASCII letters, digits and hyphens, each once.</param>
    /// <exception cref="ArgumentException">They do not fit.</exception>
    public static byte[] Of(string label, IReadOnlyList<(string Name, byte[] Content)> files)
    {
        var image = new byte[Bytes];
        BootSector(image, label);
        var fat = new ushort[2 + Clusters];
        (fat[0], fat[1]) = (0xFF8, EndOfChain);
        var root = new List<byte[]> { Entry(ShortName(label), attributes: 0x08, cluster: 0, size: 0) };
        var next = 2;
        for (var i = 0; i < files.Count; i++)
        {
            var (name, content) = files[i];
            var clusters = (content.Length + Sector - 1) / Sector;
            if (next + clusters > fat.Length) throw new ArgumentException($"the files need more than {Clusters * Sector} bytes",
                nameof(files));
            var alias = ShortName($"F{i:D7}TXT");
            root.AddRange(LongName(name, alias));
            root.Add(Entry(alias, attributes: 0x20, clusters == 0 ? 0 : next, content.Length));
            content.CopyTo(image, (FirstDataSector + next - 2) * Sector);
            for (var c = 0; c < clusters; c++) fat[next + c] = c == clusters - 1 ? EndOfChain : (ushort)(next + c + 1);
            next += clusters;
        }

        if (root.Count > RootEntries) throw new ArgumentException($"the names need more than {RootEntries} entries", nameof(files));
        for (var i = 0; i < root.Count; i++) root[i].CopyTo(image, ((1 + (Fats * FatSectors)) * Sector) + (i * EntryBytes));
        for (var copy = 0; copy < Fats; copy++) Pack(fat, image.AsSpan((1 + (copy * FatSectors)) * Sector, FatSectors * Sector));
        return image;
    }

    private static void BootSector(byte[] image, string label)
    {
        ReadOnlySpan<byte> jump = [0xEB, 0x3C, 0x90];
        jump.CopyTo(image);
        Encoding.ASCII.GetBytes("MSWIN4.1").CopyTo(image, 3); // the name that old drivers expect
        Write16(image, 11, Sector);
        image[13] = SectorsPerCluster;
        Write16(image, 14, 1); // reserved: this sector
        image[16] = Fats;
        Write16(image, 17, RootEntries);
        Write16(image, 19, Bytes / Sector);
        image[21] = 0xF8; // a fixed disk
        Write16(image, 22, FatSectors);
        Write16(image, 24, 32);
        Write16(image, 26, 2);
        image[36] = 0x80;
        image[38] = 0x29; // serial, label and type follow
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(39), 0x4845414C);
        ShortName(label).CopyTo(image, 43);
        Encoding.ASCII.GetBytes("FAT12   ").CopyTo(image, 54);
        (image[510], image[511]) = (0x55, 0xAA);
    }

    private static byte[] Entry(byte[] name, byte attributes, int cluster, int size)
    {
        var entry = new byte[EntryBytes];
        name.CopyTo(entry, 0);
        entry[11] = attributes;
        Write16(entry, 16, Date);
        Write16(entry, 18, Date);
        Write16(entry, 24, Date);
        Write16(entry, 26, (ushort)cluster);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(28), size);
        return entry;
    }

    // The pieces of a long name come last piece first, before the entry that they name.
    private static IEnumerable<byte[]> LongName(string name, byte[] alias)
    {
        byte sum = 0;
        foreach (var b in alias) sum = (byte)((((sum & 1) << 7) | (sum >> 1)) + b);
        var pieces = (name.Length + LongNameCharacters - 1) / LongNameCharacters;
        int[] places = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];
        for (var piece = pieces; piece >= 1; piece--)
        {
            var entry = new byte[EntryBytes];
            entry[0] = (byte)(piece | (piece == pieces ? 0x40 : 0));
            entry[11] = 0x0F;
            entry[13] = sum;
            for (var i = 0; i < LongNameCharacters; i++)
            {
                var at = ((piece - 1) * LongNameCharacters) + i;
                Write16(entry, places[i], at < name.Length ? name[at] : at == name.Length ? (ushort)0 : (ushort)0xFFFF);
            }

            yield return entry;
        }
    }

    // A label keeps its letters' case: blkid compares "cidata" literally, and so does cloud-init, which also takes "CIDATA".
    private static byte[] ShortName(string name) => Encoding.ASCII.GetBytes(name.PadRight(11)[..11]);

    // Two entries of 12 bits in three bytes.
    private static void Pack(ushort[] fat, Span<byte> to)
    {
        for (var i = 0; i < fat.Length; i++)
        {
            var at = i * 3 / 2;
            if (i % 2 == 0)
            {
                to[at] = (byte)fat[i];
                to[at + 1] = (byte)((to[at + 1] & 0xF0) | (fat[i] >> 8));
            }
            else
            {
                to[at] = (byte)((to[at] & 0x0F) | (fat[i] << 4));
                to[at + 1] = (byte)(fat[i] >> 4);
            }
        }
    }

    private static void Write16(byte[] to, int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(to.AsSpan(at), value);
}

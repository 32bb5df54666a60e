namespace Heal.Simulator.Storage;

/// <summary>Random parts of names and uids from one seeded source, so that a run can be repeated.</summary>
internal sealed class Names(Random random)
{
    // No vowels, no look-alikes: generated names must not form words.
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    private readonly Lock _gate = new();

    public string Suffix(int length = 5)
    {
        lock (_gate)
            return string.Create(length, random, static (span, r) =>
            {
                foreach (ref var c in span)
                    c = Alphabet[r.Next(Alphabet.Length)];
            });
    }

    public string Uid()
    {
        var bytes = new byte[16];
        lock (_gate)
            random.NextBytes(bytes);
        bytes[7] = (byte)((bytes[7] & 0x0f) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new Guid(bytes).ToString();
    }

    /// <summary>A short stable code of a text, in the same alphabet: the pod-template-hash.</summary>
    public static string Hash(string text)
    {
        // FNV-1a, 64 bits: stable over processes, unlike string.GetHashCode.
        var hash = 14695981039346656037UL;
        foreach (var c in text)
            hash = unchecked((hash ^ c) * 1099511628211UL);
        return string.Create(10, hash, static (span, h) =>
        {
            foreach (ref var c in span)
            {
                c = Alphabet[(int)(h % (ulong)Alphabet.Length)];
                h /= (ulong)Alphabet.Length;
            }
        });
    }
}

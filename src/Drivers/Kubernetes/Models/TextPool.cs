using System.Text;

namespace Heal.Drivers.Kubernetes.Models;

/// <summary>
/// Hands out one instance of texts that come again and again (label keys, phases, images, node names). A table of fixed size in which a
/// new text takes the place of another: it never grows, and a loser costs one more instance, nothing else. Races are harmless for the
/// same reason.
/// </summary>
internal sealed class TextPool
{
    /// <summary>Longest text that is shared, in bytes.</summary>
    public const int MaxBytes = 128;

    private const int Slots = 1 << 15;

    private readonly string?[] _texts = new string?[Slots];

    public static TextPool Shared { get; } = new();

    public string Get(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length is 0 or > MaxBytes)
            return utf8.IsEmpty ? string.Empty : Encoding.UTF8.GetString(utf8);

        ref var slot = ref _texts[Hash(utf8) & (Slots - 1)];
        var known = slot;
        if (known is not null && Ascii.Equals(utf8, known))
            return known;
        var text = Encoding.UTF8.GetString(utf8);
        slot = text;
        return text;
    }

    // FNV-1a: short texts, and no need to withstand an attacker, who could only make us share less.
    private static uint Hash(ReadOnlySpan<byte> utf8)
    {
        var hash = 2166136261u;
        foreach (var value in utf8)
            hash = (hash ^ value) * 16777619u;
        return hash ^ (hash >> 15);
    }
}

using System.Runtime.InteropServices;
using System.Text.Json;

namespace Heal.Drivers.Kubernetes.Models;

/// <summary>
/// Hands out one instance of fields without a model that come again and again: pods of one template agree in tolerations, security
/// contexts, ports and the like, and each such field would be a document of its own. A table of fixed size, as <see cref="TextPool"/>.
/// </summary>
internal sealed class ElementPool
{
    /// <summary>Longest field that is shared, in bytes.</summary>
    public const int MaxBytes = 512;

    private const int Slots = 1 << 12;

    private readonly Entry?[] _entries = new Entry?[Slots];

    public static ElementPool Shared { get; } = new();

    public JsonElement Get(JsonElement element)
    {
        var utf8 = JsonMarshal.GetRawUtf8Value(element);
        if (utf8.Length > MaxBytes)
            return element;
        var hash = new HashCode();
        hash.AddBytes(utf8);
        ref var slot = ref _entries[hash.ToHashCode() & (Slots - 1)];
        var known = slot;
        if (known is not null && JsonMarshal.GetRawUtf8Value(known.Element).SequenceEqual(utf8))
            return known.Element;
        slot = new Entry(element);
        return element;
    }

    // A reference, so that a slot changes in one step.
    private sealed record Entry(JsonElement Element);
}

using System.Buffers;
using System.Text;

namespace Heal.Drivers.Kubernetes.Pods;

/// <summary>Keeps the beginning of an output and counts that there was more.</summary>
internal sealed class ExecOutput(int limit)
{
    private readonly ArrayBufferWriter<byte> _kept = new();

    public bool IsTruncated { get; private set; }

    public void Add(ReadOnlySpan<byte> piece)
    {
        var room = limit - _kept.WrittenCount;
        IsTruncated |= piece.Length > room;
        _kept.Write(piece[..Math.Min(piece.Length, room)]);
    }

    public override string ToString() => Encoding.UTF8.GetString(_kept.WrittenSpan);
}

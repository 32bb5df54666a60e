using System.Buffers.Binary;

namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>
/// Ids of invocations: UUIDs of version 7 (RFC 9562, section 6.2, method 2: random bits that are counted on). Unique, not secret. The
/// random bits are drawn once: a draw for each invocation is a system call, and was an eighth of what an HTTP function costs.
/// </summary>
internal sealed class InvocationIds
{
    private const int Bytes = 16;
    private const int CountedFrom = 8;
    private const ulong CountedBits = (1UL << 62) - 1;
    private const ulong Variant = 0b10UL << 62;

    private readonly TimeProvider _time;
    private readonly byte[] _seed;
    private ulong _count;

    public InvocationIds(TimeProvider time)
    {
        _time = time;
        _seed = Guid.CreateVersion7(time.GetUtcNow()).ToByteArray(bigEndian: true);
        _count = BinaryPrimitives.ReadUInt64BigEndian(_seed.AsSpan(CountedFrom));
    }

    public string Next()
    {
        Span<byte> id = stackalloc byte[Bytes];
        // 48 bits of milliseconds, then the seed's version and random bits.
        BinaryPrimitives.WriteInt64BigEndian(id, _time.GetUtcNow().ToUnixTimeMilliseconds() << 16);
        _seed.AsSpan(6, 2).CopyTo(id[6..]);
        BinaryPrimitives.WriteUInt64BigEndian(id[CountedFrom..], Variant | (Interlocked.Increment(ref _count) & CountedBits));
        return new Guid(id, bigEndian: true).ToString();
    }
}

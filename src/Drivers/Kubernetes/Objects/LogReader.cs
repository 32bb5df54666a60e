using System.Text;
using Heal.Drivers.Kubernetes.Transport;

namespace Heal.Drivers.Kubernetes.Objects;

/// <summary>
/// Keeps the end of a log. The API's own limitBytes keeps the beginning, and the reason of a crash stands at the end.
/// </summary>
internal sealed class LogReader(int limit, long maxRead)
{
    private const int ChunkSize = 32 << 10;

    public async Task<PodLog> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        await using var limited = new LimitedStream(stream, new ByteBudget(maxRead));
        // Twice the limit, so that the kept half moves once per limit bytes and not with every chunk.
        var capacity = (2L * limit) + ChunkSize;
        var buffer = new byte[Math.Min(capacity, 64 << 10)];
        var length = 0;
        var isTruncated = false;
        while (true)
        {
            if (length == buffer.Length && buffer.Length < capacity)
                Array.Resize(ref buffer, (int)Math.Min(capacity, 2L * buffer.Length));
            if (length == buffer.Length)
            {
                buffer.AsSpan(length - limit).CopyTo(buffer);
                length = limit;
                isTruncated = true;
            }

            var read = await limited.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
                break;
            length += read;
        }

        var start = Math.Max(0, length - limit);
        isTruncated |= start > 0;
        var text = buffer.AsMemory(start, length - start);
        return new PodLog(Encoding.UTF8.GetString((isTruncated ? FromNextLine(text) : text).Span), isTruncated);
    }

    // A cut line, or half a character, would be read as something that it is not.
    private static ReadOnlyMemory<byte> FromNextLine(ReadOnlyMemory<byte> text)
    {
        var newline = text.Span.IndexOf((byte)'\n');
        return newline < 0 || newline == text.Length - 1 ? text : text[(newline + 1)..];
    }
}

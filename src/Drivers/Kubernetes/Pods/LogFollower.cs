using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;

namespace Heal.Drivers.Kubernetes.Pods;

/// <summary>Cuts a log that is being written into lines, of which each and all together are bounded.</summary>
internal static class LogFollower
{
    public static async IAsyncEnumerable<PodLogLine> ReadAsync(
        Stream stream, int maxLine, long maxTotal, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));
        var total = 0L;
        // The rest of a line of which the beginning was given out already.
        var isInRest = false;
        try
        {
            while (true)
            {
                var result = await reader.ReadAsync(cancellationToken);
                var buffer = result.Buffer;
                while (buffer.PositionOf((byte)'\n') is { } end)
                {
                    var line = buffer.Slice(0, end);
                    buffer = buffer.Slice(buffer.GetPosition(1, end));
                    total += line.Length + 1;
                    if (!isInRest)
                        yield return Line(line, maxLine);
                    isInRest = false;
                    if (total >= maxTotal)
                        yield break;
                }

                if (isInRest || buffer.Length > maxLine || (result.IsCompleted && buffer.Length > 0))
                {
                    total += buffer.Length;
                    if (!isInRest)
                        yield return Line(buffer, maxLine);
                    isInRest = true;
                    buffer = buffer.Slice(buffer.End);
                }

                reader.AdvanceTo(buffer.Start, buffer.End);
                if (result.IsCompleted || total >= maxTotal)
                    yield break;
            }
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    private static PodLogLine Line(ReadOnlySequence<byte> line, int maxLine)
    {
        var isCut = line.Length > maxLine;
        var text = Encoding.UTF8.GetString(isCut ? line.Slice(0, maxLine) : line);
        return new PodLogLine(text.EndsWith('\r') ? text[..^1] : text, isCut);
    }
}

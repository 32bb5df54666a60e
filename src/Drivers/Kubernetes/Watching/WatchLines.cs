using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Transport;

namespace Heal.Drivers.Kubernetes.Watching;

/// <summary>Cuts a watch's answer into its lines, one JSON document each. An unfinished last line is dropped: it will come again.</summary>
internal static class WatchLines
{
    public static async IAsyncEnumerable<WatchFrame> ReadAsync(
        Stream stream,
        long maxLineBytes,
        TimeSpan idleTimeout,
        TimeProvider time,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));
        try
        {
            while (true)
            {
                var result = await ReadAsync(reader, idleTimeout, time, cancellationToken);
                var buffer = result.Buffer;
                while (TryTakeLine(ref buffer, out var line))
                {
                    if (line.Length > 0)
                        yield return Parse(line);
                }

                if (buffer.Length > maxLineBytes)
                    throw new AnswerTooLargeException(maxLineBytes);
                reader.AdvanceTo(buffer.Start, buffer.End);
                if (result.IsCompleted)
                    yield break;
            }
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    private static async Task<ReadResult> ReadAsync(
        PipeReader reader, TimeSpan idleTimeout, TimeProvider time, CancellationToken cancellationToken)
    {
        using var idle = new CancellationTokenSource(idleTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, idle.Token);
        try
        {
            return await reader.ReadAsync(both.Token);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"not a byte for {idleTimeout.TotalSeconds:0.#} s", exception);
        }
    }

    private static bool TryTakeLine(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> line)
    {
        line = default;
        if (buffer.PositionOf((byte)'\n') is not { } end)
            return false;
        line = buffer.Slice(0, end);
        buffer = buffer.Slice(buffer.GetPosition(1, end));
        return true;
    }

    private static WatchFrame Parse(ReadOnlySequence<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        return JsonSerializer.Deserialize<WatchFrame>(ref reader, KubernetesJson.Options)
            ?? throw new JsonException("Expected a watch event, got null.");
    }
}

/// <summary>One line of a watch.</summary>
internal sealed class WatchFrame
{
    /// <summary>ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.</summary>
    public string Type { get; init; } = string.Empty;
    public JsonElement Object { get; init; }
}

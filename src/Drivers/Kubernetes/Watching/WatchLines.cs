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
    /// <summary>Most objects fit, and lie in one piece then, which is read faster than several.</summary>
    private const int BufferBytes = 32 << 10;

    /// <remarks>A frame is good until the next is asked for.</remarks>
    public static async IAsyncEnumerable<WatchFrame> ReadAsync(
        Stream stream,
        long maxLineBytes,
        TimeSpan idleTimeout,
        TimeProvider time,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: BufferBytes, leaveOpen: true));
        try
        {
            while (true)
            {
                var result = await ReadAsync(reader, idleTimeout, time, cancellationToken);
                var buffer = result.Buffer;
                while (TryTakeLine(ref buffer, out var line))
                {
                    if (line.Length > 0)
                        yield return WatchFrame.Parse(line);
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
            throw new SilentConnectionException(idleTimeout, exception);
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
}

/// <summary>Nothing came for too long, not even a bookmark.</summary>
internal sealed class SilentConnectionException(TimeSpan idle, Exception cause)
    : IOException($"not a byte for {idle.TotalSeconds:0.#} s", cause);

/// <summary>One line of a watch, its object not yet read.</summary>
internal readonly struct WatchFrame
{
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = KubernetesJson.Options.MaxDepth };

    private readonly ReadOnlySequence<byte> _value;

    private WatchFrame(string type, ReadOnlySequence<byte> value) => (Type, _value) = (type, value);

    /// <summary>ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.</summary>
    public string Type { get; }

    /// <summary>Finds the type and where the object begins; it is not looked at when the type comes first, as servers write it.</summary>
    public static WatchFrame Parse(ReadOnlySequence<byte> line)
    {
        var reader = new Utf8JsonReader(line, ReaderOptions);
        string? type = null;
        ReadOnlySequence<byte>? value = null;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException($"Expected a watch event, got {reader.TokenType}.");
        while ((type is null || value is null) && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.ValueTextEquals("type"u8);
            var isValue = reader.ValueTextEquals("object"u8);
            reader.Read();
            if (isType && reader.TokenType == JsonTokenType.String)
                type = reader.GetString();
            if (isValue)
                value = line.Slice(reader.TokenStartIndex);
            if (type is null || value is null)
                reader.Skip();
        }

        return type is not null && value is { } found
            ? new WatchFrame(type, found)
            : throw new JsonException("Expected a watch event with a type and an object, got a document without one of them.");
    }

    public T Read<T>(JsonSerializerOptions options)
    {
        var reader = new Utf8JsonReader(_value, ReaderOptions);
        return JsonSerializer.Deserialize<T>(ref reader, options) ?? throw new JsonException("Expected an object, got null.");
    }
}

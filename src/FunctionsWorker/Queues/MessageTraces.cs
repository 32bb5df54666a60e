using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace Microsoft.Azure.Functions.Worker.Queues;

/// <summary>
/// Which trace a queue message belongs to. A storage queue has no headers, and the host does not touch bodies, so there are two ways: the
/// sender wrote <c>traceparent</c> (and <c>tracestate</c>) into its JSON object, as CloudEvents does; or the message was sent by this
/// process, which remembers the last <see cref="Remembered"/> of its own.
/// </summary>
internal sealed class MessageTraces
{
    public const int Remembered = 10_000;

    private readonly ConcurrentDictionary<string, ActivityContext> _sent = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _order = new();

    /// <summary>Notes that the current span sent this message.</summary>
    public void Sent(string messageId)
    {
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C } sender && _sent.TryAdd(messageId, sender.Context))
        {
            _order.Enqueue(messageId);
            if (_order.Count > Remembered && _order.TryDequeue(out string? oldest))
            {
                _sent.TryRemove(oldest, out _);
            }
        }
    }

    /// <returns>The sender's span; default when nobody told.</returns>
    public ActivityContext ParentOf(string messageId, BinaryData body) =>
        InBody(body.ToMemory().Span) is { } told ? told : _sent.GetValueOrDefault(messageId);

    private static ActivityContext? InBody(ReadOnlySpan<byte> body)
    {
        // Most messages say nothing: they are not parsed for it.
        if (body.IndexOf("\"traceparent\""u8) < 0)
        {
            return null;
        }

        try
        {
            var json = new Utf8JsonReader(body);
            return Read(ref json);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // No JSON, or no object: what the function makes of it is its own affair.
            return null;
        }
    }

    private static ActivityContext? Read(ref Utf8JsonReader json)
    {
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        string? parent = null;
        string? state = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            bool isParent = json.ValueTextEquals("traceparent"u8);
            bool isState = json.ValueTextEquals("tracestate"u8);
            json.Read();
            if (json.TokenType == JsonTokenType.String && (isParent || isState))
            {
                (parent, state) = isParent ? (json.GetString(), state) : (parent, json.GetString());
            }

            json.Skip();
        }

        return ActivityContext.TryParse(parent, state, isRemote: true, out ActivityContext context) ? context : null;
    }
}

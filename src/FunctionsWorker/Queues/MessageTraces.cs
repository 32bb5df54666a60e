using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Azure.Functions.Worker.Store;

namespace Microsoft.Azure.Functions.Worker.Queues;

/// <summary>
/// Which trace a queue message belongs to. A storage queue has no headers, and the host does not touch bodies, so there are three ways: the
/// sender wrote <c>traceparent</c> (and <c>tracestate</c>) into its JSON object, as CloudEvents does; or the message was sent by this
/// process, which remembers the last <see cref="Remembered"/> of its own; or by another host that shares the store.
/// </summary>
/// <param name="shared">Null: there are no other hosts.</param>
internal sealed class MessageTraces(SharedTraces? shared = null)
{
    public const int Remembered = 10_000;

    private readonly ConcurrentDictionary<string, ActivityContext> _sent = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _order = new();

    /// <summary>Notes that the current span sent this message.</summary>
    public void Sent(string messageId)
    {
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C } sender)
        {
            Remember(messageId, sender.Context);
            shared?.Sent(messageId, sender);
        }
    }

    /// <summary>Asks the other hosts for the traces of messages that this one did not send, while somebody listens to spans.</summary>
    public ValueTask LearnAsync(QueueMessage[] received) =>
        shared is null || !FunctionInvoker.IsTraced
        || received.Where(m => !_sent.ContainsKey(m.MessageId)).Select(static m => m.MessageId).ToArray() is not { Length: > 0 } others
            ? default
            : new(LearnAsync(shared, others));

    private async Task LearnAsync(SharedTraces shared, string[] messageIds)
    {
        foreach (MessageTrace trace in await shared.FindAsync(messageIds))
        {
            if (ActivityContext.TryParse(trace.Parent, trace.State, isRemote: true, out ActivityContext sender))
            {
                Remember(trace.MessageId, sender);
            }
        }
    }

    private void Remember(string messageId, ActivityContext sender)
    {
        if (_sent.TryAdd(messageId, sender))
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

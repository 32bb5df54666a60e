using System.Buffers;
using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Logging;

/// <summary>
/// Writes each log entry as one line with one JSON object: <c>time</c> (UTC), <c>level</c>, <c>category</c>, <c>eventId</c>,
/// <c>message</c>, then, where there are such, <c>invocationId</c>, <c>correlationId</c>, <c>functionName</c>, <c>traceId</c>,
/// <c>spanId</c> and <c>exception</c>. The framework's own JSON formatter nests the scopes, where no log store finds the ids.
/// </summary>
internal sealed class JsonLine(TimeProvider time) : ILineFormat
{
    private static readonly (string Scope, string Field)[] Ids =
        [("InvocationId", "invocationId"), ("CorrelationId", "correlationId"), ("FunctionName", "functionName")];

    // A log line is no web page: quotes and umlauts stay readable.
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    public bool WantsScopes => true;

    public void Write(IBufferWriter<byte> line, in LineEntry entry, IExternalScopeProvider? scopes)
    {
        Utf8JsonWriter json = _writer ?? new(line, Relaxed);
        // Taken away meanwhile: a scope or an exception that logs while it is written must not write into this line.
        _writer = null;
        json.Reset(line);
        json.WriteStartObject();
        json.WriteString("time"u8, time.GetUtcNow().UtcDateTime);
        json.WriteString("level"u8, entry.Level.ToString());
        json.WriteString("category"u8, entry.Category);
        json.WriteNumber("eventId"u8, entry.EventId);
        json.WriteString("message"u8, entry.Message);
        WriteIds(json, scopes);
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity)
        {
            json.WriteString("traceId"u8, activity.TraceId.ToHexString());
            json.WriteString("spanId"u8, activity.SpanId.ToHexString());
        }

        if (entry.Exception is { } exception)
        {
            json.WriteString("exception"u8, exception.ToString());
        }

        json.WriteEndObject();
        json.Flush();
        line.Write("\n"u8);
        _writer = json;
    }

    private static void WriteIds(Utf8JsonWriter json, IExternalScopeProvider? scopes)
    {
        string?[] found = new string?[Ids.Length];
        scopes?.ForEachScope(
            static (scope, found) =>
            {
                if (scope is IEnumerable<KeyValuePair<string, object>> pairs)
                {
                    Take(pairs, found);
                }
            },
            found);
        for (int i = 0; i < Ids.Length; i++)
        {
            if (found[i] is { } id)
            {
                json.WriteString(Ids[i].Field, id);
            }
        }
    }

    // The innermost scope comes last, and is right.
    private static void Take(IEnumerable<KeyValuePair<string, object>> pairs, string?[] found)
    {
        foreach ((string name, object value) in pairs)
        {
            int index = Array.FindIndex(Ids, id => id.Scope == name);
            if (index >= 0)
            {
                found[index] = value?.ToString();
            }
        }
    }
}

using System.Buffers;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Microsoft.Azure.Functions.Worker.Logging;

/// <summary><see cref="JsonLine"/> for the framework's console, where that one writes.</summary>
internal sealed class JsonLineFormatter(TimeProvider time) : ConsoleFormatter(FormatName)
{
    public const string FormatName = "json-lines";

    private readonly JsonLine _line = new(time);

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        string message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        _line.Write(
            buffer, new(logEntry.LogLevel, logEntry.Category, logEntry.EventId.Id, message, logEntry.Exception), scopeProvider);
        textWriter.Write(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }
}

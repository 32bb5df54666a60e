using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Microsoft.Azure.Functions.Worker.Logging;

/// <summary>
/// An entry as the framework's own <c>simple</c> formatter writes it without colours, with the same options, but straight as UTF-8.
/// </summary>
internal sealed class TextLine(SimpleConsoleFormatterOptions options, TimeProvider time) : ILineFormat
{
    private const string Padding = "      ";
    private static readonly string[] Levels = ["trce", "dbug", "info", "warn", "fail", "crit"];

    public bool WantsScopes => options.IncludeScopes;

    public void Write(IBufferWriter<byte> line, in LineEntry entry, IExternalScopeProvider? scopes)
    {
        if (options.TimestampFormat is { } format)
        {
            DateTimeOffset now = options.UseUtcTimestamp ? time.GetUtcNow() : time.GetLocalNow();
            Put(line, now.ToString(format, CultureInfo.CurrentCulture));
        }

        Put(line, Levels[(int)entry.Level]);
        Put(line, ": ");
        Put(line, entry.Category);
        line.Write("["u8);
        Put(line, entry.EventId);
        line.Write("]"u8);
        EndHead(line);
        PutScopes(line, scopes);
        PutText(line, entry.Message);
        if (entry.Exception is { } exception)
        {
            PutText(line, exception.ToString());
        }

        if (options.SingleLine)
        {
            line.Write("\n"u8);
        }
    }

    private void EndHead(IBufferWriter<byte> line)
    {
        if (!options.SingleLine)
        {
            line.Write("\n"u8);
        }
    }

    private void PutScopes(IBufferWriter<byte> line, IExternalScopeProvider? scopes)
    {
        if (!options.IncludeScopes || scopes is null)
        {
            return;
        }

        var texts = new List<string>();
        scopes.ForEachScope(static (scope, texts) => texts.Add($" => {scope}"), texts);
        if (texts.Count > 0)
        {
            // The first arrow stands where the message begins.
            string all = string.Concat(texts);
            Put(line, options.SingleLine ? all : Padding + all[1..]);
            EndHead(line);
        }
    }

    private void PutText(IBufferWriter<byte> line, string text)
    {
        if (text.Length == 0)
        {
            return;
        }

        if (options.SingleLine)
        {
            line.Write(" "u8);
            Put(line, text.Contains('\n', StringComparison.Ordinal) ? text.Replace('\n', ' ') : text);
            return;
        }

        Put(line, Padding);
        Put(line, text.Contains('\n', StringComparison.Ordinal)
            ? text.Replace("\n", "\n" + Padding, StringComparison.Ordinal)
            : text);
        line.Write("\n"u8);
    }

    private static void Put(IBufferWriter<byte> line, int number)
    {
        Span<byte> room = line.GetSpan(11);
        number.TryFormat(room, out int length, provider: CultureInfo.InvariantCulture);
        line.Advance(length);
    }

    private static void Put(IBufferWriter<byte> line, string text)
    {
        Span<byte> room = line.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        line.Advance(Encoding.UTF8.GetBytes(text, room));
    }
}

using System.Buffers;
using System.Text;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>Tells what was certainly not stored, and never will be, from what nobody knows.</summary>
internal static class Refusals
{
    /// <summary>
    /// True when the server refused a statement and rolled it back, or the driver could not write a text, which it finds out before it
    /// asks the server to commit. Whatever else ends a statement may have come after its commit.
    /// </summary>
    public static bool Is(Exception failure) => failure is PostgresException { InvariantSeverity: "ERROR" } or EncoderFallbackException;

    /// <summary>False for a text that no column can hold: half of a surrogate pair is no UTF-8, and PostgreSQL takes no NUL.</summary>
    public static bool CanBeStored(string text)
    {
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(rest, out var rune, out var length) != OperationStatus.Done || rune.Value == 0)
            {
                return false;
            }

            rest = rest[length..];
        }

        return true;
    }
}

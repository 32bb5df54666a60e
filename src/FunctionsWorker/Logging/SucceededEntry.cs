using System.Collections;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Logging;

/// <summary>
/// The line that every good invocation writes. It is put together without a template and without boxes: what the compiler makes of a
/// template was a twentieth of what an HTTP function costs. Providers that keep values find them under the same names.
/// </summary>
internal readonly struct SucceededEntry(string function, double milliseconds, string invocationId, string correlationId)
    : IReadOnlyList<KeyValuePair<string, object?>>
{
    private const string Template =
        "Function {Function} succeeded in {Milliseconds:0} ms (invocation {InvocationId}, correlation {CorrelationId})";

    private static readonly EventId Id = new(2, "Succeeded");
    private static readonly Func<SucceededEntry, Exception?, string> Formatter = static (entry, _) => entry.ToString();

    public int Count => 5;

    public KeyValuePair<string, object?> this[int index] => index switch
    {
        0 => new("Function", function),
        1 => new("Milliseconds", milliseconds),
        2 => new("InvocationId", invocationId),
        3 => new("CorrelationId", correlationId),
        4 => new("{OriginalFormat}", Template),
        _ => throw new ArgumentOutOfRangeException(nameof(index)),
    };

    public static void Write(ILogger logger, string function, double milliseconds, string invocationId, string correlationId)
    {
        if (logger.IsEnabled(LogLevel.Information))
        {
            logger.Log(LogLevel.Information, Id, new(function, milliseconds, invocationId, correlationId), exception: null, Formatter);
        }
    }

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"Function {function} succeeded in {(long)Math.Round(milliseconds)} ms (invocation {invocationId}, correlation {correlationId})");
}

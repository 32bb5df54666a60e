using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Azure.Functions.Worker.Invocation;

namespace Microsoft.Extensions.Logging;

public static partial class FunctionsLoggerExtensions
{
    // A name that came from data must not make instruments without end.
    private const int MaxInstruments = 1000;

    private static readonly Meter Meter = new(FunctionInvoker.SourceName);
    private static readonly ConcurrentDictionary<string, Histogram<double>> Instruments = new(StringComparer.Ordinal);

    /// <summary>
    /// Writes a value of a metric to the log, with its properties, and records it in the histogram of that name of the host's meter.
    /// The first 1,000 names have a histogram; further ones are in the log only.
    /// </summary>
    public static void LogMetric(this ILogger logger, string name, double value, IDictionary<string, object>? properties = null)
    {
        ArgumentNullException.ThrowIfNull(logger);
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (Instruments.Count < MaxInstruments || Instruments.ContainsKey(name))
        {
            KeyValuePair<string, object?>[] tags = [.. (properties ?? new Dictionary<string, object>(StringComparer.Ordinal))
                .Select(static p => new KeyValuePair<string, object?>(p.Key, p.Value))];
            Instruments.GetOrAdd(name, static n => Meter.CreateHistogram<double>(n)).Record(value, tags);
        }

        using IDisposable? scope = properties is { Count: > 0 } ? logger.BeginScope(properties) : null;
        Log.Metric(logger, name, value);
    }

    private static partial class Log
    {
        [LoggerMessage(6, LogLevel.Information, "Metric {Name} is {Value}")]
        public static partial void Metric(ILogger logger, string name, double value);
    }
}

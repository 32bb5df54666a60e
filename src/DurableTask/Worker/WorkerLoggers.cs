using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker;

/// <summary>
/// The engine's own loggers, by category. With the legacy category each entry is written twice: filters and searches that were made for
/// the one category of earlier versions go on to find everything.
/// </summary>
internal sealed class WorkerLoggers(ILoggerFactory factory, bool useLegacyCategory)
{
    /// <summary>The worker's coming and going.</summary>
    public ILogger Worker { get; } = Create(factory, LogCategories.Worker, useLegacyCategory);

    /// <summary>Orchestrations.</summary>
    public ILogger Orchestrations { get; } = Create(factory, LogCategories.Orchestrations, useLegacyCategory);

    /// <summary>Activities.</summary>
    public ILogger Activities { get; } = Create(factory, LogCategories.Activities, useLegacyCategory);

    /// <summary>Entities.</summary>
    public ILogger Entities { get; } = Create(factory, LogCategories.Entities, useLegacyCategory);

    private static ILogger Create(ILoggerFactory factory, string category, bool useLegacyCategory) => useLegacyCategory
        ? new TwoCategories(Quiet(factory, category), Quiet(factory, LogCategories.Legacy))
        : Quiet(factory, category);

    private static QuietLogger Quiet(ILoggerFactory factory, string category) => new(factory.CreateLogger(category));

    private sealed class TwoCategories(ILogger own, ILogger legacy) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            IDisposable? first = own.BeginScope(state);
            IDisposable? second = legacy.BeginScope(state);
            return first is null ? second : second is null ? first : new TwoScopes(first, second);
        }

        public bool IsEnabled(LogLevel logLevel) => own.IsEnabled(logLevel) || legacy.IsEnabled(logLevel);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (own.IsEnabled(logLevel))
            {
                own.Log(logLevel, eventId, state, exception, formatter);
            }

            if (legacy.IsEnabled(logLevel))
            {
                legacy.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }

    private sealed class TwoScopes(IDisposable first, IDisposable second) : IDisposable
    {
        public void Dispose()
        {
            second.Dispose();
            first.Dispose();
        }
    }
}

using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask;

/// <summary>Drops what is logged while the orchestration replays, so that each line is written once.</summary>
internal sealed class ReplaySafeLogger(TaskOrchestrationContext context, ILogger inner) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => inner.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!context.IsReplaying)
        {
            inner.Log(logLevel, eventId, state, exception, formatter);
        }
    }
}

/// <summary>Wraps every logger of another factory, which stays with its owner: disposing this one leaves it alone.</summary>
internal sealed class ReplaySafeLoggerFactory(TaskOrchestrationContext context, ILoggerFactory inner) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new ReplaySafeLogger(context, inner.CreateLogger(categoryName));

    /// <exception cref="NotSupportedException">Always: a provider is added to the application's factory, not by one of its orchestrations.
    /// </exception>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException(
        "Adding a provider to an orchestration's replay-safe logger factory is not supported: "
        + "add it to the application's own, with services.AddLogging.");

    public void Dispose()
    {
    }
}

using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Heal.DurableTask.Engine.Tests;

internal sealed record LogEntry(string Category, LogLevel Level, int EventId, string Message)
{
    public string? EventName { get; init; }

    public Exception? Exception { get; init; }

    /// <summary>The values in the message, by their names.</summary>
    public IReadOnlyDictionary<string, object?> Values { get; init; } = new Dictionary<string, object?>();
}

/// <summary>Keeps everything that is logged.</summary>
internal sealed class CollectingLogs : ILoggerProvider
{
    private readonly ConcurrentQueue<LogEntry> _entries = new();

    public IReadOnlyCollection<LogEntry> Entries => _entries;

    public ILogger CreateLogger(string categoryName) => new Collector(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class Collector(CollectingLogs owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            owner._entries.Enqueue(new LogEntry(category, logLevel, eventId.Id, formatter(state, exception))
            {
                EventName = eventId.Name,
                Exception = exception,
                Values = (state as IEnumerable<KeyValuePair<string, object?>> ?? []).ToDictionary(),
            });
    }
}

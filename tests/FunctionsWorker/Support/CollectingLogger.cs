using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Heal.FunctionsWorker.Tests.Support;

/// <summary>Keeps what was logged, with its scopes.</summary>
internal sealed class CollectingLogger : ILoggerProvider, ISupportExternalScope
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly SemaphoreSlim _written = new(0);
    private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

    public IReadOnlyCollection<string> Lines => [.. _lines];

    public string All => string.Join('\n', _lines);

    /// <summary>Waits until a line holds the text; every further line is a reason to look again.</summary>
    public async Task ContainsAsync(string text)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!All.Contains(text, StringComparison.Ordinal))
        {
            try
            {
                await _written.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException exception)
            {
                throw new TimeoutException($"Not logged within 30 s: '{text}'", exception);
            }
        }
    }

    /// <summary>Waits until a line with the text has been logged so often; 30 s at most.</summary>
    public Task UntilAsync(string text, int times = 1) => Azurite.UntilAsync(
        () => Task.FromResult(_lines.Count(l => l.Contains(text, StringComparison.Ordinal)) >= times), $"'{text}' is logged");

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    public void Dispose()
    {
    }

    private sealed class Logger(CollectingLogger owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => owner._scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var scopes = new List<string>();
            owner._scopes.ForEachScope(
                static (scope, list) => list.Add(scope is IEnumerable<KeyValuePair<string, object>> pairs
                    ? string.Join(' ', pairs.Select(static p => $"{p.Key}={p.Value}"))
                    : scope?.ToString() ?? ""),
                scopes);
            owner._lines.Enqueue($"{logLevel} {category} {formatter(state, exception)} {exception} [{string.Join(' ', scopes)}]");
            owner._written.Release();
        }
    }
}

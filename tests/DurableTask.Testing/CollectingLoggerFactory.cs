using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.DurableTask.Testing.Tests;

/// <summary>Remembers which categories were asked for.</summary>
internal sealed class CollectingLoggerFactory : ILoggerFactory
{
    private readonly ConcurrentDictionary<string, byte> _categories = new(StringComparer.Ordinal);

    public IEnumerable<string> Categories => _categories.Keys;

    public bool IsDisposed { get; private set; }

    public ILogger CreateLogger(string categoryName)
    {
        _categories[categoryName] = 0;
        return NullLogger.Instance;
    }

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("It only remembers categories.");

    public void Dispose() => IsDisposed = true;
}

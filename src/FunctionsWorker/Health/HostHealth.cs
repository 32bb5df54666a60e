using System.Collections.Concurrent;

namespace Microsoft.Azure.Functions.Worker.Health;

/// <summary>What the host depends on, and what is missing right now. Listeners report; <c>/readyz</c> shows it.</summary>
internal sealed class HostHealth
{
    private readonly ConcurrentDictionary<string, string?> _dependencies = new(StringComparer.Ordinal);

    /// <summary>Every dependency with what is wrong with it; null when it is well.</summary>
    public IReadOnlyDictionary<string, string?> Dependencies => _dependencies;

    public bool IsReady => _dependencies.Values.All(static fault => fault is null);

    /// <returns>True when this is a change for the better or the worse, or the first word about it.</returns>
    public bool Report(string dependency, string? fault)
    {
        bool isNew = !_dependencies.TryGetValue(dependency, out string? before) || (before is null) != (fault is null);
        _dependencies[dependency] = fault;
        return isNew;
    }
}

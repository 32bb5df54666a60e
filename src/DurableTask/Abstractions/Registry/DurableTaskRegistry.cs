using Microsoft.DurableTask.Entities;

namespace Microsoft.DurableTask;

/// <summary>
/// The orchestrators, activities and entities that a worker can run. Orchestrators and activities are known by name and version,
/// entities by name; each may be registered once.
/// </summary>
public sealed partial class DurableTaskRegistry
{
    private readonly Dictionary<TaskKey, Func<IServiceProvider, ITaskOrchestrator>> _orchestrators = [];
    private readonly Dictionary<TaskKey, Func<IServiceProvider, ITaskActivity>> _activities = [];
    private readonly Dictionary<TaskName, Func<IServiceProvider, ITaskEntity>> _entities = [];

    /// <summary>The engine's view: what to create for a name and version.</summary>
    internal IReadOnlyDictionary<TaskKey, Func<IServiceProvider, ITaskOrchestrator>> OrchestratorFactories => _orchestrators;

    /// <summary>The engine's view: what to create for a name and version.</summary>
    internal IReadOnlyDictionary<TaskKey, Func<IServiceProvider, ITaskActivity>> ActivityFactories => _activities;

    /// <summary>The engine's view: what to create for a name.</summary>
    internal IReadOnlyDictionary<TaskName, Func<IServiceProvider, ITaskEntity>> EntityFactories => _entities;

    // Hosts of the official packages that are older than the three methods below read these by reflection, under these names and types.
    internal IEnumerable<KeyValuePair<TaskName, Func<IServiceProvider, ITaskOrchestrator>>> Orchestrators => GetOrchestrators();

    internal IEnumerable<KeyValuePair<TaskName, Func<IServiceProvider, ITaskActivity>>> Activities => GetActivities();

    internal IEnumerable<KeyValuePair<TaskName, Func<IServiceProvider, ITaskEntity>>> Entities => GetEntities();

    /// <summary>All orchestrators; a name comes once for each of its versions.</summary>
    public IEnumerable<KeyValuePair<TaskName, Func<IServiceProvider, ITaskOrchestrator>>> GetOrchestrators() =>
        _orchestrators.Select(entry => KeyValuePair.Create(entry.Key.Name, entry.Value));

    /// <summary>All activities; a name comes once for each of its versions.</summary>
    public IEnumerable<KeyValuePair<TaskName, Func<IServiceProvider, ITaskActivity>>> GetActivities() =>
        _activities.Select(entry => KeyValuePair.Create(entry.Key.Name, entry.Value));

    /// <summary>All entities.</summary>
    public IEnumerable<KeyValuePair<TaskName, Func<IServiceProvider, ITaskEntity>>> GetEntities() =>
        _entities.Select(static entry => entry); // Not the dictionary itself: a cast must not be a way to change the registry.

    private static void Add<TKey, TTask>(
        Dictionary<TKey, Func<IServiceProvider, TTask>> tasks, string kind, TKey key, TaskName name, Func<IServiceProvider, TTask> factory)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(factory);
        if (string.IsNullOrWhiteSpace(name.Name))
        {
            throw new ArgumentException($"The name of the {kind} is empty: expected a name, for example the class's.", nameof(name));
        }

        if (!tasks.TryAdd(key, factory))
        {
            throw new ArgumentException(
                $"{kind} {key} is registered already: expected a name and version that differ by more than case.", nameof(name));
        }
    }
}

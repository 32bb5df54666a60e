using System.Diagnostics.CodeAnalysis;
using Microsoft.DurableTask.Entities;

namespace Microsoft.DurableTask.Worker;

/// <summary>
/// Creates tasks from a registry. A task of some version comes from the registration of exactly that version; from the unversioned one
/// only when its name has no versioned registration at all.
/// </summary>
internal sealed class DurableTaskFactory(DurableTaskRegistry registry) : IDurableTaskFactory2
{
    private readonly HashSet<TaskName> _versionedOrchestrators = VersionedNames(registry.OrchestratorFactories.Keys);
    private readonly HashSet<TaskName> _versionedActivities = VersionedNames(registry.ActivityFactories.Keys);

    public bool TryCreateActivity(TaskName name, IServiceProvider serviceProvider, [NotNullWhen(true)] out ITaskActivity? activity) =>
        TryCreateActivity(name, TaskVersion.Unversioned, serviceProvider, out activity);

    public bool TryCreateOrchestrator(
        TaskName name, IServiceProvider serviceProvider, [NotNullWhen(true)] out ITaskOrchestrator? orchestrator) =>
        TryCreateOrchestrator(name, TaskVersion.Unversioned, serviceProvider, out orchestrator);

    public bool TryCreateActivity(
        TaskName name, TaskVersion version, IServiceProvider services, [NotNullWhen(true)] out ITaskActivity? activity)
    {
        activity = Find(registry.ActivityFactories, _versionedActivities, name, version)?.Invoke(services);
        return activity is not null;
    }

    public bool TryCreateOrchestrator(
        TaskName name, TaskVersion version, IServiceProvider services, [NotNullWhen(true)] out ITaskOrchestrator? orchestrator)
    {
        orchestrator = Find(registry.OrchestratorFactories, _versionedOrchestrators, name, version)?.Invoke(services);
        return orchestrator is not null;
    }

    public bool TryCreateEntity(TaskName name, IServiceProvider serviceProvider, [NotNullWhen(true)] out ITaskEntity? entity)
    {
        entity = registry.EntityFactories.GetValueOrDefault(name)?.Invoke(serviceProvider);
        return entity is not null;
    }

    private static HashSet<TaskName> VersionedNames(IEnumerable<TaskKey> keys) =>
        [.. keys.Where(key => key.Version != TaskVersion.Unversioned).Select(key => key.Name)];

    private static Func<IServiceProvider, T>? Find<T>(
        IReadOnlyDictionary<TaskKey, Func<IServiceProvider, T>> tasks, HashSet<TaskName> versioned, TaskName name, TaskVersion version)
    {
        if (tasks.TryGetValue(new TaskKey(name, version), out Func<IServiceProvider, T>? exact))
        {
            return exact;
        }

        return versioned.Contains(name) ? null : tasks.GetValueOrDefault(new TaskKey(name, TaskVersion.Unversioned));
    }
}

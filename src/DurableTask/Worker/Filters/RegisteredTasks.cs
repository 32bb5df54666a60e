using Microsoft.Extensions.Options;

namespace Microsoft.DurableTask.Worker.Filters;

/// <summary>The filters that follow from what is registered with a worker.</summary>
internal static class RegisteredTasks
{
    /// <summary>
    /// Lets pass what the worker can run. A name without versioned registrations serves every version, one with them only those; under
    /// strict versioning the worker's own version is the only one, and names that do not serve it are left out.
    /// </summary>
    public static DurableTaskWorkerWorkItemFilters FiltersFor(DurableTaskRegistry registry, DurableTaskWorkerOptions options)
    {
        string? only = options.Versioning is { MatchStrategy: DurableTaskWorkerOptions.VersionMatchStrategy.Strict } strict
            ? strict.Version
            : null;
        return new()
        {
            Orchestrations = [.. ByName(registry.OrchestratorFactories.Keys, only)
                .Select(task => new DurableTaskWorkerWorkItemFilters.OrchestrationFilter(task.Key, Versions(task, only)))],
            Activities = [.. ByName(registry.ActivityFactories.Keys, only)
                .Select(task => new DurableTaskWorkerWorkItemFilters.ActivityFilter(task.Key, Versions(task, only)))],
            Entities = [.. registry.EntityFactories.Keys.Select(name => new DurableTaskWorkerWorkItemFilters.EntityFilter(name))],
        };
    }

    private static IEnumerable<IGrouping<TaskName, TaskVersion>> ByName(IEnumerable<TaskKey> keys, string? only) => keys
        .GroupBy(key => key.Name, key => key.Version)
        .Where(task => only is null
            || task.Any(version => string.Equals(version.Version, only, StringComparison.OrdinalIgnoreCase))
            || task.All(version => version == TaskVersion.Unversioned));

    private static string[] Versions(IEnumerable<TaskVersion> registered, string? only)
    {
        if (only is not null)
        {
            return [only];
        }

        string[] versions = [.. registered.Select(version => version.Version)];
        return versions is [""] ? [] : versions;
    }
}

/// <summary>Refuses filters for tasks that the worker could not run. One serves all workers: options come with the worker's name.</summary>
internal sealed class WorkItemFilterValidator(IOptionsMonitor<DurableTaskRegistry> registries)
    : IValidateOptions<DurableTaskWorkerWorkItemFilters>
{
    public ValidateOptionsResult Validate(string? name, DurableTaskWorkerWorkItemFilters options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.IsEmpty)
        {
            return ValidateOptionsResult.Success;
        }

        DurableTaskRegistry registry = registries.Get(name);
        string[] faults =
        [
            .. Unknown("Orchestrations", options.Orchestrations.Select(filter => filter.Name), registry.GetOrchestrators()),
            .. Unknown("Activities", options.Activities.Select(filter => filter.Name), registry.GetActivities()),
            .. Unknown("Entities", options.Entities.Select(filter => filter.Name), registry.GetEntities()),
        ];
        return faults.Length == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"The work-item filters of worker '{(string.IsNullOrEmpty(name) ? "<default>" : name)}' list what it has not registered. "
                + string.Join("; ", faults) + ".");
    }

    /// <returns>Nothing when all names are known.</returns>
    private static IEnumerable<string> Unknown<T>(
        string kind, IEnumerable<string?> listed, IEnumerable<KeyValuePair<TaskName, T>> registered)
    {
        HashSet<TaskName> known = [.. registered.Select(task => task.Key)];
        string[] unknown = [.. listed.Where(name => !known.Contains(new TaskName(name!))).Select(name => name ?? "")];
        return unknown.Length == 0
            ? []
            : [$"{kind}: [{string.Join(", ", unknown)}] (registered: {(known.Count == 0 ? "none" : string.Join(", ", known))})"];
    }
}

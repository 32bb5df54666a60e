using Microsoft.Extensions.Options;

namespace Microsoft.DurableTask.Worker.Filters;

/// <summary>The filters that follow from what is registered with a worker.</summary>
internal static class RegisteredTasks
{
    /// <summary>
    /// Lets pass what the worker can run. A name without versioned registrations serves every version, one with them only those; under
    /// strict versioning the worker's own version is the only one.
    /// </summary>
    public static DurableTaskWorkerWorkItemFilters FiltersFor(DurableTaskRegistry registry, DurableTaskWorkerOptions options)
    {
        string? only = options.Versioning is { MatchStrategy: DurableTaskWorkerOptions.VersionMatchStrategy.Strict } strict
            ? strict.Version
            : null;
        return new()
        {
            Orchestrations = [.. ByName(registry.Orchestrators.Keys)
                .Select(task => new DurableTaskWorkerWorkItemFilters.OrchestrationFilter(task.Key, Versions(task, only)))],
            Activities = [.. ByName(registry.Activities.Keys)
                .Select(task => new DurableTaskWorkerWorkItemFilters.ActivityFilter(task.Key, Versions(task, only)))],
            Entities = [.. registry.EntityFactories.Keys.Select(name => new DurableTaskWorkerWorkItemFilters.EntityFilter(name))],
        };
    }

    private static IEnumerable<IGrouping<TaskName, TaskVersion>> ByName(IEnumerable<TaskKey> keys) =>
        keys.GroupBy(key => key.Name, key => key.Version);

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

/// <summary>Refuses filters for tasks that the worker could not run.</summary>
internal sealed class WorkItemFilterValidator(string builderName, IOptionsMonitor<DurableTaskRegistry> registries)
    : IValidateOptions<DurableTaskWorkerWorkItemFilters>
{
    public ValidateOptionsResult Validate(string? name, DurableTaskWorkerWorkItemFilters options)
    {
        if (name != builderName)
        {
            return ValidateOptionsResult.Skip;
        }

        DurableTaskRegistry registry = registries.Get(name);
        IEnumerable<TaskName> orchestrators = registry.Orchestrators.Keys.Select(key => key.Name);
        IEnumerable<TaskName> activities = registry.Activities.Keys.Select(key => key.Name);
        string[] faults =
        [
            .. Unknown("orchestration", options.Orchestrations.Select(filter => filter.Name), orchestrators),
            .. Unknown("activity", options.Activities.Select(filter => filter.Name), activities),
            .. Unknown("entity", options.Entities.Select(filter => filter.Name), registry.EntityFactories.Keys),
        ];
        return faults.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static IEnumerable<string> Unknown(string kind, IEnumerable<string?> listed, IEnumerable<TaskName> registered)
    {
        HashSet<TaskName> known = [.. registered];
        return listed
            .Where(name => !known.Contains(new TaskName(name!)))
            .Select(name => $"The work-item filter lists the {kind} '{name}', which is not registered with this worker: "
                + $"expected one of '{string.Join("', '", known)}'.");
    }
}

using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.Worker.Filters;

/// <summary>What a worker asks its hub for; null is everything of that kind, an empty list nothing.</summary>
internal sealed record WorkFilters(
    IReadOnlyList<WorkFilter>? Orchestrations, IReadOnlyList<WorkFilter>? Activities, IReadOnlyList<WorkFilter>? Entities)
{
    public static WorkFilters None { get; } = new(null, null, null);

    public static WorkFilters From(DurableTaskWorkerWorkItemFilters filters) => filters.IsEmpty ? None : new(
        [.. filters.Orchestrations.Select(filter => Of(filter.Name, filter.Versions))],
        [.. filters.Activities.Select(filter => Of(filter.Name, filter.Versions))],
        [.. filters.Entities.Select(filter => new WorkFilter(filter.Name))]);

    public IReadOnlyList<WorkFilter>? Of(WorkKind kind) => kind switch
    {
        WorkKind.Orchestration => Orchestrations,
        WorkKind.Activity => Activities,
        _ => Entities,
    };

    /// <summary>True when this worker takes such an orchestration.</summary>
    public bool Pass(ExecutionStartedEvent start) => Pass(start.Name, start.Version);

    /// <summary>True when this worker takes orchestrations of such a name and version.</summary>
    public bool Pass(string name, string? version) => Orchestrations is null || Any(Orchestrations, name, version);

    /// <summary>How many of the activities, from the first, pass: only those may be claimed by the turn that adds them.</summary>
    public int Leading(IReadOnlyList<TaskScheduledEvent> activities) => Activities is null
        ? activities.Count
        : activities.TakeWhile(task => Activities.Any(filter => filter.Passes(task.Name, task.Version))).Count();

    // Apart, so that a worker without filters makes no closure.
    private static bool Any(IReadOnlyList<WorkFilter> filters, string name, string? version) =>
        filters.Any(filter => filter.Passes(name, version));

    // A default struct has no list at all.
    private static WorkFilter Of(string name, IReadOnlyList<string>? versions) => new(name, versions is { Count: > 0 } ? versions : null);
}

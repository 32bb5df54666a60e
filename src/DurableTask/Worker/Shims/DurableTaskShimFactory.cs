using DurableTask.Core;
using DurableTask.Core.Entities;
using Microsoft.DurableTask.Entities;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Microsoft.DurableTask.Worker.Shims;

/// <summary>
/// Puts an application's tasks into the form of DurableTask.Core, for hosts that run single tasks against their own storage.
/// Applications do not need it: the worker runs tasks as they are.
/// </summary>
/// <param name="options">The data converter and the timers' limit; null for the defaults.</param>
/// <param name="loggerFactory">Where orchestrators log to; null for nowhere.</param>
public class DurableTaskShimFactory(DurableTaskWorkerOptions? options = null, ILoggerFactory? loggerFactory = null)
{
    private static readonly Dictionary<string, object?> NoProperties = new(StringComparer.Ordinal);

    private readonly DurableTaskWorkerOptions _options = options ?? new DurableTaskWorkerOptions();
    private readonly ILoggerFactory _loggers = loggerFactory ?? NullLoggerFactory.Instance;

    /// <summary>A factory with the default options.</summary>
    public static DurableTaskShimFactory Default { get; } = new();

    /// <summary>An activity.</summary>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public global::DurableTask.Core.TaskActivity CreateActivity(TaskName name, ITaskActivity activity)
    {
        RequireName(name);
        ArgumentNullException.ThrowIfNull(activity);
        return new ActivityShim(name, activity, _options.DataConverter);
    }

    /// <summary>An activity that calls a function.</summary>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public global::DurableTask.Core.TaskActivity CreateActivity<TInput, TOutput>(
        TaskName name, Func<TaskActivityContext, TInput, Task<TOutput>> implementation) =>
        CreateActivity(name, FuncTaskActivity.Create(implementation));

    /// <summary>An orchestrator, for one execution.</summary>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public TaskOrchestration CreateOrchestration(
        TaskName name, ITaskOrchestrator orchestrator, ParentOrchestrationInstance? parent = null) =>
        CreateOrchestration(name, orchestrator, NoProperties, parent);

    /// <summary>An orchestrator with properties of the host's, for one execution.</summary>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public TaskOrchestration CreateOrchestration(
        TaskName name,
        ITaskOrchestrator orchestrator,
        IReadOnlyDictionary<string, object?> properties,
        ParentOrchestrationInstance? parent = null)
    {
        RequireName(name);
        ArgumentNullException.ThrowIfNull(orchestrator);
        ArgumentNullException.ThrowIfNull(properties);
        return new OrchestrationShim(new OrchestrationShimSettings(name, parent, properties, _options, _loggers), orchestrator);
    }

    /// <summary>An orchestrator that calls a function, for one execution.</summary>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public TaskOrchestration CreateOrchestration<TInput, TOutput>(
        TaskName name,
        Func<TaskOrchestrationContext, TInput, Task<TOutput>> implementation,
        ParentOrchestrationInstance? parent = null) =>
        CreateOrchestration(name, FuncTaskOrchestrator.Create(implementation), parent);

    /// <summary>An entity.</summary>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public TaskEntity CreateEntity(TaskName name, ITaskEntity entity, EntityId entityId)
    {
        RequireName(name);
        ArgumentNullException.ThrowIfNull(entity);
        return new EntityShim(entity, new EntityInstanceId(entityId.Name, entityId.Key), _options.DataConverter);
    }

    private static void RequireName(TaskName name)
    {
        if (string.IsNullOrEmpty(name.Name))
        {
            throw new ArgumentException("The name of the task is empty: expected a name.", nameof(name));
        }
    }
}

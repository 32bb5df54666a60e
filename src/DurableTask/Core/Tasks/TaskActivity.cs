namespace DurableTask.Core;

/// <summary>An activity on the level of stored texts: what a host runs without knowing the application's types.</summary>
public abstract class TaskActivity
{
    /// <summary>Does the work.</summary>
    /// <param name="context">Whose call it is.</param>
    /// <param name="input">The call's arguments: a JSON array, with one element as a rule.</param>
    /// <returns>The result, as JSON.</returns>
    public abstract string? Run(TaskContext context, string? input);

    /// <summary>Does the work; by default with <see cref="Run"/>.</summary>
    public virtual Task<string?> RunAsync(TaskContext context, string? input) => Task.FromResult(Run(context, input));
}

/// <summary>What an activity knows of its call.</summary>
public class TaskContext
{
    /// <summary>Creates a context that knows the caller only.</summary>
    public TaskContext(OrchestrationInstance orchestrationInstance)
    {
        OrchestrationInstance = orchestrationInstance;
    }

    /// <summary>Creates a context.</summary>
    public TaskContext(OrchestrationInstance orchestrationInstance, string? name, string? version, int taskId)
        : this(orchestrationInstance)
    {
        Name = name;
        Version = version;
        TaskId = taskId;
    }

    /// <summary>The orchestration that called.</summary>
    public OrchestrationInstance OrchestrationInstance { get; }

    /// <summary>The name under which the activity was called.</summary>
    public string? Name { get; }

    /// <summary>The version that was called.</summary>
    public string? Version { get; }

    /// <summary>The sequence number of the orchestrator's call.</summary>
    public int TaskId { get; } = -1;
}

namespace DurableTask.Core;

/// <summary>An orchestrator on the level of stored texts. One object serves one execution.</summary>
public abstract class TaskOrchestration
{
    /// <summary>Runs the code. The task ends when the orchestration does; until then the context's tasks drive it.</summary>
    /// <returns>The output, as JSON.</returns>
    public abstract Task<string?> Execute(OrchestrationContext context, string? input);

    /// <summary>Hands an external event to the code.</summary>
    public abstract void RaiseEvent(OrchestrationContext context, string name, string? input);

    /// <summary>The custom status that the code set last, as JSON.</summary>
    public abstract string? GetStatus();
}

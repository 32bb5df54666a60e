using DurableTask.Core;

namespace Microsoft.DurableTask.Worker;

/// <summary>An orchestration that stays in memory between its turns, as hosts keep it in an <see cref="ExtendedSessionsCache"/>.</summary>
/// <param name="state">Its history.</param>
/// <param name="taskOrchestration">Its code, in the middle of its execution.</param>
/// <param name="orchestrationExecutor">What plays the next turn to it.</param>
public class ExtendedSessionState(
    OrchestrationRuntimeState state, TaskOrchestration taskOrchestration, TaskOrchestrationExecutor orchestrationExecutor)
{
    /// <summary>Its history.</summary>
    public OrchestrationRuntimeState RuntimeState { get; set; } = state;

    /// <summary>Its code, in the middle of its execution.</summary>
    public TaskOrchestration TaskOrchestration { get; set; } = taskOrchestration;

    /// <summary>What plays the next turn to it.</summary>
    public TaskOrchestrationExecutor OrchestrationExecutor { get; set; } = orchestrationExecutor;
}

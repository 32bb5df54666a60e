namespace Microsoft.DurableTask.Worker;

/// <summary>
/// Stands around each turn of each orchestration: a turn plays what has happened since the last one, and what the code does then is stored
/// after it. Register one in the container. It is no part of the orchestrator's code, is not replayed, and may do what that may not; a turn
/// may run more than once. What it throws keeps the turn from being stored, and the turn runs again. This type is this project's addition
/// beside the contract.
/// </summary>
public interface IOrchestrationTurnMiddleware
{
    /// <param name="orchestrator">The orchestration's name.</param>
    /// <param name="instanceId">The orchestration's id.</param>
    /// <param name="turn">Plays the turn. To be called once; what is not played cannot be stored.</param>
    Task InvokeAsync(TaskName orchestrator, string instanceId, Action turn);
}

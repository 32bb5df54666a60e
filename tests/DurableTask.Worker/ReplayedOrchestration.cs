using DurableTask.Core.History;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Worker.Orchestrations;

namespace Heal.DurableTask.Worker.Tests;

/// <summary>
/// An orchestrator and its history. Each turn begins with a new session that replays the history, as after a crash, and ends with the
/// history that the worker would store.
/// </summary>
internal sealed class ReplayedOrchestration(Func<TaskOrchestrationContext, Task<object?>> code)
{
    private readonly List<HistoryEvent> _history = [];

    /// <summary>The time of the next turn; each turn takes a minute.</summary>
    public DateTime Now { get; set; } = Some.Time;

    /// <summary>Replaced between two turns, this is a deployment that changes the code under a running instance.</summary>
    public Func<TaskOrchestrationContext, Task<object?>> Code { get; set; } = code;

    public TurnResult Begin() => Play(Some.Start());

    public TurnResult Play(params HistoryEvent[] events)
    {
        using var session = new OrchestrationSession(
            Some.Services, _ => FuncTaskOrchestrator.Create<object?, object?>((context, _) => Code(context)), null, null);
        session.Replay(_history);
        HistoryEvent[] played = [new OrchestratorStartedEvent(-1) { Timestamp = Now }, .. events];
        Now = Now.AddMinutes(1);
        var result = session.Play(played);
        _history.AddRange([.. played, .. result.Actions, new OrchestratorCompletedEvent(-1)]);
        return result;
    }

    public static TaskCompletedEvent Done(int taskId, string? result = null) => new(-1, taskId, result);

    public static EventRaisedEvent Raised(string name, string? input = null) => new(-1, input) { Name = name };
}

using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Worker.Orchestrations;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// Ends instances without running their code: because it cannot be run, or because this worker does not run it. A critical section that the
/// code was in is left by the sweep for orphaned locks.
/// </summary>
internal sealed class InstanceEnder(WorkerRuntime runtime, OrchestrationSessions sessions)
{
    public Task FailAsync(OrchestrationWorkItem item, FailureDetails failure) => EndAsync(item, terminated: null, new()
    {
        Status = OrchestrationStatus.Failed, Actions = [], CancelledTimers = [], Failure = failure,
    });

    /// <summary>What asks for the end of the instance; null when nobody does.</summary>
    public static ExecutionTerminatedEvent? TerminationOf(OrchestrationWorkItem item) =>
        item.Messages.Select(message => message.Event).OfType<ExecutionTerminatedEvent>().FirstOrDefault();

    public Task TerminateAsync(OrchestrationWorkItem item, ExecutionTerminatedEvent terminated) => EndAsync(item, terminated, new()
    {
        Status = OrchestrationStatus.Terminated, Actions = [], CancelledTimers = [], Output = terminated.Input,
    });

    private async Task EndAsync(OrchestrationWorkItem item, ExecutionTerminatedEvent? terminated, TurnResult result)
    {
        using CachedInstance instance = await sessions.LoadAsync(item);
        DateTime now = runtime.Services.UtcNow();
        ExecutionStartedEvent? start = instance.History.Concat(item.Messages.Select(message => message.Event))
            .OfType<ExecutionStartedEvent>().FirstOrDefault();
        var played = new List<HistoryEvent> { new OrchestratorStartedEvent(-1) { Timestamp = now } };
        if (instance.History.Count == 0 && start is not null)
        {
            played.Add(start);
        }

        if (terminated is not null)
        {
            played.Add(terminated);
        }

        result = result with
        {
            CustomStatus = item.Instance.CustomStatus,
            TerminateChildren = terminated is { Recurse: true } ? [.. OpenChildren(instance.History)] : [],
        };
        TurnCommit turn = TurnBuilder.Build(item.Lock, instance, start, played, result, now, runtime.Services) with
        {
            ConsumedMessages = [.. item.Messages.Select(message => message.Id)],
            // A row of the history that cannot be read counts as one event here, and may hold more.
            HistoryCount = item.HistoryCount,
        };
        await runtime.Hub.CommitTurnAsync(turn);
        sessions.Report(instance, start, played, result);
        runtime.Metrics.Stored(turn, start, now);
    }

    /// <summary>The sub-orchestrations that the history says nothing of after their start.</summary>
    private static IEnumerable<string> OpenChildren(IReadOnlyCollection<HistoryEvent> history)
    {
        HashSet<int> done =
        [
            .. history.OfType<SubOrchestrationInstanceCompletedEvent>().Select(ended => ended.TaskScheduledId),
            .. history.OfType<SubOrchestrationInstanceFailedEvent>().Select(ended => ended.TaskScheduledId),
        ];
        return history.OfType<SubOrchestrationInstanceCreatedEvent>()
            .Where(created => !done.Contains(created.EventId)).Select(created => created.InstanceId!);
    }
}

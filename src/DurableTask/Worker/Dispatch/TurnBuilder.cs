using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Worker.Orchestrations;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>Turns what the orchestrator's code did into what the hub stores.</summary>
internal static class TurnBuilder
{
    public static TurnCommit Build(
        OrchestrationLock held, CachedInstance instance, ExecutionStartedEvent? start, IEnumerable<HistoryEvent> played, TurnResult result,
        DateTime now, OrchestrationServices services)
    {
        bool ended = result.Status.IsTerminal();
        var history = new List<HistoryEvent>(result.Ignored.Count == 0 ? played : played.Except(result.Ignored));
        history.AddRange(result.Actions);
        if (ended)
        {
            history.Add(new ExecutionCompletedEvent(-1, result.Output, result.Status, result.Failure) { Timestamp = now });
        }

        history.Add(new OrchestratorCompletedEvent(-1) { Timestamp = now });

        return new TurnCommit
        {
            Lock = held,
            ExecutionId = instance.ExecutionId,
            HistoryCount = instance.History.Count,
            NewHistory = result.ContinueAsNew is null ? history : [],
            ContinueAs = result.ContinueAsNew is { } next ? NextStart(start!, next, now) : null,
            CarriedEvents = result.CarriedEvents,
            Activities = [.. result.Actions.OfType<TaskScheduledEvent>()],
            Timers = [.. result.Actions.OfType<TimerCreatedEvent>().Select(Due)],
            CancelledTimers = result.CancelledTimers,
            SubOrchestrations = [.. result.Actions.OfType<SubOrchestrationInstanceCreatedEvent>()
                .Select(created => Child(created, instance, start!, now, services))],
            Messages = [.. Messages(instance, start, result, now)],
            EntityMessages = [.. result.Actions.Where(action => result.ToEntities.ContainsKey(action.EventId))
                .Select(action => result.ToEntities[action.EventId]), .. result.LockReleases],
            Status = result.Status,
            CustomStatus = result.CustomStatus,
            Output = result.Output,
            Failure = result.Failure,
        };
    }

    private static TimerFiredEvent Due(TimerCreatedEvent timer) =>
        new(-1, timer.FireAt) { TimerId = timer.EventId, Timestamp = timer.FireAt };

    private static NewInstance Child(
        SubOrchestrationInstanceCreatedEvent created,
        CachedInstance instance,
        ExecutionStartedEvent start,
        DateTime now,
        OrchestrationServices services) =>
        new(new ExecutionStartedEvent(-1, created.Input)
        {
            Timestamp = now,
            Name = created.Name!,
            Version = created.Version,
            Tags = created.Tags,
            ParentTraceContext = services.ContextOfAction(start, created.EventId),
            OrchestrationInstance = new() { InstanceId = created.InstanceId!, ExecutionId = Guid.NewGuid().ToString("N") },
            ParentInstance = new()
            {
                Name = start.Name,
                Version = start.Version,
                TaskScheduleId = created.EventId,
                OrchestrationInstance = new() { InstanceId = instance.InstanceId, ExecutionId = instance.ExecutionId },
            },
        });

    private static ExecutionStartedEvent NextStart(ExecutionStartedEvent start, NextExecution next, DateTime now) =>
        new(-1, next.Input)
        {
            Timestamp = now,
            Name = start.Name,
            Version = string.IsNullOrEmpty(next.Version) ? start.Version : next.Version,
            Tags = start.Tags,
            ParentInstance = start.ParentInstance,
            ParentTraceContext = start.ParentTraceContext,
            OrchestrationInstance = new()
            {
                InstanceId = start.OrchestrationInstance.InstanceId,
                ExecutionId = Guid.NewGuid().ToString("N"),
            },
        };

    private static IEnumerable<OutgoingMessage> Messages(
        CachedInstance instance, ExecutionStartedEvent? start, TurnResult result, DateTime now)
    {
        foreach (EventSentEvent sent in result.Actions.OfType<EventSentEvent>().Where(sent => !result.ToEntities.ContainsKey(sent.EventId)))
        {
            yield return new(sent.InstanceId!, null, new EventRaisedEvent(-1, sent.Input) { Name = sent.Name, Timestamp = now });
        }

        foreach (string child in result.TerminateChildren)
        {
            yield return new(child, null, new ExecutionTerminatedEvent(-1, result.Output, recurse: true) { Timestamp = now })
            {
                IsToChild = true,
            };
        }

        if (result.Status.IsTerminal() && start?.ParentInstance is { } parent)
        {
            OrchestrationInstance waiting = parent.OrchestrationInstance;
            yield return new(waiting.InstanceId, waiting.ExecutionId, ToParent(instance, start, parent, result, now));
        }
    }

    private static HistoryEvent ToParent(
        CachedInstance instance, ExecutionStartedEvent start, ParentInstance parent, TurnResult result, DateTime now) =>
        result.Status is OrchestrationStatus.Completed
            ? new SubOrchestrationInstanceCompletedEvent(-1, parent.TaskScheduleId, result.Output) { Timestamp = now }
            : new SubOrchestrationInstanceFailedEvent(-1, parent.TaskScheduleId, result.Failure ?? new FailureDetails(
                "SubOrchestrationTerminated",
                $"Sub-orchestration '{start.Name}' (instance '{instance.InstanceId}') was ended from outside: {result.Status}."))
            { Timestamp = now };
}

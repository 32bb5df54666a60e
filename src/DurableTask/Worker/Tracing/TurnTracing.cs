using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Worker.Dispatch;
using Microsoft.DurableTask.Worker.Orchestrations;

namespace Microsoft.DurableTask.Worker.Tracing;

/// <summary>Writes the spans that a turn ends. A turn that has to be repeated writes them again, under the same ids.</summary>
internal static class TurnTracing
{
    /// <param name="played">The events of the turn.</param>
    public static void Report(
        CachedInstance instance, ExecutionStartedEvent? start, IReadOnlyList<HistoryEvent> played, TurnResult result, DateTime now)
    {
        if (!TaskTracing.IsOn || start is null)
        {
            return;
        }

        ReportOutcomes(instance, start, played, now);
        ReportEntityAnswers(instance, start, played);
        foreach (EventSentEvent sent in result.Actions.OfType<EventSentEvent>())
        {
            if (!result.ToEntities.TryGetValue(sent.EventId, out OutgoingEntityMessage? request))
            {
                TaskTracing.EventSent(start, sent);
            }
            else if (request.Message.IsSignal)
            {
                TaskTracing.EntitySignalled(start, sent, request.Message);
            }
        }

        if (result.Status.IsTerminal() || result.ContinueAsNew is not null)
        {
            DateTime began = instance.History.Count > 0 ? instance.History[0].Timestamp : now;
            OrchestrationStatus status = result.ContinueAsNew is null ? result.Status : OrchestrationStatus.ContinuedAsNew;
            TaskTracing.OrchestrationEnded(start, began, now, status, result.Failure);
        }
    }

    private static void ReportOutcomes(
        CachedInstance instance, ExecutionStartedEvent start, IReadOnlyList<HistoryEvent> played, DateTime now)
    {
        Dictionary<int, HistoryEvent>? outcomes = null;
        foreach (HistoryEvent entry in played)
        {
            if (TaskIdOf(entry) is { } id)
            {
                (outcomes ??= [])[id] = entry;
            }
        }

        // What ends now usually began shortly before: look from the end.
        for (int i = instance.History.Count - 1; i >= 0 && outcomes is { Count: > 0 }; i--)
        {
            HistoryEvent action = instance.History[i];
            if (!ReplayMismatch.IsAction(action) || !outcomes.Remove(action.EventId, out HistoryEvent? outcome))
            {
                continue;
            }

            switch (action, outcome)
            {
                case (TaskScheduledEvent scheduled, TaskCompletedEvent or TaskFailedEvent):
                    TaskTracing.ActivityEnded(start, scheduled, outcome);
                    break;
                case (SubOrchestrationInstanceCreatedEvent created,
                    SubOrchestrationInstanceCompletedEvent or SubOrchestrationInstanceFailedEvent):
                    TaskTracing.SubOrchestrationEnded(start, created, outcome);
                    break;
                case (TimerCreatedEvent created, TimerFiredEvent):
                    TaskTracing.TimerEnded(start, created, now);
                    break;
            }
        }
    }

    /// <summary>The answer to a call or lock is an event whose name is the request's id.</summary>
    private static void ReportEntityAnswers(CachedInstance instance, ExecutionStartedEvent start, IReadOnlyList<HistoryEvent> played)
    {
        foreach (EventRaisedEvent raised in played.OfType<EventRaisedEvent>())
        {
            EventSentEvent? request = instance.History.OfType<EventSentEvent>().LastOrDefault(sent =>
                sent is { InstanceId: ['@', ..], Input: { } text } && text.Contains(raised.Name!, StringComparison.Ordinal));
            if (request is not null
                && EntityMessage.Deserialize(request.Input!) is { IsRelease: false } message
                && message.Id == raised.Name)
            {
                TaskTracing.EntityAnswered(start, request, message, raised);
            }
        }
    }

    private static int? TaskIdOf(HistoryEvent entry) => entry switch
    {
        TaskCompletedEvent done => done.TaskScheduledId,
        TaskFailedEvent failed => failed.TaskScheduledId,
        SubOrchestrationInstanceCompletedEvent done => done.TaskScheduledId,
        SubOrchestrationInstanceFailedEvent failed => failed.TaskScheduledId,
        TimerFiredEvent fired => fired.TimerId,
        _ => null,
    };
}

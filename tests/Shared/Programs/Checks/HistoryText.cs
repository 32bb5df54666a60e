using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Heal.Shared.Tests.Programs.Checks;

/// <summary>Histories in words.</summary>
internal static class HistoryText
{
    /// <summary>What a task came to, as a key; null for events that are no outcome.</summary>
    public static string? OutcomeOf(HistoryEvent entry) => entry switch
    {
        TaskCompletedEvent done => $"outcome of activity {done.TaskScheduledId}",
        TaskFailedEvent failed => $"outcome of activity {failed.TaskScheduledId}",
        SubOrchestrationInstanceCompletedEvent done => $"outcome of sub-orchestration {done.TaskScheduledId}",
        SubOrchestrationInstanceFailedEvent failed => $"outcome of sub-orchestration {failed.TaskScheduledId}",
        TimerFiredEvent fired => $"outcome of timer {fired.TimerId}",
        _ => null,
    };

    /// <summary>A turn in words.</summary>
    public static string Describe(TurnCommit turn) => string.Join(
        ", ",
        turn.NewHistory.Select(Describe)
            .Concat(turn.ContinueAs is { } next ? [$"continues as new with {next.Input}"] : [])
            .Concat(turn.Messages.Select(message => $"-> {message.InstanceId}: {Describe(message.Event)}")));

    public static string Describe(HistoryEvent entry) => entry switch
    {
        ExecutionStartedEvent started => $"started {started.Input}",
        TaskScheduledEvent task => $"#{task.EventId} {task.Name} {task.Input}",
        TimerCreatedEvent timer => $"#{timer.EventId} timer {timer.FireAt:O}",
        SubOrchestrationInstanceCreatedEvent child => $"#{child.EventId} child {child.InstanceId} {child.Input}",
        EventSentEvent sent => $"#{sent.EventId} sends {sent.Name} to {sent.InstanceId}",
        EventRaisedEvent raised => $"event {raised.Name} {raised.Input}",
        ExecutionCompletedEvent ended => $"{ended.OrchestrationStatus} {ended.Result} {ended.FailureDetails?.ErrorMessage}",
        _ => OutcomeOf(entry) ?? entry.EventType.ToString(),
    };
}

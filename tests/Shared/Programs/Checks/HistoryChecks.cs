using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Heal.Shared.Tests.Programs.Checks;

/// <summary>What every history of an ended execution looks like.</summary>
internal static class HistoryChecks
{
    public static void IsWellFormed(InstanceState state, IReadOnlyList<HistoryEvent> history)
    {
        Holds(history.OfType<ExecutionStartedEvent>().Count() == 1 || IsTerminatedBeforeItsStart(history), "it starts once");
        Holds(history.OfType<ExecutionCompletedEvent>().Count() == 1, "it ends once");
        Holds(history[^1] is OrchestratorCompletedEvent && history[^2] is ExecutionCompletedEvent, "its end is the last");

        var actions = history.Where(entry => entry.EventId >= 0).ToArray();
        Holds(actions.Select(action => action.EventId).Distinct().Count() == actions.Length, "every action has a number of its own");
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in history)
        {
            if (OutcomeToCome(entry) is { } expected)
            {
                known.Add(expected);
            }
            else if (HistoryText.OutcomeOf(entry) is { } outcome)
            {
                Holds(known.Remove(outcome), $"the {outcome} belongs to a task and comes once");
            }
        }

        // A cancelled timer has no outcome; nothing else may be open when an orchestrator ends by itself.
        Holds(
            state.Status != OrchestrationStatus.Completed
                || known.All(open => open.StartsWith("outcome of timer", StringComparison.Ordinal)),
            $"nothing is open at its end, got {string.Join(", ", known)}");

        void Holds(bool condition, string claim)
        {
            if (!condition)
            {
                throw new Violation(
                    "histories are well formed",
                    $"'{state.InstanceId}': {claim}\n{string.Join('\n', history.Select(HistoryText.Describe))}");
            }
        }
    }

    private static bool IsTerminatedBeforeItsStart(IReadOnlyList<HistoryEvent> history) =>
        history.Any(entry => entry is ExecutionTerminatedEvent) && !history.Any(entry => entry is TaskScheduledEvent);

    private static string? OutcomeToCome(HistoryEvent entry) => entry switch
    {
        TaskScheduledEvent task => $"outcome of activity {task.EventId}",
        SubOrchestrationInstanceCreatedEvent child => $"outcome of sub-orchestration {child.EventId}",
        TimerCreatedEvent timer => $"outcome of timer {timer.EventId}",
        _ => null,
    };
}

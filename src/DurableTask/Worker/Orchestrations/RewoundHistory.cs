using DurableTask.Core.History;

namespace Microsoft.DurableTask.Worker.Orchestrations;

/// <summary>What is left of a failed execution's history, and which of its sub-orchestrations are rewound with it.</summary>
internal sealed record RewoundHistory(
    IReadOnlyList<HistoryEvent> Kept, IReadOnlyList<SubOrchestrationInstanceCreatedEvent> Children)
{
    // Each attempt replays the history once; a history with more failures than that is cut at the last ones.
    private const int MaximumCuts = 16;

    /// <summary>
    /// The ways back, those that keep most first. Whoever has the orchestrator's code tries them: the first that replays and has not
    /// failed is right. Taking the failed tasks out where they were suits code that stops at the first failure. Where the code went
    /// on after a failure (a retry, a handler), what it did then has to go too: the history is cut at the failure, and only outcomes
    /// of what was scheduled before are kept.
    /// </summary>
    /// <param name="canRewind">Says of the id of a failed sub-orchestration whether it can be rewound itself.</param>
    public static IEnumerable<RewoundHistory> Candidates(IReadOnlyList<HistoryEvent> history, Func<string, bool> canRewind)
    {
        RewoundHistory unchanged = Without(history, [], history.Count, canRewind);
        int[] failures = [.. Enumerable.Range(0, history.Count).Where(i => FailedTask(history[i]) is not null)];
        if (failures.Length == 0 || !FailedByTask(history))
        {
            // The code itself failed: perhaps it is another by now.
            yield return unchanged;
        }

        if (failures.Length > 0)
        {
            yield return Without(history, [.. failures.Select(i => FailedTask(history[i])!.Value)], history.Count, canRewind);
            Dictionary<int, (char, string?, string?)> calls = CallsOf(history);
            int[] tried = [.. failures.Where(i => IsOnlyAttempt(history, calls, i))];
            int? cause = Cause(history, failures);
            if (tried.Length > 0 && tried.Length < failures.Length)
            {
                yield return Without(history, [.. tried.Select(i => FailedTask(history[i])!.Value)], history.Count, canRewind);
            }

            if (cause is { } last && tried.Contains(last))
            {
                yield return Without(history, [FailedTask(history[last])!.Value], history.Count, canRewind);
            }

            foreach (int cut in FirstAttempts(history, calls, failures, cause).Take(MaximumCuts))
            {
                yield return Without(history, [], cut, canRewind);
            }
        }

        yield return unchanged;
    }

    /// <summary>Takes out failed tasks, everything that was caused after the cut, and what never came to an outcome.</summary>
    private static RewoundHistory Without(
        IReadOnlyList<HistoryEvent> history, HashSet<int> failed, int cut, Func<string, bool> canRewind)
    {
        var scheduled = new Dictionary<int, HistoryEvent>();
        for (int i = 0; i < cut; i++)
        {
            if (ReplayMismatch.IsAction(history[i]))
            {
                scheduled[history[i].EventId] = history[i];
            }
        }

        bool IsKeptOutcome(int index, int task) =>
            scheduled.ContainsKey(task) && !failed.Contains(task) && (index < cut || FailedTask(history[index]) is null);
        var answered = new HashSet<int>();
        for (int i = 0; i < history.Count; i++)
        {
            if (AnsweredTask(history[i]) is { } task && IsKeptOutcome(i, task))
            {
                answered.Add(task);
            }
        }

        // Of the attempts that share an instance, the last one's is there.
        var children = scheduled.Values.OfType<SubOrchestrationInstanceCreatedEvent>()
            .Where(child => !answered.Contains(child.EventId) && canRewind(child.InstanceId!))
            .GroupBy(child => child.InstanceId, StringComparer.Ordinal)
            .Select(attempts => attempts.MaxBy(child => child.EventId)!)
            .Where(last => !history.OfType<SubOrchestrationInstanceCreatedEvent>()
                .Any(later => later.InstanceId == last.InstanceId && later.EventId > last.EventId))
            .ToList();

        bool IsKept(int index, HistoryEvent entry) => entry switch
        {
            ExecutionCompletedEvent => false,
            EventSentEvent => index < cut,
            _ when ReplayMismatch.IsAction(entry) => index < cut
                && (answered.Contains(entry.EventId) || children.Exists(child => child.EventId == entry.EventId)),
            _ => AnsweredTask(entry) is not { } task || IsKeptOutcome(index, task),
        };
        return new RewoundHistory([.. history.Where((entry, index) => IsKept(index, entry))], children);
    }

    /// <summary>
    /// Where the history may be cut: at the first failed attempt of the call that ended the orchestration, then at those of the others, the
    /// latest first. Attempts of one call are recognised by what they call: same kind, name and input, with no success in between.
    /// </summary>
    private static IEnumerable<int> FirstAttempts(
        IReadOnlyList<HistoryEvent> history, Dictionary<int, (char, string?, string?)> calls, int[] failures, int? cause)
    {
        var firstAttempt = new Dictionary<(char, string?, string?), int>();
        for (int i = 0; i < history.Count; i++)
        {
            if (AnsweredTask(history[i]) is not { } task || !calls.TryGetValue(task, out (char, string?, string?) call))
            {
                continue;
            }

            if (FailedTask(history[i]) is null)
            {
                firstAttempt.Remove(call);
            }
            else
            {
                firstAttempt.TryAdd(call, i);
            }
        }

        // Calls that failed and succeeded at the end were handled; as a last resort every failure is a place to cut.
        IEnumerable<int> causes = cause is { } index && firstAttempt.TryGetValue(calls[FailedTask(history[index])!.Value], out int first)
            ? [first]
            : [];
        return causes.Concat(firstAttempt.Values.OrderDescending()).Concat(failures.OrderDescending()).Distinct();
    }

    /// <summary>By the number of each action: what it calls.</summary>
    private static Dictionary<int, (char, string?, string?)> CallsOf(IReadOnlyList<HistoryEvent> history) =>
        history.Where(ReplayMismatch.IsAction)
            .ToDictionary(action => action.EventId, action => action switch
            {
                TaskScheduledEvent activity => ('a', activity.Name, activity.Input),
                SubOrchestrationInstanceCreatedEvent child => ('s', child.Name, child.Input),
                _ => default((char, string?, string?)),
            });

    private static bool IsOnlyAttempt(
        IReadOnlyList<HistoryEvent> history, Dictionary<int, (char, string?, string?)> calls, int failure) =>
        calls.TryGetValue(FailedTask(history[failure])!.Value, out (char, string?, string?) call)
        && calls.Values.Count(other => other == call) == 1;

    /// <summary>The failed task whose exception the orchestration ended with; null when it ended with another, or none.</summary>
    private static int? Cause(IReadOnlyList<HistoryEvent> history, int[] failures)
    {
        if (OwnTaskFailure(history) is not { } failure)
        {
            return null;
        }

        foreach (int i in failures)
        {
            int task = FailedTask(history[i])!.Value;
            string? name = history.Where(ReplayMismatch.IsAction)
                .Where(action => action.EventId == task).Select(ReplayMismatch.NameOf).FirstOrDefault();
            global::DurableTask.Core.FailureDetails? details =
                (history[i] as TaskFailedEvent)?.FailureDetails ?? (history[i] as SubOrchestrationInstanceFailedEvent)?.FailureDetails;
            if (details is not null
                && new TaskFailedException(name ?? "", task, details.ToTaskFailureDetails()).Message == failure.ErrorMessage)
            {
                return i;
            }
        }

        return null;
    }

    private static bool FailedByTask(IReadOnlyList<HistoryEvent> history) => OwnTaskFailure(history) is not null;

    /// <summary>What a task of this orchestration failed with, as the orchestration's own failure tells it.</summary>
    private static global::DurableTask.Core.FailureDetails? OwnTaskFailure(IReadOnlyList<HistoryEvent> history)
    {
        global::DurableTask.Core.FailureDetails? failure = history.OfType<ExecutionCompletedEvent>().LastOrDefault()?.FailureDetails;
        while (failure is not null && failure.ErrorType != typeof(TaskFailedException).FullName)
        {
            failure = failure.InnerFailure;
        }

        return failure;
    }

    private static int? FailedTask(HistoryEvent entry) => entry switch
    {
        TaskFailedEvent activity => activity.TaskScheduledId,
        SubOrchestrationInstanceFailedEvent child => child.TaskScheduledId,
        _ => null,
    };

    private static int? AnsweredTask(HistoryEvent entry) => entry switch
    {
        TaskCompletedEvent done => done.TaskScheduledId,
        SubOrchestrationInstanceCompletedEvent done => done.TaskScheduledId,
        TimerFiredEvent fired => fired.TimerId,
        _ => FailedTask(entry),
    };
}

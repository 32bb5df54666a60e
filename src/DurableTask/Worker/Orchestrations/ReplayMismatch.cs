using System.Globalization;
using System.Text;
using DurableTask.Core.Exceptions;
using DurableTask.Core.History;

namespace Microsoft.DurableTask.Worker.Orchestrations;

/// <summary>
/// Says how a replay differs from its history: one sentence, then both sides beside each other around the first difference. The text goes
/// into failure details and logs, so rows and names are limited: it stays under about 3,000 characters.
/// </summary>
internal static class ReplayMismatch
{
    private const int RowsBefore = 5;
    private const int RowsAfter = 5;
    private const int LongestName = 80;

    private const string WhatToDo =
        "Was the orchestrator's code changed while this instance was running, or does it use the clock, random values, I/O or "
        + "unordered collections? Keep running instances on the old version and register the changed code as a new version.";

    /// <param name="stored">What the history holds at the first difference; null for nothing.</param>
    /// <param name="added">What the code does there; null for nothing.</param>
    /// <param name="history">The whole history.</param>
    /// <param name="pending">What the code added and the history has not confirmed, by sequence number.</param>
    public static NonDeterministicOrchestrationException Create(
        HistoryEvent? stored, HistoryEvent? added, IReadOnlyList<HistoryEvent> history, IReadOnlyDictionary<int, HistoryEvent> pending)
    {
        int at = (stored ?? added)!.EventId;
        string sentence = (stored, added) switch
        {
            (null, _) => $"scheduled nothing with sequence number {at} at this point, but the code now schedules {Describe(added!)}.",
            (_, null) => $"scheduled {Describe(stored)} with sequence number {at}, "
                + "but the code now schedules nothing with that number at this point.",
            _ => $"scheduled {Describe(stored)} with sequence number {at}, but the code now schedules {Describe(added)} there.",
        };
        return new NonDeterministicOrchestrationException(
            at, $"A previous execution of this orchestration {sentence} {WhatToDo}\n{Table(at, history, pending)}");
    }

    /// <summary>True for events that an orchestrator's code causes, which a replay has to cause again.</summary>
    public static bool IsAction(HistoryEvent entry) =>
        entry is TaskScheduledEvent or TimerCreatedEvent or SubOrchestrationInstanceCreatedEvent or EventSentEvent;

    public static string? NameOf(HistoryEvent action) => action switch
    {
        TaskScheduledEvent activity => activity.Name,
        SubOrchestrationInstanceCreatedEvent child => child.Name,
        EventSentEvent sent => sent.Name,
        _ => null,
    };

    private static string Table(int at, IReadOnlyList<HistoryEvent> history, IReadOnlyDictionary<int, HistoryEvent> pending)
    {
        var stored = new Dictionary<int, HistoryEvent>();
        foreach (HistoryEvent entry in history.Where(IsAction))
        {
            stored[entry.EventId] = entry;
        }

        int last = stored.Keys.Concat(pending.Keys).Append(at).Max();
        var rows = new List<(string Number, string Before, string Now)> { ("#", "history", "code now") };
        for (int id = Math.Max(0, at - RowsBefore); id <= Math.Min(last, at + RowsAfter); id++)
        {
            HistoryEvent? before = stored.GetValueOrDefault(id);
            // What came before the first difference was the same on both sides.
            HistoryEvent? now = pending.GetValueOrDefault(id) ?? (id < at ? before : null);
            string nothing = id == at ? "nothing" : "";
            rows.Add((
                id.ToString(CultureInfo.InvariantCulture),
                before is null ? nothing : Describe(before),
                now is null ? nothing : Describe(now)));
        }

        int numberWidth = rows.Max(row => row.Number.Length);
        int beforeWidth = rows.Max(row => row.Before.Length);
        var text = new StringBuilder();
        foreach ((string number, string before, string now) in rows)
        {
            char mark = number == at.ToString(CultureInfo.InvariantCulture) ? '>' : ' ';
            string row = $"{mark} {number.PadLeft(numberWidth)}  {before.PadRight(beforeWidth)} | {now}";
            text.Append(row.TrimEnd()).Append('\n');
        }

        return last > at + RowsAfter
            ? text.Append(CultureInfo.InvariantCulture, $"  ({last - at - RowsAfter} more)").ToString()
            : text.ToString().TrimEnd('\n');
    }

    private static string Describe(HistoryEvent action) => action switch
    {
        TaskScheduledEvent activity => $"the activity '{Cut(activity.Name)}'",
        SubOrchestrationInstanceCreatedEvent child => $"the sub-orchestration '{Cut(child.Name)}'",
        EventSentEvent sent => $"the event '{Cut(sent.Name)}' to '{Cut(sent.InstanceId)}'",
        TimerCreatedEvent => "a timer",
        _ => $"an action of kind {action.EventType}",
    };

    private static string? Cut(string? name) =>
        name is { Length: > LongestName } ? string.Concat(name.AsSpan(0, LongestName), "...") : name;
}

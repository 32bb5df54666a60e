using DurableTask.Core.History;

namespace DurableTask.Core;

/// <summary>The history of an execution: what is stored, and what this turn adds.</summary>
public class OrchestrationRuntimeState
{
    private readonly List<HistoryEvent> _past = [];
    private readonly List<HistoryEvent> _new = [];

    /// <summary>Creates the state of an execution that has not begun.</summary>
    public OrchestrationRuntimeState()
        : this(events: null)
    {
    }

    /// <summary>Creates a state from the stored history.</summary>
    public OrchestrationRuntimeState(IList<HistoryEvent>? events)
    {
        foreach (HistoryEvent stored in events ?? [])
        {
            _past.Add(stored);
            Note(stored);
        }
    }

    /// <summary>Stored and new events.</summary>
    public IList<HistoryEvent> Events => [.. _past, .. _new];

    /// <summary>What is stored.</summary>
    public IList<HistoryEvent> PastEvents => _past;

    /// <summary>What this turn adds.</summary>
    public IList<HistoryEvent> NewEvents => _new;

    /// <summary>The first event; null while it has not come.</summary>
    public ExecutionStartedEvent? ExecutionStartedEvent { get; private set; }

    /// <summary>How the execution ended; null while it has not.</summary>
    public ExecutionCompletedEvent? ExecutionCompletedEvent { get; private set; }

    public string Name => Start.Name;

    public string Version => Start.Version ?? "";

    public string? Input => Start.Input;

    public IDictionary<string, string>? Tags => Start.Tags;

    public ParentInstance? ParentInstance => Start.ParentInstance;

    public OrchestrationInstance? OrchestrationInstance => ExecutionStartedEvent?.OrchestrationInstance;

    public FailureDetails? FailureDetails => ExecutionCompletedEvent?.FailureDetails;

    /// <summary>Pending before the first event, then Running or Suspended, then how it ended.</summary>
    public OrchestrationStatus OrchestrationStatus =>
        ExecutionCompletedEvent?.OrchestrationStatus
        ?? (ExecutionStartedEvent is null ? OrchestrationStatus.Pending
            : Events.LastOrDefault(entry => entry is ExecutionSuspendedEvent or ExecutionResumedEvent) is ExecutionSuspendedEvent
                ? OrchestrationStatus.Suspended
                : OrchestrationStatus.Running);

    private ExecutionStartedEvent Start => ExecutionStartedEvent
        ?? throw new InvalidOperationException("The execution has not begun: expected an ExecutionStarted event in the history.");

    /// <summary>Adds an event to the turn.</summary>
    /// <exception cref="InvalidOperationException">The execution began or ended already, and the event says so a second time.</exception>
    public void AddEvent(HistoryEvent historyEvent)
    {
        ArgumentNullException.ThrowIfNull(historyEvent);
        Note(historyEvent);
        _new.Add(historyEvent);
    }

    private void Note(HistoryEvent entry)
    {
        if (entry is ExecutionStartedEvent started)
        {
            ExecutionStartedEvent = ExecutionStartedEvent is null ? started : throw Twice(entry);
        }
        else if (entry is ExecutionCompletedEvent completed)
        {
            ExecutionCompletedEvent = ExecutionCompletedEvent is null ? completed : throw Twice(entry);
        }
    }

    private static InvalidOperationException Twice(HistoryEvent entry) =>
        new($"The history holds an event of kind {entry.EventType} already: expected one at most.");
}

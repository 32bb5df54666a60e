using DurableTask.Core;
using DurableTask.Core.Exceptions;
using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.Worker.Orchestrations;

/// <summary>What a task of an orchestrator came to.</summary>
internal readonly record struct TaskOutcome(string? Result, FailureDetails? Failure);

/// <summary>
/// The numbered actions of one execution: those that this turn added, and those whose outcome is still open.
/// The sequence number of an action is the event id of its history event.
/// </summary>
internal sealed class OrchestratorActions
{
    private readonly SortedDictionary<int, HistoryEvent> _added = [];
    private readonly Dictionary<int, TaskCompletionSource<TaskOutcome>> _open = [];
    private readonly Dictionary<int, string> _openChildren = [];
    private readonly Dictionary<int, OutgoingEntityMessage> _toEntities = [];
    private readonly List<int> _cancelledTimers = [];
    private int _next;

    /// <summary>An orchestration ends only when no outcome is open.</summary>
    public bool HasOpenTasks => _open.Count > 0;

    /// <summary>Actions that no stored turn holds yet, in order.</summary>
    public IReadOnlyList<HistoryEvent> Added => [.. _added.Values];

    /// <summary>The messages to entities among <see cref="Added"/>, by event id.</summary>
    public IReadOnlyDictionary<int, OutgoingEntityMessage> ToEntities => _toEntities;

    /// <summary>Stored timers that the code cancelled during this turn.</summary>
    public IReadOnlyList<int> CancelledTimers => _cancelledTimers;

    /// <summary>The instance ids of sub-orchestrations that run; those that no stored turn holds yet were never created.</summary>
    public IEnumerable<string> OpenChildren =>
        _openChildren.Where(child => !_added.ContainsKey(child.Key)).Select(child => child.Value);

    public int NextId() => _next++;

    /// <summary>The number that the next action gets.</summary>
    public int PeekId() => _next;

    /// <summary>Adds an action whose outcome the orchestrator can await.</summary>
    public Task<TaskOutcome> Open(HistoryEvent action)
    {
        // Continuations run inside the orchestrator's loop, in the order of the events: synchronous on purpose.
        var source = new TaskCompletionSource<TaskOutcome>();
        _open.Add(action.EventId, source);
        if (action is SubOrchestrationInstanceCreatedEvent child)
        {
            _openChildren.Add(action.EventId, child.InstanceId!);
        }

        Add(action);
        return source.Task;
    }

    /// <summary>Adds an action that has no outcome.</summary>
    public void Add(HistoryEvent action) => _added.Add(action.EventId, action);

    /// <summary>True when the outcome of this task is still to come.</summary>
    public bool IsOpen(int id) => _open.ContainsKey(id);

    /// <summary>Adds the sending of a message to an entity.</summary>
    public void Send(EventSentEvent sent, OutgoingEntityMessage message)
    {
        Add(sent);
        _toEntities.Add(sent.EventId, message);
    }

    /// <returns>False when no such outcome is open: a duplicate, or a cancelled timer.</returns>
    public bool TryComplete(int id, TaskOutcome outcome)
    {
        _openChildren.Remove(id);
        return _open.Remove(id, out TaskCompletionSource<TaskOutcome>? source) && source.TrySetResult(outcome);
    }

    /// <summary>Closes a timer early. One that was added in this very turn leaves no trace.</summary>
    public void CancelTimer(int id, CancellationToken cancellationToken)
    {
        if (!_open.Remove(id, out TaskCompletionSource<TaskOutcome>? source))
        {
            return;
        }

        if (!_added.Remove(id))
        {
            _cancelledTimers.Add(id);
        }

        source.TrySetCanceled(cancellationToken);
    }

    /// <summary>The turn is stored: what it added is history now.</summary>
    public void Stored()
    {
        _added.Clear();
        _toEntities.Clear();
        _cancelledTimers.Clear();
    }

    /// <summary>The history that a replay is compared with.</summary>
    public IReadOnlyList<HistoryEvent> History { get; set; } = [];

    /// <summary>Replay: the history says that a turn ended here, so the code must have added nothing else.</summary>
    /// <param name="mayHaveMore">True before a rewind, whose turn holds what was taken out of the earlier ones.</param>
    /// <exception cref="NonDeterministicOrchestrationException">It did.</exception>
    public void EndReplayedTurn(bool mayHaveMore)
    {
        _cancelledTimers.Clear();
        if (_added.Count > 0 && !mayHaveMore)
        {
            throw ReplayMismatch.Create(stored: null, _added.Values.First(), History, _added);
        }
    }

    /// <summary>Replay: matches a stored action with the one that the code added. Inputs and versions are not compared.</summary>
    /// <exception cref="NonDeterministicOrchestrationException">They differ in kind or name, or the code added none.</exception>
    public void Match(HistoryEvent stored)
    {
        if (!_added.TryGetValue(stored.EventId, out HistoryEvent? added)
            || added.EventType != stored.EventType
            || !string.Equals(ReplayMismatch.NameOf(added), ReplayMismatch.NameOf(stored), StringComparison.OrdinalIgnoreCase))
        {
            throw ReplayMismatch.Create(stored, added, History, _added);
        }

        _toEntities.Remove(stored.EventId);
        _added.Remove(stored.EventId);
    }
}

using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Heal.Shared.Tests.Programs.Checks;

namespace Heal.DurableTask.Simulation.Tests.Checks;

/// <summary>Sees everything that takes effect in the hub, from all processes, and objects at once to what must not happen.</summary>
internal sealed class Audit
{
    private readonly HashSet<long> _consumed = [];
    private readonly HashSet<(string InstanceId, long Fence)> _turns = [];
    private readonly Dictionary<(string ExecutionId, string Outcome), long> _outcomes = [];
    private readonly Dictionary<string, List<HistoryEvent>> _histories = new(StringComparer.Ordinal);

    public int Turns { get; private set; }

    /// <summary>The first objection: thrown inside of the engine, it would be taken for a failure of the hub.</summary>
    public Violation? Objection { get; private set; }

    /// <summary>All that was committed to an execution's history, in order.</summary>
    public IReadOnlyList<HistoryEvent> HistoryOf(string executionId) => _histories.GetValueOrDefault(executionId, []);

    public void Delivered(OrchestrationWorkItem item)
    {
        foreach (var message in item.Messages)
        {
            if (_consumed.Contains(message.Id))
            {
                Object("message consumed once", $"message {message.Id} of '{item.Lock.InstanceId}' was consumed, and is delivered again");
            }

            if (message.ExecutionId is not null && HistoryText.OutcomeOf(message.Event) is { } outcome
                && !_outcomes.TryAdd((message.ExecutionId, outcome), message.Id)
                && _outcomes[(message.ExecutionId, outcome)] != message.Id)
            {
                Object("one outcome per task", $"'{item.Lock.InstanceId}' is delivered a second {outcome}");
            }
        }
    }

    public void Committed(TurnCommit turn)
    {
        Turns++;
        if (!_turns.Add((turn.Lock.InstanceId, turn.Lock.Fence)))
        {
            Object("one turn per fence", $"'{turn.Lock.InstanceId}' has a second turn under fence {turn.Lock.Fence}");
        }

        foreach (long message in turn.ConsumedMessages)
        {
            if (!_consumed.Add(message))
            {
                Object("message consumed once", $"message {message} was consumed by a second turn of '{turn.Lock.InstanceId}'");
            }
        }

        if (!_histories.TryGetValue(turn.ExecutionId, out var history))
        {
            _histories.Add(turn.ExecutionId, history = []);
        }

        if (turn.HistoryCount != history.Count)
        {
            Object("history grows turn by turn",
                $"a turn of '{turn.Lock.InstanceId}' follows {turn.HistoryCount} events, but {history.Count} were committed");
        }

        history.AddRange(turn.NewHistory);
    }

    private void Object(string invariant, string what) => Objection ??= new Violation(invariant, what);
}

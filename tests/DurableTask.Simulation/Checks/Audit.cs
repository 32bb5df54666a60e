using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Heal.Shared.Tests.Programs.Checks;
using Microsoft.DurableTask.InMemory;

namespace Heal.DurableTask.Simulation.Tests.Checks;

/// <summary>Sees everything that takes effect in the hub, from all processes, and objects at once to what must not happen.</summary>
/// <param name="stored">What the hub holds.</param>
/// <param name="hasEnded">Called with each instance that ended, as it is stored then, to check it: nobody may see it later.</param>
/// <param name="places">Checked when a place may have been taken.</param>
internal sealed class Audit(InMemoryStorage stored, Action<StoredInstance, Life> hasEnded, PlaceChecks places)
{
    private readonly HashSet<long> _consumed = [];
    private readonly HashSet<(string ExecutionId, long Fence)> _turns = [];
    private readonly Dictionary<(string ExecutionId, string Outcome), long> _outcomes = [];
    private readonly Dictionary<string, List<HistoryEvent>> _histories = new(StringComparer.Ordinal);

    public int Turns { get; private set; }

    public Lives Lives { get; } = new();

    /// <summary>The first objection: thrown inside of the engine, it would be taken for a failure of the hub.</summary>
    public Violation? Objection { get; private set; }

    /// <summary>All that was committed to an execution's history, in order.</summary>
    public IReadOnlyList<HistoryEvent> HistoryOf(string executionId) => _histories.GetValueOrDefault(executionId, []);

    /// <summary>What the hub holds now.</summary>
    public IReadOnlyCollection<StoredInstance> Stored => [.. stored.Instances.Values];

    public void Created(NewInstance instance) => Lives.Begin(instance);

    public void Rewound(string instanceId)
    {
        var life = Lives.Current(instanceId)!;
        life.End = null;
        life.Rewinds++;
    }

    /// <param name="before">The instances that the hub had before it removed some.</param>
    /// <param name="mayGo">What more than its end an instance's removal takes.</param>
    public void Removed(IReadOnlyCollection<StoredInstance> before, Func<StoredInstance, bool> mayGo)
    {
        foreach (var instance in before.Where(instance => !stored.Instances.ContainsKey(instance.State.InstanceId)))
        {
            Lives.Current(instance.State.InstanceId)!.Leave();
            if (!instance.State.Status.IsTerminal() || !mayGo(instance))
            {
                Object(
                    "only what has ended is removed", $"'{instance.State.InstanceId}' ({instance.State.Status}) is removed too early");
            }
        }
    }

    public void Delivered(OrchestrationWorkItem item)
    {
        var life = Lives.Of(item.Instance.ExecutionId);
        foreach (var message in item.Messages)
        {
            if (message.Event is ExecutionStartedEvent start && start.OrchestrationInstance.ExecutionId == life.ExecutionId)
            {
                life.FirstMessage = message.Id;
            }

            if (message.Id < life.FirstMessage || (message.ExecutionId is { } addressee && addressee != item.Instance.ExecutionId))
            {
                Object(
                    "nothing of an earlier life",
                    $"'{item.Lock.InstanceId}' is delivered {HistoryText.Describe(message.Event)}, "
                    + "which was meant for another one of that id");
            }

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

    /// <summary>Locks were taken or renewed.</summary>
    public void Locked() => Checked(places.Run);

    public void Committed(TurnCommit turn)
    {
        Turns++;
        Locked();
        if (!_turns.Add((turn.ExecutionId, turn.Lock.Fence)))
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

        if (turn.ReplacesHistory)
        {
            history.Clear();
            ForgetOutcomes(turn);
        }

        history.AddRange(turn.NewHistory);
        foreach (var child in turn.RewoundChildren.Where(
            child => stored.Instances.TryGetValue(child.InstanceId, out var again) && !again.State.Status.IsTerminal()))
        {
            Rewound(child.InstanceId);
        }

        if (turn.ContinueAs is { } next)
        {
            Lives.GoOn(turn.ExecutionId, next);
        }

        foreach (var created in turn.SubOrchestrations.Where(IsStored))
        {
            Lives.Begin(created);
        }

        if (turn.Status.IsTerminal())
        {
            Ended(turn.Lock.InstanceId, Lives.Of(turn.ExecutionId));
        }
    }

    /// <summary>What a rewind took out of the history comes to another outcome.</summary>
    private void ForgetOutcomes(TurnCommit turn)
    {
        var kept = turn.NewHistory.Select(HistoryText.OutcomeOf).ToHashSet();
        foreach (var outcome in _outcomes.Keys.Where(key => key.ExecutionId == turn.ExecutionId && !kept.Contains(key.Outcome)))
        {
            _outcomes.Remove(outcome);
        }
    }

    /// <summary>False for a sub-orchestration whose id was taken.</summary>
    private bool IsStored(NewInstance created) => stored.Instances.TryGetValue(created.InstanceId, out var instance)
        && instance.State.ExecutionId == created.ExecutionId;

    private void Ended(string instanceId, Life life)
    {
        var instance = stored.Instances[instanceId];
        life.End = instance.State.Status;
        life.EventsAtEnd = instance.History.Count;
        Checked(() => hasEnded(instance, life));
    }

    private void Checked(Action check)
    {
        try
        {
            check();
        }
        catch (Violation violation)
        {
            Objection ??= violation;
        }
    }

    private void Object(string invariant, string what) => Objection ??= new Violation(invariant, what);
}

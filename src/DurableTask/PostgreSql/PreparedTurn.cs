using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>Something that waits for its commit, together with others that concern other instances.</summary>
internal abstract class GroupOperation
{
    public abstract string InstanceId { get; }

    /// <summary>The worker that acts, or is to act; null for none.</summary>
    public abstract string? WorkerId { get; }

    /// <summary>True when the caller knows the outcome.</summary>
    public abstract bool IsAnswered { get; }

    /// <summary>Tells the caller that it was not stored, or that nobody knows.</summary>
    public abstract void Fail(Exception exception);
}

/// <summary>
/// A turn that waits for its commit, with its events serialized already: that is done by the caller, so that callers share the work and an
/// event that cannot be serialized fails nobody but its own turn.
/// </summary>
internal sealed class PreparedTurn(TurnCommit turn) : GroupOperation
{
    public TurnCommit Turn { get; } = turn;

    public override string InstanceId => Turn.Lock.InstanceId;

    public override string? WorkerId => Turn.Lock.WorkerId;

    public override bool IsAnswered => Completion.Task.IsCompleted;

    /// <summary>The execution that timers of this turn belong to.</summary>
    public string NextExecutionId => Turn.ContinueAs?.OrchestrationInstance.ExecutionId ?? Turn.ExecutionId;

    public bool Ends { get; } = turn.Status.IsTerminal();

    /// <summary>True when the turn does no more than go on with activities or end: one statement stores it.</summary>
    public bool IsPlain { get; } = turn is
    {
        ContinueAs: null,
        Timers.Count: 0,
        CancelledTimers.Count: 0,
        SubOrchestrations.Count: 0,
        Messages.Count: 0,
        EntityMessages.Count: 0,
        ReplacesHistory: false,
        RewoundChildren.Count: 0,
    };

    /// <summary>True when activities without rows are open after it; decided when the group is put together.</summary>
    public bool Stays { get; set; }

    /// <summary>True when it changes no rows but its instance's, and that only lives on in its worker's memory; decided with
    /// <see cref="Stays"/>.</summary>
    public bool IsResident { get; set; }

    /// <summary>True when it could be resident: it goes on from memory, with activities that it keeps there.</summary>
    public bool TouchesNoRows =>
        IsPlain
        && !Ends
        && !Turn.LockHeld
        && History is not null
        && Turn.ClaimActivities == Activities.Length
        && Turn.ConsumedMessages.All(static id => id == Residents.NoRow)
        && Turn.FinishedActivities.All(static held => held.ActivityId == Residents.NoRow);

    public string? History { get; } = turn.ContinueAs is null ? HistorySerializer.SerializeAll(turn.NewHistory) : null;

    public string[] Activities { get; } = turn.Status.IsTerminal() ? [] : SerializeEach(turn.Activities);

    public string[] Timers { get; } = turn.Status.IsTerminal() ? [] : SerializeEach(turn.Timers);

    public string[] Starts { get; } =
        turn.SubOrchestrations.Count == 0 ? [] : [.. turn.SubOrchestrations.Select(created => HistorySerializer.Serialize(created.Start))];

    public string[] Messages { get; } =
        turn.Messages.Count == 0 ? [] : [.. turn.Messages.Select(message => HistorySerializer.Serialize(message.Event))];

    /// <summary>The first messages of the next execution, in order.</summary>
    public string[] ContinuedMessages { get; } = turn.ContinueAs is null
        ? []
        : [HistorySerializer.Serialize(turn.ContinueAs), .. turn.CarriedEvents.Select(HistorySerializer.Serialize)];

    public string? Failure { get; } = HistorySerializer.Serialize(turn.Failure);

    /// <summary>Whom a termination reaches: their scheduled start is brought forward.</summary>
    public IReadOnlyList<string> Terminated { get; } = turn.Messages.Count == 0
        ? []
        : [.. turn.Messages.Where(message => message.Event is ExecutionTerminatedEvent).Select(message => message.InstanceId)];

    /// <summary>The commit's outcome, for the caller who waits.</summary>
    public TaskCompletionSource<TurnReceipt> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Existing instances that the turn may write besides its own: they are locked in the same order.</summary>
    public IEnumerable<string> OtherInstances =>
        Turn.SubOrchestrations.Select(created => created.InstanceId).Concat(Terminated)
            .Concat(Turn.RewoundChildren.Select(child => child.InstanceId));

    /// <summary>How many events the stored history has after it.</summary>
    public int HistoryAfter =>
        Turn.ContinueAs is not null ? 0 : (Turn.ReplacesHistory ? 0 : Turn.HistoryCount) + Turn.NewHistory.Count;

    public override void Fail(Exception exception) => Completion.TrySetException(exception);

    private static string[] SerializeEach(IReadOnlyList<HistoryEvent> events)
    {
        if (events.Count == 0)
        {
            return [];
        }

        var texts = new string[events.Count];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = HistorySerializer.Serialize(events[i]);
        }

        return texts;
    }
}

/// <summary>An instance that waits to be created.</summary>
/// <param name="worker">The worker of this process in whose memory it is to begin; null when its start is to be a message.</param>
internal sealed class PreparedStart(NewInstance created, ILocalWorker? worker) : GroupOperation
{
    public NewInstance Created { get; } = created;

    public ILocalWorker? Worker { get; } = worker;

    public string Start { get; } = HistorySerializer.Serialize(created.Start);

    public string? Tags { get; } = HistorySerializer.SerializeTags(created.Start.Tags);

    public TaskCompletionSource<StartOutcome> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override string InstanceId => Created.InstanceId;

    public override string? WorkerId => Worker?.WorkerId;

    public override bool IsAnswered => Completion.Task.IsCompleted;

    /// <summary>Tells the caller, and hands the instance to the worker whose memory it begins in.</summary>
    public void Answer(StartOutcome outcome, DateTimeOffset createdAt = default)
    {
        if (outcome == StartOutcome.InMemory)
        {
            Worker!.Start(LocalWorkers.FirstTurn(Created, Worker.WorkerId, createdAt));
        }
        else
        {
            Worker?.GiveBack();
        }

        Completion.TrySetResult(outcome);
    }

    public override void Fail(Exception exception)
    {
        Worker?.GiveBack();
        Completion.TrySetException(exception);
    }
}

/// <summary>What became of a creation. Taken: the id is not free, and nothing was stored.</summary>
internal enum StartOutcome
{
    Taken,
    Posted,
    InMemory,
}

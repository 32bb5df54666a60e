using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>Something that waits for its commit, together with others that concern other instances.</summary>
internal abstract class GroupOperation : IThreadPoolWorkItem
{
    public abstract string InstanceId { get; }

    /// <summary>The worker that acts, or is to act; null for none.</summary>
    public virtual string? WorkerId => null;

    /// <summary>True when an instance's next one must not begin before it is answered.</summary>
    public virtual bool IsAloneOfItsInstance => true;

    /// <summary>True when the outcome is known.</summary>
    public bool IsAnswered { get; protected set; }

    /// <summary>It was not stored, or nobody knows.</summary>
    public abstract void Fail(Exception exception);

    /// <summary>Tells the caller the outcome. What the caller does next runs right here, before this returns.</summary>
    public abstract void Tell();

    void IThreadPoolWorkItem.Execute() => Tell();
}

/// <inheritdoc/>
internal abstract class GroupOperation<T> : GroupOperation
{
    private readonly TaskCompletionSource<T> _told = new();
    private T _outcome = default!;
    private Exception? _failure;

    /// <summary>The outcome, for the caller who waits.</summary>
    public Task<T> Told => _told.Task;

    public void Answer(T outcome)
    {
        _outcome = outcome;
        IsAnswered = true;
    }

    public override void Fail(Exception exception)
    {
        _failure = exception;
        IsAnswered = true;
    }

    public override void Tell()
    {
        if (_failure is not null)
        {
            _told.TrySetException(_failure);
        }
        else
        {
            _told.TrySetResult(_outcome);
        }
    }
}

/// <summary>
/// A turn that waits for its commit, with its events serialized already: that is done by the caller, so that callers share the work and an
/// event that cannot be serialized fails nobody but its own turn.
/// </summary>
internal sealed class PreparedTurn(TurnCommit turn) : GroupOperation<TurnReceipt>
{
    private PreparedStart? _start;
    private InstanceWatchers? _watchers;

    /// <summary>Written by the caller when some go to rows for certain.</summary>
    private string[]? _activities = turn.ClaimActivities == turn.Activities.Count ? null : SerializeEach(turn.Activities);

    public TurnCommit Turn { get; } = turn;

    /// <summary>The instance's start, when it is to be stored together with this turn, which is its first; else null.</summary>
    public PreparedStart? Start { get; private set; }

    public override string InstanceId => Turn.Lock.InstanceId;

    public override string? WorkerId => Turn.Lock.WorkerId;

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

    /// <summary>True when its instance lives in its worker's memory, and it changes no rows but that one's: it goes on there, or ends;
    /// decided with <see cref="Stays"/>.</summary>
    public bool IsResident { get; set; }

    /// <summary>True when its instance is created as this turn leaves it; decided with <see cref="Stays"/>.</summary>
    public bool IsOpening { get; set; }

    /// <summary>True when it could be resident: it goes on from memory, with activities that it keeps there, or ends.</summary>
    public bool TouchesNoRows =>
        IsPlain
        && !Turn.LockHeld
        && History is not null
        && Turn.ClaimActivities == ActivityCount
        && Turn.ConsumedMessages.All(static id => id == Residents.NoRow)
        && Turn.FinishedActivities.All(static held => held.ActivityId == Residents.NoRow);

    /// <summary>UTF-8: it goes to the server as it is.</summary>
    public byte[]? History { get; } = turn.ContinueAs is null ? HistorySerializer.SerializeAll(turn.NewHistory) : null;

    /// <summary>How many activities it starts.</summary>
    public int ActivityCount => Ends ? 0 : Turn.Activities.Count;

    /// <summary>What goes into the rows of its activities; most turns need none.</summary>
    public string[] Activities => Ends ? [] : _activities ??= SerializeEach(Turn.Activities);

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

    /// <summary>Whom a termination reaches: their start is brought forward.</summary>
    public IReadOnlyList<string> Terminated { get; } = turn.Messages.Count == 0
        ? []
        : [.. turn.Messages.Where(message => message.IsToChild).Select(message => message.InstanceId)];

    /// <summary>Existing instances that the turn may write besides its own: they are locked in the same order.</summary>
    public IEnumerable<string> OtherInstances =>
        Turn.SubOrchestrations.Select(created => created.InstanceId).Concat(Terminated)
            .Concat(Turn.RewoundChildren.Select(child => child.InstanceId));

    /// <summary>What the instance has become, when the turn ended it and this process knows; else null.</summary>
    public InstanceState? Became { get; set; }

    /// <summary>How many events the stored history has after it.</summary>
    public int HistoryAfter =>
        Turn.ContinueAs is not null ? 0 : (Turn.ReplacesHistory ? 0 : Turn.HistoryCount) + Turn.NewHistory.Count;

    /// <summary>The start waits for this turn: both are stored, or neither.</summary>
    public void Open(PreparedStart start) => Start = _start = start;

    /// <summary>The start is stored by itself after all.</summary>
    public void Part() => Start = null;

    public override void Fail(Exception exception)
    {
        Start?.Fail(exception);
        base.Fail(exception);
    }

    /// <summary>It is stored: who waits in this process for the instance's end hears of it once the turn's caller has done with it, and
    /// goes on here too. Nobody else is kept from anything by then.</summary>
    public void TellAfterwards(InstanceWatchers watchers) => _watchers = watchers;

    /// <summary>Tells the turn's caller here, and whoever started the instance on another thread: neither waits for what the other does
    /// next.</summary>
    public override void Tell()
    {
        if (_start is not null)
        {
            ThreadPool.UnsafeQueueUserWorkItem(_start, preferLocal: false);
        }

        base.Tell();
        _watchers?.ChangedAndRun(InstanceId, Became);
    }

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
internal sealed class PreparedStart(NewInstance created, ILocalWorker? worker) : GroupOperation<StartOutcome>
{
    private OrchestrationWorkItem? _firstTurn;
    private bool _isHandedOver;
    private bool _isClaimed;
    private string? _text;

    public NewInstance Created { get; } = created;

    public ILocalWorker? Worker { get; } = worker;

    /// <summary>The start event, serialized.</summary>
    public string Text => _text ??= HistorySerializer.Serialize(Created.Start);

    public string? Tags { get; } = HistorySerializer.SerializeTags(created.Start.Tags);

    public override string InstanceId => Created.InstanceId;

    public override string? WorkerId => Worker?.WorkerId;

    /// <summary>True for the one who has to store it.</summary>
    public bool TryClaim() => !Interlocked.Exchange(ref _isClaimed, true);

    /// <summary>Hands the instance to its worker before it is stored.</summary>
    public void HandOver(DateTimeOffset now)
    {
        _isHandedOver = true;
        Worker!.Start(LocalWorkers.FirstTurn(Created, Worker.WorkerId, now));
    }

    /// <summary>It begins in the worker's memory.</summary>
    public void Begin(DateTimeOffset createdAt)
    {
        if (!_isHandedOver)
        {
            _firstTurn = LocalWorkers.FirstTurn(Created, Worker!.WorkerId, createdAt);
        }

        Answer(StartOutcome.InMemory);
    }

    /// <summary>Tells the caller, and hands the instance to the worker whose memory it begins in.</summary>
    public override void Tell()
    {
        if (_firstTurn is { } item)
        {
            Worker!.Start(item);
        }
        else if (!_isHandedOver)
        {
            Worker?.GiveBack();
        }

        base.Tell();
    }
}

/// <summary>What became of a creation. Taken: the id is not free, and nothing was stored.</summary>
internal enum StartOutcome
{
    Taken,
    Posted,
    InMemory,
}

using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// A turn that waits for its commit, with its events serialized already: that is done by the caller, so that callers share the work and an
/// event that cannot be serialized fails nobody but its own turn.
/// </summary>
internal sealed class PreparedTurn(TurnCommit turn)
{
    public TurnCommit Turn { get; } = turn;

    public string InstanceId => Turn.Lock.InstanceId;

    /// <summary>The execution that timers and activities of this turn belong to.</summary>
    public string NextExecutionId => Turn.ContinueAs?.OrchestrationInstance.ExecutionId ?? Turn.ExecutionId;

    public bool Ends { get; } = turn.Status.IsTerminal();

    public string[] History { get; } = turn.ContinueAs is null ? [.. turn.NewHistory.Select(HistorySerializer.Serialize)] : [];

    public string[] Activities { get; } = turn.Status.IsTerminal() ? [] : [.. turn.Activities.Select(HistorySerializer.Serialize)];

    public string[] Timers { get; } = turn.Status.IsTerminal() ? [] : [.. turn.Timers.Select(HistorySerializer.Serialize)];

    public string[] Starts { get; } = [.. turn.SubOrchestrations.Select(created => HistorySerializer.Serialize(created.Start))];

    public string[] Messages { get; } = [.. turn.Messages.Select(message => HistorySerializer.Serialize(message.Event))];

    /// <summary>The first messages of the next execution, in order.</summary>
    public string[] ContinuedMessages { get; } = turn.ContinueAs is null
        ? []
        : [HistorySerializer.Serialize(turn.ContinueAs), .. turn.CarriedEvents.Select(HistorySerializer.Serialize)];

    public string? Failure { get; } = HistorySerializer.Serialize(turn.Failure);

    /// <summary>Whom a termination reaches: their scheduled start is brought forward.</summary>
    public IEnumerable<string> Terminated { get; } =
        [.. turn.Messages.Where(message => message.Event is ExecutionTerminatedEvent).Select(message => message.InstanceId)];

    /// <summary>The commit's outcome, for the caller who waits.</summary>
    public TaskCompletionSource<TurnReceipt> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Existing instances that the turn may write besides its own: they are locked in the same order.</summary>
    public IEnumerable<string> OtherInstances =>
        Turn.SubOrchestrations.Select(created => created.InstanceId).Concat(Terminated)
            .Concat(Turn.RewoundChildren.Select(child => child.InstanceId));

    /// <summary>How many of the stored events stay: what the turn appends is numbered after them.</summary>
    public int KeptHistory => Turn.ReplacesHistory || Turn.ContinueAs is not null ? 0 : Turn.HistoryCount;
}

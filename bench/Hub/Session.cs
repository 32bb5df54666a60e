using System.Threading.Channels;
using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Heal.Bench.Hub;

/// <summary>An instance that its worker keeps in memory: it knows its fence and the length of its history.</summary>
internal sealed class Session(OrchestrationWorkItem item)
{
    private OrchestrationLock _lock = item.Lock;
    private int _historyCount;
    private int _taskId;
    private OrchestrationWorkItem? _delivered;

    public Channel<OrchestrationWorkItem> Deliveries { get; } = Channel.CreateUnbounded<OrchestrationWorkItem>();

    public string InstanceId => item.Instance.InstanceId;

    public Task FirstTurnAsync(ITaskHub hub, OrchestrationWorkItem first) =>
        CommitAsync(hub, Turn([first.Messages[0].Event]) with { LockHeld = true, ConsumedMessages = [first.Messages[0].Id] });

    public Task TurnAsync(ITaskHub hub) => CommitAsync(hub, Turn([new OrchestratorStartedEvent(-1)]));

    /// <summary>Schedule and claim in one commit, complete into the inbox, wait for the dispatcher's lock: an activity on another
    /// worker.</summary>
    public async Task ActivityAsync(ITaskHub hub, TimeSpan lease)
    {
        var task = new TaskScheduledEvent(_taskId++, "Work", null, "1");
        var turn = Turn([task]) with { Activities = [task], ClaimActivities = 1, ClaimLease = lease };
        if (_delivered is { } delivered)
        {
            long[] consumed = [.. delivered.Messages.Select(message => message.Id)];
            turn = turn with { Lock = delivered.Lock, LockHeld = true, ConsumedMessages = consumed };
        }

        var receipt = await CommitAsync(hub, turn);
        await hub.CompleteActivityAsync(receipt.Claimed[0].Lock, new TaskCompletedEvent(-1, task.EventId, "2"));
        _delivered = await Deliveries.Reader.ReadAsync();
    }

    /// <summary>Schedule and claim in one commit, outcome and next turn in the other: an activity beside its orchestration.</summary>
    public async Task FusedActivityAsync(ITaskHub hub, TimeSpan lease)
    {
        var task = new TaskScheduledEvent(_taskId++, "Work", null, "1");
        var receipt = await CommitAsync(hub, Turn([task]) with { Activities = [task], ClaimActivities = 1, ClaimLease = lease });
        var outcome = new TaskCompletedEvent(-1, task.EventId, "2");
        await CommitAsync(hub, Turn([outcome]) with { FinishedActivities = [receipt.Claimed[0].Lock] });
    }

    private TurnCommit Turn(IReadOnlyList<HistoryEvent> history) => new()
    {
        Lock = _lock,
        LockHeld = false,
        ExecutionId = item.Instance.ExecutionId,
        NewHistory = history,
        HistoryCount = _historyCount,
        Status = OrchestrationStatus.Running,
    };

    private async Task<TurnReceipt> CommitAsync(ITaskHub hub, TurnCommit turn)
    {
        var receipt = await hub.CommitTurnAsync(turn);
        _lock = _lock with { Fence = receipt.Fence };
        _historyCount += turn.NewHistory.Count;
        return receipt;
    }
}

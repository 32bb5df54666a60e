using System.Diagnostics;
using DurableTask.Core.Hub;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Group commit: whoever comes while nobody commits stores its own turn at once; the turns and new instances that arrive meanwhile share
/// the next transaction. There is no artificial delay: a lone turn commits at once, on its caller's thread, and under load the groups grow
/// by themselves. When many wait, a second group is written while the first one waits for the disk.
/// </summary>
/// <remarks>
/// When a group fails before its COMMIT, each of its parts is tried alone, so that one bad turn cannot fail its neighbours; when it fails
/// during COMMIT, nobody knows the outcome, and every caller is told so by the exception: their fences decide, when they come back, whether
/// the turn counted.
/// </remarks>
internal sealed partial class TurnCommitter(
    HubDatabase database, HubSignals signals, HubNotifier notifier, WorkerLeases leases, Residents residents, ILogger logger)
    : IAsyncDisposable
{
    /// <summary>How many groups are under way at most.</summary>
    private const int MaxGroups = 2;

    /// <summary>How many have to wait before another group begins beside the one that is under way.</summary>
    private const int MinWaitingForAnother = 16;

    private readonly Lock _gate = new();
    private readonly Queue<GroupOperation> _waiting = new();
    private readonly SemaphoreSlim _places = new(database.Options.MaxQueuedTurns);
    private readonly Stack<TurnTransaction> _idle = new(MaxGroups);
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _groups;
    private bool _isStopping;

    public Task<TurnReceipt> CommitAsync(TurnCommit turn, CancellationToken cancellationToken) =>
        EnqueueAsync(new PreparedTurn(turn), cancellationToken);

    /// <summary>Creates an instance whose id is free.</summary>
    /// <param name="worker">The worker in whose memory it is to begin; its place is used, or given back.</param>
    public Task<StartOutcome> CreateAsync(NewInstance created, ILocalWorker? worker, CancellationToken cancellationToken)
    {
        PreparedStart start;
        try
        {
            start = new PreparedStart(created, worker);
        }
        catch
        {
            worker?.GiveBack();
            throw;
        }

        return EnqueueAsync(start, cancellationToken);
    }

    /// <summary>Stores what waits, and takes nothing more.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isStopping = true;
            if (_groups == 0)
            {
                _stopped.TrySetResult();
            }
        }

        await _stopped.Task;
        foreach (var transaction in _idle)
        {
            await transaction.DisposeAsync();
        }

        _places.Dispose();
    }

    private Task<T> EnqueueAsync<T>(GroupOperation<T> operation, CancellationToken cancellationToken)
    {
        if (!_places.Wait(0, CancellationToken.None))
        {
            return EnqueueSlowlyAsync(operation, cancellationToken);
        }

        Enqueue(operation);
        return cancellationToken.CanBeCanceled ? operation.Told.WaitAsync(cancellationToken) : operation.Told;
    }

    private async Task<T> EnqueueSlowlyAsync<T>(GroupOperation<T> operation, CancellationToken cancellationToken)
    {
        try
        {
            await _places.WaitAsync(cancellationToken);
        }
        catch (Exception exception)
        {
            operation.Fail(exception);
            operation.Tell();
            return await operation.Told;
        }

        Enqueue(operation);
        return await operation.Told.WaitAsync(cancellationToken);
    }

    private void Enqueue(GroupOperation operation)
    {
        TurnTransaction? transaction = null;
        lock (_gate)
        {
            if (!_isStopping)
            {
                _waiting.Enqueue(operation);
                if (_groups == 0 || (_groups < MaxGroups && _waiting.Count >= MinWaitingForAnother))
                {
                    _groups++;
                    transaction = _idle.TryPop(out var idle) ? idle : new TurnTransaction(database, leases, residents);
                }
            }
            else
            {
                operation.Fail(new ObjectDisposedException(nameof(PostgreSqlTaskHub), "The task hub has been stopped."));
            }
        }

        if (operation.IsAnswered)
        {
            operation.Tell();
        }
        else if (transaction is not null)
        {
            _ = CommitAllAsync(transaction);
        }
    }

    /// <summary>Commits groups until nobody waits.</summary>
    private async Task CommitAllAsync(TurnTransaction transaction)
    {
        // The group is nobody's own: its statements are no part of the caller's trace.
        Activity.Current = null;
        while (true)
        {
            var group = Gather(transaction);
            if (group.Count == 0)
            {
                return;
            }

            await CommitGroupAsync(transaction, group);
            if (group.Count == 1 && Ends(transaction))
            {
                // Nobody waits, so the caller may go on right here, which spares a change of threads.
                group[0].Tell();
                return;
            }

            foreach (var operation in group)
            {
                ThreadPool.UnsafeQueueUserWorkItem(operation, preferLocal: false);
            }
        }
    }

    /// <summary>Takes what waits, up to the limit. An instance's second turn starts the next group: it depends on the first one's
    /// outcome. Without any, the transaction is idle.</summary>
    private List<GroupOperation> Gather(TurnTransaction transaction)
    {
        var group = new List<GroupOperation>();
        HashSet<string>? instances = null;
        lock (_gate)
        {
            while (group.Count < database.Options.MaxTurnsPerCommit && _waiting.TryPeek(out var next))
            {
                if (_waiting.Count > 1 || instances is not null)
                {
                    instances ??= new HashSet<string>(StringComparer.Ordinal);
                    if (!instances.Add(next.InstanceId))
                    {
                        break;
                    }
                }

                group.Add(_waiting.Dequeue());
            }

            if (group.Count == 0)
            {
                Rest(transaction);
            }
        }

        if (group.Count > 0)
        {
            _places.Release(group.Count);
        }

        return group;
    }

    /// <summary>True when nobody waits: the transaction is idle then.</summary>
    private bool Ends(TurnTransaction transaction)
    {
        lock (_gate)
        {
            if (_waiting.Count > 0)
            {
                return false;
            }

            Rest(transaction);
            return true;
        }
    }

    private void Rest(TurnTransaction transaction)
    {
        _idle.Push(transaction);
        _groups--;
        if (_isStopping && _groups == 0)
        {
            _stopped.TrySetResult();
        }
    }

    private async Task CommitGroupAsync(TurnTransaction transaction, List<GroupOperation> group)
    {
        var state = new TurnTransactionState();
        try
        {
            var heard = signals.OrchestrationNews;
            var news = await transaction.CommitAsync(group, state);
            var isHeardMeanwhile = heard != signals.OrchestrationNews;
            notifier.Publish(news);
            if (state.NeedsLook || isHeardMeanwhile)
            {
                // Messages that came during a turn wait for its end: nobody could lock the instance when their own signal came.
                // This process looks; the others need not, and are not notified for it.
                signals.Of(WorkKind.Orchestration).Set();
            }
        }
        catch (Exception exception) when (group.Count == 1 || state.IsUnknown)
        {
            foreach (var operation in group)
            {
                if (state.IsUnknown)
                {
                    residents.Doubt(operation.InstanceId, operation.WorkerId);
                }

                operation.Fail(exception);
            }
        }
        catch (Exception exception)
        {
            Log.GroupFailed(logger, group.Count, database.Channel, exception.Message);
            foreach (var operation in group.Where(operation => !operation.IsAnswered))
            {
                await CommitGroupAsync(transaction, [operation]);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "{Count} turns could not be stored together in task hub '{Hub}', storing each alone: {Reason}")]
        public static partial void GroupFailed(ILogger logger, int count, string hub, string reason);
    }
}

using DurableTask.Core.Hub;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>Stores turns and new instances in groups.</summary>
/// <remarks>
/// When a group fails before its COMMIT, each of its parts is tried alone, so that one bad turn cannot fail its neighbours; when it fails
/// during COMMIT, nobody knows the outcome, and every caller is told so by the exception: their fences decide, when they come back, whether
/// the turn counted.
/// <para>
/// An instance whose id nobody else can have, and that begins in the memory of a worker of this process, is stored together with its first
/// turn, which runs at once: one commit instead of two. A turn that takes its time is not waited for (<see cref="HeldStarts"/>), and one
/// that cannot be stored leaves the start to be stored by itself.
/// </para>
/// </remarks>
internal sealed partial class TurnCommitter(
    HubDatabase database,
    HubSignals signals,
    HubNotifier notifier,
    WorkerLeases leases,
    Residents residents,
    TimeProvider timeProvider,
    ILogger logger)
    : GroupCommitter<TurnTransaction>(database.Options, maxGroups: 2)
{
    private readonly HeldStarts _held = new(timeProvider);

    public Task<TurnReceipt> CommitAsync(TurnCommit turn, CancellationToken cancellationToken)
    {
        var prepared = new PreparedTurn(turn);
        if (turn.LockHeld || _held.Remove(prepared.InstanceId) is not { } start)
        {
            return EnqueueAsync(prepared, cancellationToken);
        }

        if (!start.TryClaim())
        {
            return CommitAfterAsync(start, prepared, cancellationToken);
        }

        prepared.Open(start);
        return EnqueueAsync(prepared, cancellationToken);
    }

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

        if (worker is null || !created.HasOwnId)
        {
            return EnqueueAsync(start, cancellationToken);
        }

        _held.Hold(start, late => _ = EnqueueAsync(late, CancellationToken.None));
        start.HandOver(timeProvider.GetUtcNow());
        return start.Told.WaitAsync(cancellationToken);
    }

    /// <summary>The start of an instance whose first turn has come to nothing, if it waits for that turn, is stored before this
    /// ends.</summary>
    public async Task StoreStartAsync(string instanceId)
    {
        if (_held.Remove(instanceId) is { } start)
        {
            await (start.TryClaim() ? EnqueueAsync(start, CancellationToken.None) : start.Told);
        }
    }

    /// <summary>The start goes by itself, and its turn must not overtake it.</summary>
    private async Task<TurnReceipt> CommitAfterAsync(PreparedStart start, PreparedTurn turn, CancellationToken cancellationToken)
    {
        // Whether it was stored, the fence says.
        await start.Told.ContinueWith(
            static _ => { }, cancellationToken, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return await EnqueueAsync(turn, cancellationToken);
    }

    protected override TurnTransaction CreateStore() => new(database, leases, residents, timeProvider);

    protected override async Task CommitGroupAsync(TurnTransaction store, List<GroupOperation> group)
    {
        var state = new GroupTransactionState();
        try
        {
            var heard = signals.OrchestrationNews;
            var news = await store.CommitAsync(group, state);
            var isHeardMeanwhile = heard != signals.OrchestrationNews;
            notifier.Publish(news);
            foreach (var turn in group.OfType<PreparedTurn>().Where(static turn => turn.Became is not null))
            {
                turn.TellAfterwards(signals.Watchers);
            }

            if (state.NeedsLook || isHeardMeanwhile)
            {
                // Messages that came during a turn wait for its end: nobody could lock the instance when their own signal came.
                // This process looks; the others need not, and are not notified for it.
                signals.Of(WorkKind.Orchestration).Set();
            }
        }
        catch (Exception exception) when (!state.IsUnknown && group is [PreparedTurn { Start: { } start } turn])
        {
            // The turn may be at fault; whoever started the instance is not.
            Log.GroupFailed(logger, 2, database.Channel, exception.Message);
            turn.Part();
            await CommitGroupAsync(store, [start]);
            await CommitGroupAsync(store, [turn]);
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
                await CommitGroupAsync(store, [operation]);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "{Count} turns could not be stored together in task hub '{Hub}', storing each alone: {Reason}")]
        public static partial void GroupFailed(ILogger logger, int count, string hub, string reason);
    }
}

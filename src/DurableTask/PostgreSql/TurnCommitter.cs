using DurableTask.Core.Hub;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>Stores turns and new instances in groups.</summary>
/// <remarks>
/// When a group fails before its COMMIT, each of its parts is tried alone, so that one bad turn cannot fail its neighbours; when it fails
/// during COMMIT, nobody knows the outcome, and every caller is told so by the exception: their fences decide, when they come back, whether
/// the turn counted.
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

    protected override TurnTransaction CreateStore() => new(database, leases, residents, timeProvider);

    protected override async Task CommitGroupAsync(TurnTransaction store, List<GroupOperation> group)
    {
        var state = new TurnTransactionState();
        try
        {
            var heard = signals.OrchestrationNews;
            var news = await store.CommitAsync(group, state);
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

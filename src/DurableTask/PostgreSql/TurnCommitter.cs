using System.Threading.Channels;
using DurableTask.Core.Hub;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Group commit: one transaction at a time, and whatever turns and new instances arrive while it runs share the next one. There is no
/// artificial delay: a lone turn commits at once, and under load the groups grow by themselves. When a group fails before its COMMIT, each
/// of its parts is tried alone, so that one bad turn cannot fail its neighbours; when it fails during COMMIT, nobody knows the outcome, and
/// every caller is told so by the exception: their fences decide, when they come back, whether the turn counted.
/// </summary>
internal sealed partial class TurnCommitter(
    HubDatabase database, HubSignals signals, HubNotifier notifier, WorkerLeases leases, Residents residents, ILogger logger)
{
    private readonly Channel<GroupOperation> _queue = Channel.CreateBounded<GroupOperation>(
        new BoundedChannelOptions(database.Options.MaxQueuedTurns) { SingleReader = true, AllowSynchronousContinuations = false });

    public Task<TurnReceipt> CommitAsync(TurnCommit turn, CancellationToken cancellationToken)
    {
        var prepared = new PreparedTurn(turn);
        return EnqueueAsync(prepared, prepared.Completion.Task, cancellationToken);
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

        return EnqueueAsync(start, start.Completion.Task, cancellationToken);
    }

    public void Stop() => _queue.Writer.TryComplete();

    public async Task RunAsync()
    {
        await using var transaction = new TurnTransaction(database, leases, residents);
        GroupOperation? carried = null;
        while (carried is not null || await _queue.Reader.WaitToReadAsync())
        {
            var group = new List<GroupOperation>();
            carried = Gather(group, carried);
            await CommitGroupAsync(transaction, group);
        }
    }

    private Task<T> EnqueueAsync<T>(GroupOperation operation, Task<T> outcome, CancellationToken cancellationToken) =>
        _queue.Writer.TryWrite(operation)
            ? cancellationToken.CanBeCanceled ? outcome.WaitAsync(cancellationToken) : outcome
            : EnqueueSlowlyAsync(operation, outcome, cancellationToken);

    private async Task<T> EnqueueSlowlyAsync<T>(GroupOperation operation, Task<T> outcome, CancellationToken cancellationToken)
    {
        try
        {
            await _queue.Writer.WriteAsync(operation, cancellationToken);
        }
        catch (Exception exception)
        {
            operation.Fail(exception);
            throw;
        }

        return await outcome.WaitAsync(cancellationToken);
    }

    /// <summary>Takes what waits, up to the limit. An instance's second turn starts the next group: it depends on the first one's
    /// outcome.</summary>
    /// <returns>What the next group begins with.</returns>
    private GroupOperation? Gather(List<GroupOperation> group, GroupOperation? carried)
    {
        HashSet<string>? instances = null;
        while (group.Count < database.Options.MaxTurnsPerCommit)
        {
            var next = carried;
            carried = null;
            if (next is null && !_queue.Reader.TryRead(out next))
            {
                break;
            }

            instances ??= new HashSet<string>(StringComparer.Ordinal);
            if (!instances.Add(next.InstanceId))
            {
                return next;
            }

            group.Add(next);
        }

        return null;
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

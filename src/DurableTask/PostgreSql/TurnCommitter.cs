using System.Threading.Channels;
using DurableTask.Core.Hub;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Group commit: one transaction at a time, and whatever turns arrive while it runs share the next one. There is no artificial delay: a
/// lone turn commits at once, and under load the groups grow by themselves. When a group fails before its COMMIT, each of its turns is
/// tried
/// alone, so that one bad turn cannot fail its neighbours; when it fails during COMMIT, nobody knows the outcome, and every caller is told
/// so by the exception: their fences decide, when they come back, whether the turn counted.
/// </summary>
internal sealed partial class TurnCommitter(HubDatabase database, HubSignals signals, string self, ILogger logger)
{
    private readonly TurnTransaction _transaction = new(database, self);
    private readonly Channel<PreparedTurn> _queue = Channel.CreateBounded<PreparedTurn>(
        new BoundedChannelOptions(database.Options.MaxQueuedTurns) { SingleReader = true, AllowSynchronousContinuations = false });

    public async Task<TurnReceipt> CommitAsync(TurnCommit turn, CancellationToken cancellationToken)
    {
        var prepared = new PreparedTurn(turn);
        await _queue.Writer.WriteAsync(prepared, cancellationToken);
        return await prepared.Completion.Task.WaitAsync(cancellationToken);
    }

    public void Stop() => _queue.Writer.TryComplete();

    public async Task RunAsync()
    {
        PreparedTurn? carried = null;
        while (carried is not null || await _queue.Reader.WaitToReadAsync())
        {
            var group = new List<PreparedTurn>(database.Options.MaxTurnsPerCommit);
            carried = Gather(group, carried);
            await CommitGroupAsync(group);
        }
    }

    /// <summary>Takes what waits, up to the limit. An instance's second turn starts the next group: it depends on the first one's
    /// outcome.</summary>
    /// <returns>The turn that the next group begins with.</returns>
    private PreparedTurn? Gather(List<PreparedTurn> group, PreparedTurn? carried)
    {
        var instances = new HashSet<string>(StringComparer.Ordinal);
        while (group.Count < database.Options.MaxTurnsPerCommit)
        {
            var next = carried;
            carried = null;
            if (next is null && !_queue.Reader.TryRead(out next))
            {
                break;
            }

            if (!instances.Add(next.InstanceId))
            {
                return next;
            }

            group.Add(next);
        }

        return null;
    }

    private async Task CommitGroupAsync(List<PreparedTurn> group)
    {
        var state = new TurnTransactionState();
        try
        {
            var (stored, news) = await _transaction.CommitAsync(group, state, CancellationToken.None);
            signals.Publish(news);
            if (stored.Any(result => !result.Turn.Ends))
            {
                // Messages that came during a turn wait for its end: nobody could lock the instance when their own signal came.
                // This process looks; the others need not, and are not notified for it.
                signals.Of(WorkKind.Orchestration).Set();
            }

            foreach (var (turn, receipt) in stored)
            {
                turn.Completion.TrySetResult(receipt);
            }
        }
        catch (Exception exception) when (group.Count == 1 || state.Committing)
        {
            foreach (var turn in group)
            {
                turn.Completion.TrySetException(exception);
            }
        }
        catch (Exception exception)
        {
            Log.GroupFailed(logger, group.Count, database.Channel, exception.Message);
            foreach (var turn in group.Where(turn => !turn.Completion.Task.IsCompleted))
            {
                await CommitGroupAsync([turn]);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "{Count} turns could not be stored together in task hub '{Hub}', storing each alone: {Reason}")]
        public static partial void GroupFailed(ILogger logger, int count, string hub, string reason);
    }
}

using DurableTask.Core.Hub;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// Runs the batches of entities: lock, do the operations that wait, commit. An entity's operations run one at a time. Each may run more
/// than once, when a worker dies in the middle of a batch; what it changed is stored once.
/// </summary>
internal sealed partial class EntityDispatcher(WorkerRuntime runtime)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly ILogger _logger = runtime.Services.Loggers.Entities;
    private readonly EntityFaults _faults = new(new UnreadableWork(runtime.Time, runtime.HubOptions.UnreadableWorkTimeout), new());

    /// <summary>Locks what is ready and starts it. Returns when there is nothing more to lock.</summary>
    public async Task<int> RunOnceAsync(CancellationToken cancellationToken)
    {
        int slots = await runtime.EntitySlots.TakeAsync(int.MaxValue, cancellationToken);
        IReadOnlyList<EntityWorkItem> items = [];
        try
        {
            // Not cancelled midway: the answer with the locks would get lost.
            items = await runtime.Claims.LookAsync(
                WorkKind.Entity,
                slots,
                most => runtime.Hub.Entities.LockAsync(
                    runtime.Request(most, runtime.Filters.Entities, limits: null), CancellationToken.None),
                item => runtime.Locks.Add(item.Lock));
        }
        finally
        {
            runtime.EntitySlots.GiveBack(slots - items.Count);
        }

        foreach (EntityWorkItem item in items)
        {
            runtime.Running.Start(() => RunAsync(item));
        }

        return items.Count;
    }

    /// <summary>Ends critical sections whose orchestration ended without leaving them.</summary>
    public async Task ReleaseOrphanedLocksAsync(CancellationToken cancellationToken)
    {
        int count = runtime.HubOptions.MaximumOrphanedLocksPerSweep;
        int released = await runtime.Hub.Entities.ReleaseOrphanedLocksAsync(count, cancellationToken);
        if (released > 0)
        {
            Log.OrphanedLocksReleased(_logger, released);
        }
    }

    private async Task RunAsync(EntityWorkItem item)
    {
        try
        {
            if (item.LostAttempts < SuspectLane.LostAttemptsOfSuspects || item.LostAttempts >= EntityBatch.MaximumLostAttempts(runtime))
            {
                await RunBatchAsync(item);
            }
            else if (!await runtime.Suspects.TryRunAsync(
                () => runtime.Hub.Entities.SetLostAttemptsAsync(item.Lock, item.LostAttempts + 1),
                () => RunBatchAsync(item),
                acquit: null))
            {
                await runtime.Hub.Entities.AbandonAsync(item.Lock, SuspectLane.GiveBackDelay);
            }
        }
        catch (WorkItemLockLostException lost)
        {
            Log.LockLost(_logger, lost.Message);
        }
        catch (Exception failed)
        {
            Log.BatchNotStored(_logger, failed, item.Lock.EntityId);
            await GiveBackAsync(item, RetryDelay);
        }
        finally
        {
            runtime.Locks.Remove(item.Lock);
            runtime.EntitySlots.GiveBack(1);
        }
    }

    private async Task RunBatchAsync(EntityWorkItem item)
    {
        AsyncServiceScope scope = runtime.Scopes.CreateAsyncScope();
        var batch = new EntityBatch(runtime, item, scope.ServiceProvider, _faults, _logger);
        try
        {
            if (await batch.RunAsync() is { } commit)
            {
                await runtime.Hub.Entities.CommitAsync(commit);
                _faults.Refused.Stored(item, batch.Played);
                _faults.Unreadable.Forget(item.Lock.EntityId);
            }
            else
            {
                await GiveBackAsync(item, runtime.HubOptions.RejectionDelay);
            }
        }
        catch (Exception notStored) when (notStored is not WorkItemLockLostException)
        {
            _faults.Refused.NotStored(item, batch.Played, notStored);
            throw;
        }
        finally
        {
            await scope.EndAsync(_logger, item.Lock.EntityId);
        }
    }

    private Task GiveBackAsync(EntityWorkItem item, TimeSpan delay) => OwedCalls.GiveBackAsync(
        runtime,
        async () =>
        {
            if (item.LostAttempts >= SuspectLane.LostAttemptsOfSuspects)
            {
                // It was counted in advance, but this worker lives.
                await runtime.Hub.Entities.SetLostAttemptsAsync(item.Lock, item.LostAttempts);
            }

            await runtime.Hub.Entities.AbandonAsync(item.Lock, delay);
        },
        () => runtime.Locks.IsHeld(item.Lock),
        (reason, pause) => Log.NotGivenBack(_logger, item.Lock.EntityId, pause, reason));

    private static partial class Log
    {
        [LoggerMessage(EventId = 650, Level = LogLevel.Warning, Message = "A batch of an entity was thrown away: {Reason}")]
        public static partial void LockLost(ILogger logger, string reason);

        [LoggerMessage(EventId = 651, Level = LogLevel.Error,
            Message = "A batch of entity '{EntityId}' could not be stored; it runs again.")]
        public static partial void BatchNotStored(ILogger logger, Exception exception, string entityId);

        [LoggerMessage(EventId = 652, Level = LogLevel.Warning,
            Message = "The lock on entity '{EntityId}' could not be given back; the next attempt is in {Pause}. {Reason}")]
        public static partial void NotGivenBack(ILogger logger, string entityId, TimeSpan pause, string reason);

        [LoggerMessage(EventId = 653, Level = LogLevel.Warning,
            Message = "{Count} entities were locked by orchestrations that have ended; the locks were released.")]
        public static partial void OrphanedLocksReleased(ILogger logger, int count);
    }
}

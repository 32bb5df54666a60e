using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Worker.Orchestrations;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>Runs the turns of orchestrations: lock, replay or continue, commit.</summary>
internal sealed partial class OrchestrationDispatcher : ILocalWorker
{
    private static readonly TimeSpan FailedTurnDelay = TimeSpan.FromSeconds(1);

    private readonly WorkerRuntime _runtime;
    private readonly ActivityDispatcher _activities;
    private readonly OrchestrationSessions _sessions;
    private readonly InstanceRewinder _rewinder;
    private readonly InstanceJudge _judge;
    private readonly OutcomeBoxes _outcomes;
    private readonly ILogger _logger;

    public OrchestrationDispatcher(WorkerRuntime runtime)
    {
        _runtime = runtime;
        _sessions = new OrchestrationSessions(runtime);
        _rewinder = new InstanceRewinder(runtime, _sessions);
        _judge = new InstanceJudge(runtime, _sessions) { HasEnded = LookForSuccessorOf };
        _logger = runtime.Services.Loggers.Orchestrations;
        _outcomes = new OutcomeBoxes(TryRunTurnInMemoryAsync);
        _activities = new ActivityDispatcher(runtime) { TryContinueInMemory = _outcomes.TryDeliverAsync, Adopt = Adopt };
    }

    public ActivityDispatcher Activities => _activities;

    public string WorkerId => _runtime.WorkerId;

    public TimeSpan Lease => _runtime.HubOptions.WorkItemLockTimeout;

    public bool TryReserve(ExecutionStartedEvent start) =>
        !_runtime.IsStopping
        && _runtime.OrchestrationLimits?.ContainsKey(start.Name) != true
        && _runtime.Filters.Pass(start)
        && _sessions.Accepts(start)
        && _runtime.OrchestrationSlots.TakeFree(1) == 1;

    public void GiveBack() => _runtime.OrchestrationSlots.GiveBack(1);

    public void Start(OrchestrationWorkItem item) => _runtime.Running.Start(async () =>
    {
        IReadOnlyList<ActivityWorkItem> claimed;
        try
        {
            claimed = await RunTurnOfItemAsync(item, lockHeld: false);
        }
        finally
        {
            GiveBack();
        }

        await _activities.RunAsync(claimed);
    });

    /// <summary>Locks what is ready and starts it.</summary>
    public async Task<int> RunOnceAsync(CancellationToken cancellationToken)
    {
        int slots = await _runtime.OrchestrationSlots.TakeAsync(_runtime.OrchestrationSlots.Share, cancellationToken);
        IReadOnlyList<OrchestrationWorkItem> items = [];
        try
        {
            // Not cancelled midway: the answer with the locks would get lost.
            items = await _runtime.Claims.LookAsync(
                WorkKind.Orchestration,
                slots,
                most => _runtime.Hub.LockOrchestrationsAsync(
                    _runtime.Request(most, _runtime.Filters.Orchestrations, _runtime.OrchestrationLimits) with
                    {
                        IsInMemory = _runtime.Cache.Contains,
                    },
                    CancellationToken.None),
                item => _runtime.Locks.Add(item.Lock));
        }
        finally
        {
            _runtime.OrchestrationSlots.GiveBack(slots - items.Count);
        }

        foreach (OrchestrationWorkItem item in items)
        {
            _runtime.Running.Start(() => RunLockedAsync(item));
        }

        return items.Count;
    }

    private async Task RunLockedAsync(OrchestrationWorkItem item)
    {
        IReadOnlyList<ActivityWorkItem> claimed = [];
        try
        {
            if (item.LostAttempts < SuspectLane.LostAttemptsOfSuspects && item.LostAttempts < _runtime.HubOptions.MaximumLostAttempts)
            {
                claimed = await RunTurnOfItemAsync(item, lockHeld: true);
            }
            else
            {
                await RunSuspectTurnAsync(item);
            }
        }
        finally
        {
            _runtime.Locks.Remove(item.Lock);
            _runtime.OrchestrationSlots.GiveBack(1);
        }

        await _activities.RunAsync(claimed);
    }

    private async Task RunSuspectTurnAsync(OrchestrationWorkItem item)
    {
        try
        {
            if (item.LostAttempts >= _runtime.HubOptions.MaximumLostAttempts)
            {
                Log.Poisoned(_logger, item.Lock.InstanceId, item.Instance.Name, item.LostAttempts);
                if (!await _judge.TryFailAsync(item, SuspectLane.Poison("This orchestration", item.LostAttempts)))
                {
                    await GiveBackAsync(item.Lock, FailedTurnDelay, lockHeld: true);
                }
            }
            else if (!await _runtime.Suspects.TryRunAsync(
                () => _runtime.Hub.SetLostAttemptsAsync(item.Lock, item.LostAttempts + 1),
                async () => _activities.Start(await RunTurnOfItemAsync(item, lockHeld: true)),
                acquit: null))
            {
                await GiveBackAsync(item.Lock, SuspectLane.GiveBackDelay, lockHeld: true);
            }
        }
        catch (Exception failed)
        {
            Log.TurnNotStored(_logger, failed, item.Lock.InstanceId);
            await GiveBackAsync(item.Lock, FailedTurnDelay, lockHeld: true);
        }
    }

    /// <returns>The activities that the turn started: the caller runs them.</returns>
    private async Task<IReadOnlyList<ActivityWorkItem>> RunTurnOfItemAsync(OrchestrationWorkItem item, bool lockHeld)
    {
        IReadOnlyList<ActivityWorkItem> claimed = [];
        try
        {
            if (await _judge.TakeAsync(item) is not { } instance)
            {
                return [];
            }

            // Outcomes that belong to an earlier execution of the instance are consumed without being played.
            IEnumerable<HistoryEvent> events = item.Messages
                .Where(message => message.ExecutionId is null || message.ExecutionId == instance.ExecutionId)
                .Select(message => message.Event);
            if (InstanceRewinder.IsNeeded(item, instance))
            {
                await _rewinder.RunTurnAsync(instance, item, events);
                instance.Dispose();
            }
            else
            {
                claimed = await RunTurnAsync(instance, item.Lock, events, turn => turn with
                {
                    LockHeld = lockHeld,
                    ConsumedMessages = [.. item.Messages.Select(message => message.Id)],
                });
            }

            _judge.Forget(item.Lock.InstanceId);
        }
        catch (WorkItemLockLostException) when (!lockHeld)
        {
            // A message came before the first turn, and its turn took the start along.
        }
        catch (WorkItemLockLostException lost)
        {
            Log.LockLost(_logger, lost.Message);
        }
        catch (NotPlayedException notPlayed)
        {
            Log.TurnNotPlayed(_logger, notPlayed, item.Lock.InstanceId);
            await _judge.AcquitAsync(item);
            await GiveBackAsync(item.Lock, FailedTurnDelay, lockHeld);
        }
        catch (Exception failed)
        {
            Log.TurnNotStored(_logger, failed, item.Lock.InstanceId);
            if (!lockHeld || !await _judge.TryEndAsync(item, failed))
            {
                // Nothing was stored, or everything was and only the answer got lost. Giving the lock back is right in both cases:
                // the fence tells them apart.
                await _judge.AcquitAsync(item);
                await GiveBackAsync(item.Lock, FailedTurnDelay, lockHeld);
            }
        }

        return claimed;
    }

    /// <summary>
    /// One commit for the outcomes of activities and the turn that they cause: possible while nobody else has touched the instance.
    /// </summary>
    /// <returns>The activities that the turn started; null when there was none.</returns>
    private async Task<IReadOnlyList<ActivityWorkItem>?> TryRunTurnInMemoryAsync(
        IReadOnlyList<(ActivityWorkItem Activity, HistoryEvent Outcome)> outcomes)
    {
        // Throws nothing: whatever fails here, the outcomes still have the long way.
        string instanceId = outcomes[0].Activity.Lock.InstanceId;
        CachedInstance? instance = _runtime.Cache.Take(instanceId);
        if (instance is null)
        {
            return null;
        }

        if (outcomes.Any(outcome =>
            outcome.Activity.ExecutionId != instance.ExecutionId || !_runtime.Locks.IsHeld(outcome.Activity.Lock)))
        {
            instance.Dispose();
            return null;
        }

        try
        {
            var fence = new OrchestrationLock(instanceId, _runtime.WorkerId, instance.Fence);
            return await RunTurnAsync(instance, fence, outcomes.Select(outcome => outcome.Outcome), turn => turn with
            {
                LockHeld = false,
                FinishedActivities = [.. outcomes.Select(outcome => outcome.Activity.Lock)],
            });
        }
        catch (WorkItemLockLostException)
        {
            // Another message's turn came first; the outcomes go the long way, through the inbox.
            return null;
        }
        catch (Exception failed)
        {
            // Stored or not, we cannot know. If it was, the report that follows finds the activity gone and says so.
            Log.TurnNotStored(_logger, failed, instanceId);
            return null;
        }
    }

    /// <summary>
    /// An activity that was lost with its worker brings its instance along: taken into memory, unless it has to go through the lock, where
    /// this worker's filters, versions and limits are asked. Stale state does no harm: its turn cannot be stored.
    /// </summary>
    private void Adopt(ActivityWorkItem item)
    {
        if (item.Instance is { } stranded
            && _runtime.Options.OrchestrationFilter is null
            && stranded.History.OfType<ExecutionStartedEvent>().FirstOrDefault() is { } start
            && !stranded.History.OfType<UnreadableEvent>().Any()
            && _runtime.OrchestrationLimits?.ContainsKey(start.Name) != true
            && _runtime.Filters.Pass(start)
            && _sessions.Accepts(start))
        {
            _runtime.Cache.Put(new CachedInstance(item.Lock.InstanceId, item.ExecutionId, [.. stranded.History])
            {
                Fence = stranded.Fence,
                CustomStatus = stranded.CustomStatus,
            });
        }
    }

    /// <returns>The activities that it started, whose slots are held: the caller runs them.</returns>
    private async Task<IReadOnlyList<ActivityWorkItem>> RunTurnAsync(
        CachedInstance instance, OrchestrationLock held, IEnumerable<HistoryEvent> events, Func<TurnCommit, TurnCommit> complete)
    {
        TurnCommit turn;
        TurnReceipt receipt;
        TurnResult result;
        DateTime now = _runtime.Services.UtcNow();
        int slots = 0;
        try
        {
            HistoryEvent[] played = [new OrchestratorStartedEvent(-1) { Timestamp = now }, .. events];
            result = await PlayAsync(instance, played);
            OrchestrationSession session = instance.Session!;
            turn = complete(TurnBuilder.Build(held, instance, session.Start, played, result, now, _runtime.Services));
            _sessions.Report(instance, session.Start, played, result);

            // A worker that stops leaves new activities to others.
            int claimable = Math.Min(_runtime.Filters.Leading(turn.Activities), _activities.Claimable(turn.Activities));
            slots = _runtime.IsStopping ? 0 : _runtime.ActivitySlots.TakeFree(claimable);
            turn = turn with { ClaimActivities = slots, ClaimLease = _runtime.HubOptions.WorkItemLockTimeout };
            receipt = await CommitAsync(turn);
        }
        catch
        {
            // In-memory state that may differ from what is stored is worth nothing.
            _runtime.ActivitySlots.GiveBack(slots);
            instance.Dispose();
            throw;
        }

        _runtime.Metrics.Stored(turn, instance.Session!.Start, now);
        _runtime.ActivitySlots.GiveBack(slots - receipt.Claimed.Count);
        if (turn.Status.IsTerminal())
        {
            LookForSuccessorOf(instance.Session?.Start?.Name ?? "");
        }

        if (turn.Status is OrchestrationStatus.Terminated or OrchestrationStatus.Failed)
        {
            _runtime.Locks.CancelActivitiesOf(instance.InstanceId);
        }

        Keep(instance, turn, receipt);
        return receipt.Claimed;
    }

    /// <summary>Stores a turn. The locks of the activities that it started are held then.</summary>
    private async Task<TurnReceipt> CommitAsync(TurnCommit turn)
    {
        if (turn.ClaimActivities == 0)
        {
            return await _runtime.Hub.CommitTurnAsync(turn);
        }

        long claim = _runtime.Claims.Begin();
        try
        {
            TurnReceipt receipt = await _runtime.Hub.CommitTurnAsync(turn);
            foreach (ActivityWorkItem item in receipt.Claimed)
            {
                _runtime.Locks.Add(item.Lock);
            }

            return receipt;
        }
        catch (Exception unknown) when (unknown is not WorkItemLockLostException)
        {
            _runtime.Claims.Doubt(WorkKind.Activity);
            throw;
        }
        finally
        {
            _runtime.Claims.End(claim);
        }
    }

    /// <exception cref="NotPlayedException">Code of the host that stands around the turn threw.</exception>
    private async Task<TurnResult> PlayAsync(CachedInstance instance, HistoryEvent[] played)
    {
        if (_runtime.TurnMiddleware is not { } middleware
            || instance.History.Concat(played).OfType<ExecutionStartedEvent>().FirstOrDefault() is not { } start)
        {
            return Play();
        }

        TurnResult? result = null;
        try
        {
            await middleware.InvokeAsync(start.Name, instance.InstanceId, () => result = Play());
        }
        catch (Exception own)
        {
            throw new NotPlayedException($"The middleware of '{instance.InstanceId}' ({start.Name}) threw.", own);
        }

        return result ?? throw new NotPlayedException(
            $"The turn of '{instance.InstanceId}' ({start.Name}) was not played by its middleware.", innerException: null);

        TurnResult Play() => (instance.Session ??= _sessions.Rebuild(instance)).Play(played);
    }

    /// <summary>An ended orchestration leaves its place to one that waits; the hub tells nobody.</summary>
    private void LookForSuccessorOf(string name)
    {
        if (_runtime.IsStopping || _runtime.OrchestrationLimits?.ContainsKey(name) != true)
        {
            return;
        }

        _runtime.Running.Start(async () =>
        {
            try
            {
                await RunOnceAsync(_runtime.Claiming);
            }
            catch (OperationCanceledException) when (_runtime.IsStopping)
            {
                // The place is another worker's.
            }
            catch (Exception unavailable)
            {
                Log.SuccessorNotFound(_logger, unavailable.Message);
            }
        });
    }

    private void Keep(CachedInstance instance, TurnCommit turn, TurnReceipt receipt)
    {
        if (turn.Status.IsTerminal() || turn.ContinueAs is not null)
        {
            instance.Dispose();
            return;
        }

        instance.History.AddRange(turn.NewHistory);
        instance.Fence = receipt.Fence;
        instance.CustomStatus = turn.CustomStatus;
        if (_runtime.HubOptions.ExtendedSessions || instance.History.Count > _runtime.HubOptions.MaximumReplayedHistory)
        {
            instance.Session!.Stored();
        }
        else
        {
            instance.Dispose();
        }

        _runtime.Cache.Put(instance);
    }

    /// <summary>A start that came straight from the hub has no lock that could be given back by somebody else, or end by itself.</summary>
    private Task GiveBackAsync(OrchestrationLock held, TimeSpan delay, bool lockHeld) => OwedCalls.GiveBackAsync(
        _runtime,
        () => _runtime.Hub.AbandonOrchestrationAsync(held, delay),
        () => lockHeld ? _runtime.Locks.IsHeld(held) : !_runtime.IsOver,
        (reason, pause) => Log.NotGivenBack(_logger, held.InstanceId, pause, reason));

    /// <summary>No turn came about, and that is no fault of the instance.</summary>
    private sealed class NotPlayedException(string message, Exception? innerException) : Exception(message, innerException);

    private static partial class Log
    {
        [LoggerMessage(EventId = 616, Level = LogLevel.Error,
            Message = "A turn of '{InstanceId}' was not played, for a fault of the host's own code; it runs again.")]
        public static partial void TurnNotPlayed(ILogger logger, Exception exception, string instanceId);

        [LoggerMessage(EventId = 630, Level = LogLevel.Warning, Message = "A turn was thrown away: {Reason}")]
        public static partial void LockLost(ILogger logger, string reason);

        [LoggerMessage(EventId = 631, Level = LogLevel.Error, Message = "A turn of '{InstanceId}' could not be stored; it runs again.")]
        public static partial void TurnNotStored(ILogger logger, Exception exception, string instanceId);

        [LoggerMessage(EventId = 632, Level = LogLevel.Warning,
            Message = "The lock on '{InstanceId}' could not be given back; the next attempt is in {Pause}. {Reason}")]
        public static partial void NotGivenBack(ILogger logger, string instanceId, TimeSpan pause, string reason);

        [LoggerMessage(EventId = 634, Level = LogLevel.Error,
            Message = "'{InstanceId}' ({Name}) is ended: {Losses} workers were lost while they ran its next turn.")]
        public static partial void Poisoned(ILogger logger, string instanceId, string name, int losses);

        [LoggerMessage(EventId = 635, Level = LogLevel.Warning,
            Message = "An orchestration's place is free, but the hub did not answer who is next; the next look finds it. {Reason}")]
        public static partial void SuccessorNotFound(ILogger logger, string reason);
    }
}

using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// Decides what becomes of a locked instance whose turn this worker does not run, or could not. Only proof against the instance itself ends
/// it. Faults of the host's own code and of the hub do not, nor what another worker may do: it is left to them, and waits.
/// </summary>
internal sealed partial class InstanceJudge(WorkerRuntime runtime, OrchestrationSessions sessions)
{
    /// <summary>A filter may change its mind at any time: what it refused comes back soon.</summary>
    private static readonly TimeSpan FilteredDelay = TimeSpan.FromSeconds(1);

    private readonly InstanceEnder _ender = new(runtime, sessions);
    private readonly UnstorableTurns _unstorable = new();
    private readonly UnreadableWork _unreadable = new(runtime.Time, runtime.HubOptions.UnreadableWorkTimeout);
    private readonly ILogger _logger = runtime.Services.Loggers.Orchestrations;

    /// <summary>Called when an instance was ended, with its name.</summary>
    public required Action<string> HasEnded { private get; init; }

    /// <summary>The instance with its history, if this worker runs its turns. If not, it is not for the caller any more, and the result is
    /// null.</summary>
    public async ValueTask<CachedInstance?> TakeAsync(OrchestrationWorkItem item)
    {
        // The hub hands out what the work-item filters leave out only when it is to be terminated.
        if (!runtime.Filters.Pass(item.Instance.Name, item.Instance.Version))
        {
            await LeaveAsync(item, FilteredDelay);
            return null;
        }

        if (!await PassesFilterAsync(item))
        {
            Log.Filtered(_logger, item.Lock.InstanceId, item.Instance.Name);
            await LeaveAsync(item, FilteredDelay);
            return null;
        }

        CachedInstance instance = await sessions.LoadAsync(item);
        if (instance.History.Concat(item.Messages.Select(message => message.Event)).OfType<UnreadableEvent>().FirstOrDefault()
            is { } unreadable)
        {
            instance.Dispose();
            await LeaveUnreadableAsync(item, unreadable);
            return null;
        }

        if (sessions.Rejects(instance, item.Messages))
        {
            Log.Rejected(_logger, item.Lock.InstanceId, item.Instance.Name, item.Instance.Version);
            instance.Dispose();
            await LeaveAsync(item, runtime.HubOptions.RejectionDelay);
            return null;
        }

        return instance;
    }

    /// <summary>A turn was stored.</summary>
    public void Forget(string instanceId) => _unstorable.Forget(instanceId);

    /// <summary>Ends the instance if the hub has refused its turn for what is in it, often enough.</summary>
    /// <returns>False when the turn is to run again.</returns>
    public async Task<bool> TryEndAsync(OrchestrationWorkItem item, Exception notStored) =>
        _unstorable.IsHopeless(item.Lock.InstanceId, notStored) && await TryFailAsync(item, UnstorableTurns.Failure(notStored));

    /// <summary>Ends an instance without running its code, which cannot be run.</summary>
    /// <returns>False when that could not be stored.</returns>
    public async Task<bool> TryFailAsync(OrchestrationWorkItem item, FailureDetails failure)
    {
        try
        {
            await _ender.FailAsync(item, failure);
            Ended(item);
            return true;
        }
        catch (Exception failed)
        {
            Log.EndNotStored(_logger, failed, item.Lock.InstanceId);
            return false;
        }
    }

    /// <summary>A suspect's attempt was counted as lost before it began, but this worker lives.</summary>
    public async Task AcquitAsync(OrchestrationWorkItem item)
    {
        if (item.LostAttempts < SuspectLane.LostAttemptsOfSuspects)
        {
            return;
        }

        try
        {
            await runtime.Hub.SetLostAttemptsAsync(item.Lock, item.LostAttempts);
        }
        catch (Exception unreachable)
        {
            Log.NotAcquitted(_logger, item.Lock.InstanceId, unreachable.Message);
        }
    }

    /// <summary>Whoever runs an instance's code, any worker can terminate it: the one that would run it may never come.</summary>
    private async Task LeaveAsync(OrchestrationWorkItem item, TimeSpan delay)
    {
        if (InstanceEnder.TerminationOf(item) is { } terminated)
        {
            await _ender.TerminateAsync(item, terminated);
            Ended(item);
            return;
        }

        await AcquitAsync(item);
        await runtime.Hub.AbandonOrchestrationAsync(item.Lock, delay);
    }

    private async Task LeaveUnreadableAsync(OrchestrationWorkItem item, UnreadableEvent unreadable)
    {
        string id = item.Lock.InstanceId;
        if (InstanceEnder.TerminationOf(item) is null
            && _unreadable.IsHopeless(id, $"{item.Instance.ExecutionId} {item.HistoryCount}", unreadable)
            && await TryFailAsync(item, _unreadable.Failure(unreadable)))
        {
            _unreadable.Forget(id);
            return;
        }

        Log.Unreadable(_logger, id, unreadable.Reason);
        await LeaveAsync(item, runtime.HubOptions.RejectionDelay);
    }

    /// <summary>A filter that throws has let nothing pass.</summary>
    private async ValueTask<bool> PassesFilterAsync(OrchestrationWorkItem item)
    {
        if (runtime.Options.OrchestrationFilter is not { } filter)
        {
            return true;
        }

        try
        {
            return await filter.IsOrchestrationValidAsync(new() { Name = item.Instance.Name, Tags = item.Instance.Tags });
        }
        catch (Exception own)
        {
            Log.FilterFailed(_logger, own, item.Lock.InstanceId);
            return false;
        }
    }

    private void Ended(OrchestrationWorkItem item)
    {
        _unstorable.Forget(item.Lock.InstanceId);
        runtime.Locks.CancelActivitiesOf(item.Lock.InstanceId);
        HasEnded(item.Instance.Name);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 617, Level = LogLevel.Error,
            Message = "The orchestration filter threw when it was asked about '{InstanceId}', which waits until it answers.")]
        public static partial void FilterFailed(ILogger logger, Exception exception, string instanceId);

        [LoggerMessage(EventId = 618, Level = LogLevel.Warning,
            Message = "'{InstanceId}' is left to a worker of a newer version: a stored event cannot be read here. {Reason}")]
        public static partial void Unreadable(ILogger logger, string instanceId, string reason);

        [LoggerMessage(EventId = 619, Level = LogLevel.Warning,
            Message = "An attempt at '{InstanceId}' goes on to count as lost, although no worker was. {Reason}")]
        public static partial void NotAcquitted(ILogger logger, string instanceId, string reason);

        [LoggerMessage(EventId = 636, Level = LogLevel.Error,
            Message = "The end of '{InstanceId}' could not be stored; it is tried again.")]
        public static partial void EndNotStored(ILogger logger, Exception exception, string instanceId);

        [LoggerMessage(EventId = 633, Level = LogLevel.Information,
            Message = "'{InstanceId}' ({Name}, version '{Version}') is left to a worker of another version.")]
        public static partial void Rejected(ILogger logger, string instanceId, string name, string? version);

        [LoggerMessage(EventId = 639, Level = LogLevel.Information,
            Message = "'{InstanceId}' ({Name}) is left to another worker: the orchestration filter refuses it.")]
        public static partial void Filtered(ILogger logger, string instanceId, string name);
    }
}

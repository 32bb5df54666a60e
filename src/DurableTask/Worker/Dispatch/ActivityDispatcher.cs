using System.Diagnostics;
using System.Text.Json;
using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Internal;
using Microsoft.DurableTask.Worker.Orchestrations;
using Microsoft.DurableTask.Worker.Tracing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// Runs activities: at least once each. An outcome goes straight into the orchestration's next turn when that is in memory.
/// </summary>
internal sealed partial class ActivityDispatcher(WorkerRuntime runtime)
{
    // An outcome that is refused so often, for what it is, is not going to be stored: the call fails with that as its reason.
    private const int MaximumRefusals = 8;

    // What runs for long before it kills cannot be told from its neighbours by running it alone: it has to be lost more often.
    private const int LossesPerLostAttempt = 4;
    private static readonly TimeSpan FailedActivityDelay = TimeSpan.FromSeconds(1);

    private readonly UnreadableWork _unreadable = new(runtime.Time, runtime.HubOptions.UnreadableWorkTimeout);
    private readonly ILogger _logger = runtime.Services.Loggers.Activities;

    /// <summary>Runs the orchestration's next turn in memory with this outcome, and returns the activities that it started; null when the
    /// orchestration is not there.</summary>
    public required Func<ActivityWorkItem, HistoryEvent, Task<IReadOnlyList<ActivityWorkItem>?>> TryContinueInMemory { private get; init; }

    /// <summary>Takes the instance of an activity into memory, if this worker may run its turns.</summary>
    public required Action<ActivityWorkItem> Adopt { private get; init; }

    /// <summary>Locks what is free and starts it. Returns when there is nothing more to lock.</summary>
    public async Task<int> RunOnceAsync(CancellationToken cancellationToken)
    {
        int slots = await runtime.ActivitySlots.TakeAsync(runtime.ActivitySlots.Share, cancellationToken);
        IReadOnlyList<ActivityWorkItem> items = [];
        try
        {
            // Not cancelled midway: the answer with the locks would get lost.
            items = await runtime.Claims.LookAsync(
                WorkKind.Activity,
                slots,
                most => runtime.Hub.LockActivitiesAsync(
                    runtime.Request(most, runtime.Filters.Activities, runtime.ActivityLimits) with
                    {
                        IsInMemory = runtime.Cache.Contains,
                    },
                    CancellationToken.None),
                item => runtime.Locks.Add(item.Lock));
        }
        finally
        {
            runtime.ActivitySlots.GiveBack(slots - items.Count);
        }

        if (runtime.IsStopping)
        {
            // The look was under way when the stop began. What it found may be what this very worker has just given back.
            GiveBack(items);
            return 0;
        }

        foreach (ActivityWorkItem item in items)
        {
            Adopt(item);
        }

        Start(items);
        return items.Count;
    }

    /// <summary>As work of its own, which the stop waits for: a hub that does not answer is asked again.</summary>
    private void GiveBack(IReadOnlyList<ActivityWorkItem> unbegun)
    {
        runtime.ActivitySlots.GiveBack(unbegun.Count);
        foreach (ActivityWorkItem item in unbegun)
        {
            ActivityCancellation cancellation = runtime.Locks.Add(item.Lock);
            runtime.Running.Start(async () =>
            {
                await GiveBackAsync(item, TimeSpan.Zero);
                runtime.Locks.Remove(item.Lock);
                cancellation.Dispose();
            });
        }
    }

    /// <summary>The activity's slot is free again; while the hub does not take the lock back, it has another one.</summary>
    private async Task GiveBackAsync(ActivityWorkItem item, TimeSpan delay)
    {
        int slots = 0;
        await OwedCalls.GiveBackAsync(
            runtime,
            () => runtime.Hub.AbandonActivityAsync(item.Lock, delay),
            () => runtime.Locks.IsHeld(item.Lock),
            (reason, pause) =>
            {
                slots = OccupyOnce(slots);
                Log.NotGivenBack(_logger, item.Task.Name, item.Lock.InstanceId, pause, reason);
            });
        runtime.ActivitySlots.GiveBack(slots);
    }

    private int OccupyOnce(int slots)
    {
        if (slots == 0)
        {
            runtime.ActivitySlots.Occupy();
        }

        return 1;
    }

    /// <summary>Starts activities whose slots and locks are held.</summary>
    public void Start(IEnumerable<ActivityWorkItem> items)
    {
        foreach (ActivityWorkItem item in items)
        {
            ActivityCancellation cancellation = runtime.Locks.Add(item.Lock);
            runtime.Running.Start(() => RunAllAsync(item, cancellation));
        }
    }

    /// <summary>Starts activities whose slots and locks are held, but runs the first one as a part of the caller's own work, which spares
    /// a change of threads: so a sequence of activities is one piece of work.</summary>
    public Task RunAsync(IReadOnlyList<ActivityWorkItem> items)
    {
        if (items.Count == 0)
        {
            return Task.CompletedTask;
        }

        ActivityCancellation cancellation = runtime.Locks.Add(items[0].Lock);
        Start(items.Skip(1));
        return RunAllAsync(items[0], cancellation);
    }

    /// <summary>Runs an activity, and then one of those that its orchestration started next, and so on.</summary>
    private async Task RunAllAsync(ActivityWorkItem item, ActivityCancellation cancellation)
    {
        while (true)
        {
            IReadOnlyList<ActivityWorkItem> next = await RunOneAsync(item, cancellation);
            if (next.Count == 0)
            {
                return;
            }

            item = next[0];
            cancellation = runtime.Locks.Add(item.Lock);
            if (next.Count > 1)
            {
                Start(next.Skip(1));
            }
        }
    }

    /// <returns>The activities that the orchestration's next turn started, if this activity's outcome led to it.</returns>
    private async Task<IReadOnlyList<ActivityWorkItem>> RunOneAsync(ActivityWorkItem item, ActivityCancellation cancellation)
    {
        IReadOnlyList<ActivityWorkItem> next = [];
        try
        {
            HistoryEvent? outcome;
            try
            {
                outcome = await OutcomeAsync(item, cancellation);
            }
            finally
            {
                cancellation.HasEnded = true;
                runtime.ActivitySlots.GiveBack(1);
            }

            if (outcome is null)
            {
                await GiveBackAsync(item, GiveBackDelay(item));
            }
            else if (await TryContinueInMemory(item, outcome) is { } started)
            {
                next = started;
            }
            else
            {
                await ReportAsync(item, outcome);
            }
        }
        catch (WorkItemLockLostException lost)
        {
            Log.LockLost(_logger, item.Task.Name, item.Lock.InstanceId, lost.Message);
        }
        catch (Exception unexpected)
        {
            Log.OutcomeNotStored(_logger, unexpected, item.Task.Name, item.Lock.InstanceId);
            await GiveBackAsync(item, FailedActivityDelay);
        }
        finally
        {
            runtime.Locks.Remove(item.Lock);
            cancellation.Dispose();
        }

        if (!runtime.IsStopping && runtime.ActivityLimits?.ContainsKey(item.Task.Name ?? "") == true)
        {
            // Whoever waits for the place takes it at once; the hub tells nobody.
            runtime.Running.Start(() => LookForSuccessorAsync(item));
        }

        return next;
    }

    private TimeSpan GiveBackDelay(ActivityWorkItem item) =>
        item.Fault is not null ? runtime.HubOptions.RejectionDelay
        : item.LostAttempts < SuspectLane.LostAttemptsOfSuspects ? TimeSpan.Zero
        : SuspectLane.GiveBackDelay;

    private async Task LookForSuccessorAsync(ActivityWorkItem ended)
    {
        try
        {
            await RunOnceAsync(runtime.Claiming);
        }
        catch (OperationCanceledException) when (runtime.IsStopping)
        {
            // The place is another worker's.
        }
        catch (Exception unavailable)
        {
            Log.SuccessorNotFound(_logger, ended.Task.Name, unavailable.Message);
        }
    }

    /// <summary>How many of a turn's first activities may be locked with the turn itself: those before the first with a limit.</summary>
    public int Claimable(IReadOnlyList<TaskScheduledEvent> scheduled)
    {
        if (runtime.ActivityLimits is not { } limits)
        {
            return scheduled.Count;
        }

        int first = scheduled.ToList().FindIndex(task => limits.ContainsKey(task.Name ?? ""));
        return first < 0 ? scheduled.Count : first;
    }

    /// <summary>Null when there is none: the activity was interrupted, or has to wait because it may be what kills workers.</summary>
    private async Task<HistoryEvent?> OutcomeAsync(ActivityWorkItem item, ActivityCancellation cancellation)
    {
        int most = runtime.HubOptions.MaximumLostAttempts;
        if (item.Fault is { } fault)
        {
            string id = $"{item.Lock.InstanceId} #{item.Lock.TaskId}";
            if (!_unreadable.IsHopeless(id, item.ExecutionId, fault))
            {
                Log.Unreadable(_logger, item.Lock.InstanceId, item.Lock.TaskId, fault.Reason);
                return null;
            }

            _unreadable.Forget(id);
            return Failed(item, new(
                "UnreadableWorkItem",
                $"The stored call of this activity cannot be read. {_unreadable.Why(fault)}",
                IsNonRetriable: true));
        }

        // Every delivery but this one was lost: what is given back is not counted.
        if (item.LostAttempts >= most || item.DeliveryCount > (long)most * LossesPerLostAttempt)
        {
            Log.Poisoned(_logger, item.Lock.InstanceId, item.Task.Name, item.DeliveryCount - 1);
            return Failed(item, SuspectLane.Poison($"Activity '{item.Task.Name}'", item.DeliveryCount - 1));
        }

        if (item.LostAttempts < SuspectLane.LostAttemptsOfSuspects)
        {
            return await RunAsync(item, cancellation);
        }

        HistoryEvent? outcome = null;
        bool wasItsTurn = await runtime.Suspects.TryRunAsync(
            () => runtime.Hub.SetLostAttemptsAsync(item.Lock, item.LostAttempts + 1),
            async () => outcome = await RunAsync(item, cancellation),
            () => runtime.Hub.SetLostAttemptsAsync(item.Lock, item.LostAttempts));
        if (wasItsTurn && outcome is null)
        {
            await AcquitAsync(item);
        }

        return outcome;
    }

    /// <summary>A suspect's attempt was counted as lost before it began, but this worker lives.</summary>
    private async Task AcquitAsync(ActivityWorkItem item)
    {
        try
        {
            await runtime.Hub.SetLostAttemptsAsync(item.Lock, item.LostAttempts);
        }
        catch (Exception unreachable)
        {
            Log.NotAcquitted(_logger, item.Task.Name, item.Lock.InstanceId, unreachable.Message);
        }
    }

    private Task<HistoryEvent?> RunAsync(ActivityWorkItem item, ActivityCancellation cancellation) =>
        runtime.Metrics.MeasuresActivities ? MeasureAsync(item, cancellation) : ExecuteAsync(item, cancellation);

    private async Task<HistoryEvent?> MeasureAsync(ActivityWorkItem item, ActivityCancellation cancellation)
    {
        long began = runtime.Time.GetTimestamp();
        HistoryEvent? outcome = await ExecuteAsync(item, cancellation);
        string how = outcome switch { null => "interrupted", TaskCompletedEvent => "completed", _ => "failed" };
        runtime.Metrics.ActivityEnded(item.Task.Name ?? "", how, runtime.Time.GetElapsedTime(began));
        return outcome;
    }

    /// <summary>Null when the activity was interrupted: nothing is recorded, and whoever still wants it runs it again.</summary>
    private async Task<HistoryEvent?> ExecuteAsync(ActivityWorkItem item, ActivityCancellation cancellation)
    {
        TaskScheduledEvent task = item.Task;
        using Span span = runtime.Services.WritesSpans ? TaskTracing.StartActivity(item) : null;
        AsyncServiceScope scope = runtime.Scopes.CreateAsyncScope();
        try
        {
            if (!TaskLookup.TryCreateActivity(runtime.Factory, task, scope.ServiceProvider, out ITaskActivity? activity))
            {
                Log.NotFound(_logger, task.Name, item.Lock.InstanceId);
                var notFound = Failures.NotFound("ActivityTaskNotFound", "activity", task.Name!, task.Version);
                span.Activity?.SetStatus(ActivityStatusCode.Error, notFound.ErrorMessage);
                return Failed(item, notFound);
            }

            Log.ActivityStarted(_logger, item.Lock.InstanceId, task.Name);
            object? input = runtime.Services.DataConverter.Deserialize(task.Input, activity.InputType);
            object? output = await activity.RunAsync(
                new ActivityContext(new TaskName(task.Name!), item.Lock.InstanceId, task.Version ?? "", cancellation), input);
            string? result = runtime.Services.DataConverter.Serialize(output);
            Log.ActivityCompleted(_logger, item.Lock.InstanceId, task.Name);
            return new TaskCompletedEvent(-1, item.Lock.TaskId, result) { Timestamp = runtime.Services.UtcNow() };
        }
        catch (OperationCanceledException) when (cancellation.IsRequested || runtime.IsStopping)
        {
            Log.Interrupted(_logger, item.Lock.InstanceId, task.Name);
            return null;
        }
        catch (Exception thrown)
        {
            // The orchestrator decides what a failure means; here it is only recorded.
            FailureDetails failure = Failures.From(thrown, runtime.Services.ExceptionProperties, _logger);
            Log.ActivityFailed(_logger, thrown, item.Lock.InstanceId, task.Name);
            span.Activity?.SetStatus(ActivityStatusCode.Error, failure.ErrorMessage);
            return Failed(item, failure);
        }
        finally
        {
            await scope.EndAsync(_logger, item.Lock.InstanceId);
        }
    }

    private TaskFailedEvent Failed(ActivityWorkItem item, FailureDetails details) =>
        new(-1, item.Lock.TaskId, details) { Timestamp = runtime.Services.UtcNow() };

    /// <summary>For as long as the lock is held: a finished activity's outcome is worth all patience. It has a slot again meanwhile, so
    /// that outcomes that cannot be told do not become more and more.</summary>
    private async Task ReportAsync(ActivityWorkItem item, HistoryEvent outcome)
    {
        int refusals = 0;
        int slots = 0;
        try
        {
            for (int attempt = 1; ; attempt++)
            {
                try
                {
                    await runtime.Hub.CompleteActivityAsync(item.Lock, outcome);
                    return;
                }
                catch (Exception unavailable) when (unavailable is not WorkItemLockLostException && runtime.Locks.IsHeld(item.Lock))
                {
                    slots = OccupyOnce(slots);
                    TimeSpan pause = OwedCalls.PauseAfter(attempt, runtime.HubOptions.MaximumReconnectDelay);
                    Log.ReportAgain(_logger, unavailable, item.Task.Name, item.Lock.InstanceId, attempt, pause);
                    if (IsFaultOf(unavailable) && ++refusals == MaximumRefusals)
                    {
                        outcome = Failed(item, new("UnstorableOutcome", Unstorable(unavailable), IsNonRetriable: true));
                    }

                    await Task.Delay(pause, runtime.Time, CancellationToken.None);
                }
            }
        }
        finally
        {
            runtime.ActivitySlots.GiveBack(slots);
        }
    }

    /// <summary>True when it is the outcome that cannot be stored, or written at all, not the hub that cannot store.</summary>
    private static bool IsFaultOf(Exception refusal) =>
        UnstorableTurns.IsOfContent(refusal) || refusal is ArgumentException or NotSupportedException or JsonException;

    private static string Unstorable(Exception refusal) =>
        $"The activity ran, but its outcome could not be stored, {MaximumRefusals} times. {refusal.GetType().Name}: "
        + string.Concat(refusal.Message.Where(char.IsAscii).Where(letter => !char.IsControl(letter)));

    private sealed class ActivityContext(TaskName name, string instanceId, string version, ActivityCancellation cancellation)
        : TaskActivityContext, IActivityCancellation
    {
        public CancellationToken CancellationToken => cancellation.Token;
        public override TaskName Name => name;
        public override string InstanceId => instanceId;
        public override string Version => version;
    }

    // The methods' names are the events' names, by which tests and searches of the official packages find them.
    private static partial class Log
    {
        [LoggerMessage(EventId = 603, Level = LogLevel.Information, Message = "'{InstanceId}': activity '{Name}' started.")]
        public static partial void ActivityStarted(ILogger logger, string instanceId, string? name);

        [LoggerMessage(EventId = 604, Level = LogLevel.Information, Message = "'{InstanceId}': activity '{Name}' completed.")]
        public static partial void ActivityCompleted(ILogger logger, string instanceId, string? name);

        [LoggerMessage(EventId = 605, Level = LogLevel.Error, Message = "'{InstanceId}': activity '{Name}' failed.")]
        public static partial void ActivityFailed(ILogger logger, Exception exception, string instanceId, string? name);

        [LoggerMessage(EventId = 624, Level = LogLevel.Information,
            Message = "'{InstanceId}': activity '{Name}' was interrupted; its outcome is not recorded.")]
        public static partial void Interrupted(ILogger logger, string instanceId, string? name);

        [LoggerMessage(EventId = 625, Level = LogLevel.Error,
            Message = "'{InstanceId}': activity '{Name}' is not tried again: {Losses} workers were lost while they ran it.")]
        public static partial void Poisoned(ILogger logger, string instanceId, string? name, int losses);

        [LoggerMessage(EventId = 626, Level = LogLevel.Warning,
            Message = "The place of activity '{Name}' is free, but the hub did not answer who is next; the next look finds it. {Reason}")]
        public static partial void SuccessorNotFound(ILogger logger, string? name, string reason);

        [LoggerMessage(EventId = 620, Level = LogLevel.Error,
            Message = "'{InstanceId}': no activity named '{Name}' is registered with this worker.")]
        public static partial void NotFound(ILogger logger, string? name, string instanceId);

        [LoggerMessage(EventId = 629, Level = LogLevel.Warning,
            Message = "An attempt at activity '{Name}' of '{InstanceId}' goes on to count as lost, although no worker was. {Reason}")]
        public static partial void NotAcquitted(ILogger logger, string? name, string instanceId, string reason);

        [LoggerMessage(EventId = 628, Level = LogLevel.Warning,
            Message = "'{InstanceId}': the call of activity #{TaskId} is left to a worker of a newer version: it cannot be read here. "
                + "{Reason}")]
        public static partial void Unreadable(ILogger logger, string instanceId, int taskId, string reason);

        [LoggerMessage(EventId = 621, Level = LogLevel.Warning,
            Message = "Activity '{Name}' of '{InstanceId}' ran, but its outcome was not stored: {Reason}")]
        public static partial void LockLost(ILogger logger, string? name, string instanceId, string reason);

        [LoggerMessage(EventId = 622, Level = LogLevel.Error,
            Message = "Activity '{Name}' of '{InstanceId}' ran, but its outcome could not be stored. It runs again.")]
        public static partial void OutcomeNotStored(ILogger logger, Exception exception, string? name, string instanceId);

        [LoggerMessage(EventId = 627, Level = LogLevel.Warning,
            Message = "Activity '{Name}' of '{InstanceId}' could not be given back; the next attempt is in {Pause}. {Reason}")]
        public static partial void NotGivenBack(ILogger logger, string? name, string instanceId, TimeSpan pause, string reason);

        [LoggerMessage(EventId = 623, Level = LogLevel.Warning,
            Message = "The outcome of activity '{Name}' of '{InstanceId}' could not be stored (attempt {Attempt}); the next attempt is in "
                + "{Pause}.")]
        public static partial void ReportAgain(
            ILogger logger, Exception exception, string? name, string instanceId, int attempt, TimeSpan pause);
    }
}

using System.Collections.ObjectModel;
using Microsoft.DurableTask.Abstractions;
using Microsoft.DurableTask.Entities;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask;

/// <summary>
/// All that an orchestrator may use: calls, timers, events, and a clock, GUIDs and loggers that are safe to replay. Await only tasks that
/// come from here (and combinations of them); every other wait is lost when the process is.
/// </summary>
public abstract class TaskOrchestrationContext
{
    private ReplaySafeLoggerFactory? _replaySafeLoggers;

    /// <summary>The orchestrator's name.</summary>
    public abstract TaskName Name { get; }

    /// <summary>The id of this instance.</summary>
    public abstract string InstanceId { get; }

    /// <summary>The orchestration that called this one; null when a client started it.</summary>
    public abstract ParentOrchestrationInstance? Parent { get; }

    /// <summary>The time at which the present turn began, in UTC. It stands still during a turn and is the same in every replay.</summary>
    public abstract DateTime CurrentUtcDateTime { get; }

    /// <summary>True while the code runs over what has happened before.</summary>
    public abstract bool IsReplaying { get; }

    /// <summary>The version with which the instance was started; empty for none.</summary>
    public virtual string Version => "";

    /// <summary>What the host configured for orchestrations; empty by default.</summary>
    public virtual IReadOnlyDictionary<string, object?> Properties => ReadOnlyDictionary<string, object?>.Empty;

    /// <summary>Calls, signals and locks of entities.</summary>
    /// <exception cref="NotSupportedException">This context has no entities.</exception>
    public virtual TaskOrchestrationEntityFeature Entities =>
        throw new NotSupportedException($"Durable entities are not supported by {GetType()}. Use activities and external events instead.");

    /// <summary>Makes loggers that write nothing while the orchestration replays.</summary>
    public virtual ILoggerFactory ReplaySafeLoggerFactory =>
        _replaySafeLoggers ??= new ReplaySafeLoggerFactory(this, LoggerFactory);

    /// <summary>Makes loggers that write during replay too.</summary>
    protected abstract ILoggerFactory LoggerFactory { get; }

    /// <summary>The input of the instance; the type's default when there is none.</summary>
    public abstract T? GetInput<T>();

    /// <summary>
    /// Calls an activity whose result does not matter. See the overload with a result.
    /// </summary>
    public virtual Task CallActivityAsync(TaskName name, object? input = null, TaskOptions? options = null) =>
        CallActivityAsync<object?>(name, input, options);

    /// <summary>Calls an activity without input whose result does not matter.</summary>
    public virtual Task CallActivityAsync(TaskName name, TaskOptions options) => CallActivityAsync(name, input: null, options);

    /// <summary>Calls an activity without input.</summary>
    public virtual Task<TResult> CallActivityAsync<TResult>(TaskName name, TaskOptions options) =>
        CallActivityAsync<TResult>(name, input: null, options);

    /// <summary>Calls an activity; it is executed at least once.</summary>
    /// <param name="name">The activity's name.</param>
    /// <param name="input">Its input, serialised by the worker's data converter.</param>
    /// <param name="options">Retries, version, tags.</param>
    /// <exception cref="ArgumentException">Options were passed as the input.</exception>
    /// <exception cref="TaskFailedException">Thrown by the await: the activity failed and no retry is left.</exception>
    public abstract Task<TResult> CallActivityAsync<TResult>(TaskName name, object? input = null, TaskOptions? options = null);

    /// <summary>Starts a durable timer, from <see cref="CurrentUtcDateTime"/>. A delay of zero or less fires at once.</summary>
    public virtual Task CreateTimer(TimeSpan delay, CancellationToken cancellationToken) =>
        CreateTimer(CurrentUtcDateTime.Add(delay), cancellationToken);

    /// <summary>Starts a durable timer. Cancel timers that are not needed any more: an open one keeps the orchestration running.</summary>
    /// <param name="fireAt">When it fires; converted to UTC.</param>
    /// <param name="cancellationToken">Cancels the timer; the task ends as cancelled then.</param>
    public abstract Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken);

    /// <summary>Waits for an event of this name (without regard to case); one that came earlier and was not used up counts.</summary>
    /// <exception cref="ArgumentException">Another wait for the same event is open with another payload type.</exception>
    public abstract Task<T> WaitForExternalEvent<T>(string eventName, CancellationToken cancellationToken = default);

    /// <summary>Waits for an event, at most for some time by a durable timer.</summary>
    /// <exception cref="TaskCanceledException">The time is over.</exception>
    public Task<T> WaitForExternalEvent<T>(string eventName, TimeSpan timeout) =>
        WaitForExternalEvent<T>(eventName, timeout, CancellationToken.None);

    /// <summary>Waits for an event, at most for some time by a durable timer.</summary>
    /// <param name="eventName">The event's name; case does not matter.</param>
    /// <param name="timeout">How long to wait at most.</param>
    /// <param name="cancellationToken">Ends the wait and its timer.</param>
    /// <exception cref="TaskCanceledException">The time is over, or the wait was cancelled.</exception>
    public async Task<T> WaitForExternalEvent<T>(string eventName, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var timerEnd = new CancellationTokenSource();
        using var waitEnd = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var raised = WaitForExternalEvent<T>(eventName, waitEnd.Token);
        if (raised.IsCompleted)
        {
            return await raised;
        }

        // Cancel, not CancelAsync: that would run the callbacks on the thread pool, outside of the orchestrator's own scheduler.
#pragma warning disable CA1849, MA0042
        var timer = CreateTimer(timeout, timerEnd.Token);
        if (await Task.WhenAny(raised, timer) == timer)
        {
            waitEnd.Cancel();
            await timer; // A timer that failed reports its own reason.
            throw new TaskCanceledException($"No event '{eventName}' came within {timeout}.");
        }

        timerEnd.Cancel();
#pragma warning restore CA1849, MA0042
        return await raised;
    }

    /// <summary>
    /// Sends an event to another orchestration, at least once, without waiting. Dropped when there is no such instance or it has ended.
    /// </summary>
    public abstract void SendEvent(string instanceId, string eventName, object payload);

    /// <summary>Sets what clients see as the custom status; null clears it. Stored at the end of the turn.</summary>
    public abstract void SetCustomStatus(object? customStatus);

    /// <summary>Calls another orchestrator and waits for its output.</summary>
    /// <param name="orchestratorName">The orchestrator's name.</param>
    /// <param name="input">Its input.</param>
    /// <param name="options">Retries, version, tags; with <see cref="SubOrchestrationOptions"/> the instance id too.</param>
    /// <exception cref="ArgumentException">Options were passed as the input.</exception>
    /// <exception cref="TaskFailedException">Thrown by the await: the sub-orchestration failed and no retry is left.</exception>
    public abstract Task<TResult> CallSubOrchestratorAsync<TResult>(
        TaskName orchestratorName, object? input = null, TaskOptions? options = null);

    /// <summary>Calls another orchestrator without input.</summary>
    public virtual Task<TResult> CallSubOrchestratorAsync<TResult>(TaskName orchestratorName, TaskOptions options) =>
        CallSubOrchestratorAsync<TResult>(orchestratorName, input: null, options);

    /// <summary>Calls another orchestrator without input whose output does not matter.</summary>
    public virtual Task CallSubOrchestratorAsync(TaskName orchestratorName, TaskOptions options) =>
        CallSubOrchestratorAsync(orchestratorName, input: null, options);

    /// <summary>Calls another orchestrator whose output does not matter.</summary>
    public virtual Task CallSubOrchestratorAsync(TaskName orchestratorName, object? input = null, TaskOptions? options = null) =>
        CallSubOrchestratorAsync<object?>(orchestratorName, input, options);

    /// <summary>
    /// Ends this execution and starts over with a new input and an empty history, under the same id. Return right after it.
    /// </summary>
    /// <param name="newInput">The input of the next execution.</param>
    /// <param name="preserveUnprocessedEvents">True to hand on events that nobody has waited for.</param>
    public abstract void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true);

    /// <summary>Ends this execution and starts over as the options say.</summary>
    /// <exception cref="NotSupportedException">A new version is asked for, and this context cannot change versions.</exception>
    public virtual void ContinueAsNew(ContinueAsNewOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!string.IsNullOrEmpty(options.NewVersion))
        {
            throw new NotSupportedException($"{GetType()} cannot continue as another version ('{options.NewVersion}').");
        }

        ContinueAsNew(options.NewInput, options.PreserveUnprocessedEvents);
    }

    /// <summary>A GUID that is the same in every replay.</summary>
    public abstract Guid NewGuid();

    /// <summary>A logger that writes nothing while the orchestration replays.</summary>
    public virtual ILogger CreateReplaySafeLogger(string categoryName) =>
        new ReplaySafeLogger(this, LoggerFactory.CreateLogger(categoryName));

    /// <summary>A logger that writes nothing while the orchestration replays.</summary>
    public virtual ILogger CreateReplaySafeLogger(Type type) => new ReplaySafeLogger(this, LoggerFactory.CreateLogger(type));

    /// <summary>A logger that writes nothing while the orchestration replays.</summary>
    public virtual ILogger CreateReplaySafeLogger<T>() => new ReplaySafeLogger(this, LoggerFactory.CreateLogger<T>());

    /// <summary>Compares this instance's version with another: negative when it is older. No version is older than any.</summary>
    public virtual int CompareVersionTo(string version) => TaskOrchestrationVersioningUtils.CompareVersions(Version, version);
}

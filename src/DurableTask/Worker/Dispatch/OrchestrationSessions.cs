using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Worker.Orchestrations;
using Microsoft.DurableTask.Worker.Tracing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>Makes sessions for executions, and reports what became of them.</summary>
internal sealed partial class OrchestrationSessions(WorkerRuntime runtime)
{
    private readonly ILogger _logger = runtime.Services.Loggers.Orchestrations;

    /// <summary>Replays the stored history into a new session.</summary>
    /// <param name="isRewinding">True when a rewind comes next.</param>
    public OrchestrationSession Rebuild(CachedInstance instance, bool isRewinding = false)
    {
        IServiceScope scope = runtime.Scopes.CreateScope();
        var session = new OrchestrationSession(
            runtime.Services, start => Create(start, scope.ServiceProvider), instance.CustomStatus, scope);
        session.Replay(instance.History, isRewinding);
        return session;
    }

    /// <summary>The instance as its lock found it: from memory if that is up to date, else from the hub.</summary>
    public async ValueTask<CachedInstance> LoadAsync(OrchestrationWorkItem item)
    {
        CachedInstance? cached = runtime.Cache.Take(item.Lock.InstanceId);
        // The fence too: a history that was rewound elsewhere may have as many events as before.
        if (cached is not null
            && cached.ExecutionId == item.Instance.ExecutionId
            && cached.History.Count == item.HistoryCount
            && cached.Fence == item.Lock.Fence - 1)
        {
            return cached;
        }

        cached?.Dispose();
        IReadOnlyList<HistoryEvent> history = item.HistoryCount == 0
            ? []
            : item.History ?? await runtime.Hub.GetHistoryAsync(item.Lock.InstanceId) ?? [];
        return new CachedInstance(item.Lock.InstanceId, item.Instance.ExecutionId, [.. history])
        {
            CustomStatus = item.Instance.CustomStatus,
        };
    }

    /// <summary>True when this worker's version settings leave the orchestration to another worker.</summary>
    public bool Rejects(CachedInstance instance, IReadOnlyList<InboxMessage> messages)
    {
        if (runtime.Options.Versioning is not { FailureStrategy: DurableTaskWorkerOptions.VersionFailureStrategy.Reject } versioning)
        {
            return false;
        }

        ExecutionStartedEvent? start = instance.History.Concat(messages.Select(message => message.Event))
            .OfType<ExecutionStartedEvent>().FirstOrDefault();
        return start is not null && !Accepts(versioning, start.Version);
    }

    /// <summary>True when this worker's version settings do not leave a new orchestration to another worker.</summary>
    public bool Accepts(ExecutionStartedEvent start) =>
        runtime.Options.Versioning is not { FailureStrategy: DurableTaskWorkerOptions.VersionFailureStrategy.Reject } versioning
        || Accepts(versioning, start.Version);

    /// <summary>
    /// Logs and traces what a turn did, before it is stored: whoever waits for the end of an instance finds them when the wait is over.
    /// </summary>
    public void Report(CachedInstance instance, ExecutionStartedEvent? start, IReadOnlyList<HistoryEvent> played, TurnResult result)
    {
        if (runtime.Services.WritesSpans)
        {
            TurnTracing.Report(instance, start, played, result, runtime.Services.UtcNow());
        }

        if (start is null)
        {
            return;
        }

        if (instance.History.Count == 0 && played.Contains(start))
        {
            Log.OrchestrationStarted(_logger, instance.InstanceId, start.Name);
        }

        if (_logger.IsEnabled(LogLevel.Debug))
        {
            Log.Did(_logger, instance.InstanceId, start.Name, result.Actions.Count, ActionList(result.Actions));
        }

        if (result.Failure is { } failure)
        {
            Log.OrchestrationFailed(_logger, result.Thrown, instance.InstanceId, start.Name, failure.ErrorType, failure.ErrorMessage);
        }
        else if (result.Status.IsTerminal())
        {
            Log.OrchestrationCompleted(_logger, instance.InstanceId, start.Name, result.Status);
        }
    }

    private static string ActionList(IEnumerable<HistoryEvent> actions) => string.Join(", ", actions
        .GroupBy(action => action switch
        {
            TaskScheduledEvent => "ScheduleTask",
            TimerCreatedEvent => "CreateTimer",
            SubOrchestrationInstanceCreatedEvent => "CreateSubOrchestration",
            EventSentEvent => "SendEvent",
            _ => action.EventType.ToString(),
        })
        .Select(group => group.Count() == 1 ? group.Key : $"{group.Key} x{group.Count()}"));

    private ITaskOrchestrator Create(ExecutionStartedEvent start, IServiceProvider services)
    {
        if (runtime.Options.Versioning is { FailureStrategy: not DurableTaskWorkerOptions.VersionFailureStrategy.Reject } versioning
            && !Accepts(versioning, start.Version))
        {
            bool isKnown = Enum.IsDefined(versioning.MatchStrategy);
            throw new OrchestrationFailure(new FailureDetails(
                isKnown ? "VersionMismatch" : "VersionError",
                isKnown
                    ? $"Orchestration '{start.Name}' has version '{start.Version}', which this worker (version '{versioning.Version}', "
                        + $"match strategy {versioning.MatchStrategy}) does not run."
                    : $"This worker's version match strategy '{versioning.MatchStrategy}' is unknown; "
                        + $"expected one of {string.Join(", ", Enum.GetNames<DurableTaskWorkerOptions.VersionMatchStrategy>())}.",
                IsNonRetriable: true));
        }

        return TaskLookup.TryCreateOrchestrator(runtime.Factory, start, services, out ITaskOrchestrator? orchestrator)
            ? orchestrator
            : throw new OrchestrationFailure(
                Failures.NotFound("OrchestratorTaskNotFound", "orchestrator", start.Name, start.Version));
    }

    private static bool Accepts(DurableTaskWorkerOptions.VersioningOptions versioning, string? version) =>
        versioning.MatchStrategy switch
        {
            DurableTaskWorkerOptions.VersionMatchStrategy.Strict =>
                Abstractions.TaskOrchestrationVersioningUtils.CompareVersions(version ?? "", versioning.Version) == 0,
            DurableTaskWorkerOptions.VersionMatchStrategy.CurrentOrOlder =>
                Abstractions.TaskOrchestrationVersioningUtils.CompareVersions(version ?? "", versioning.Version) <= 0,
            DurableTaskWorkerOptions.VersionMatchStrategy.None => true,
            _ => false, // A strategy that nobody knows is safer taken for a mismatch.
        };

    // The methods' names are the events' names, by which tests and searches of the official packages find them.
    private static partial class Log
    {
        [LoggerMessage(EventId = 600, Level = LogLevel.Information, Message = "'{InstanceId}': orchestration '{Name}' started.")]
        public static partial void OrchestrationStarted(ILogger logger, string instanceId, string name);

        [LoggerMessage(EventId = 601, Level = LogLevel.Information,
            Message = "'{InstanceId}': orchestration '{Name}' ended with status {Status}.")]
        public static partial void OrchestrationCompleted(ILogger logger, string instanceId, string? name, OrchestrationStatus status);

        [LoggerMessage(EventId = 611, Level = LogLevel.Debug,
            Message = "'{InstanceId}': orchestration '{Name}' took a turn with {Count} action(s) [{Actions}].")]
        public static partial void Did(ILogger logger, string instanceId, string name, int count, string actions);

        [LoggerMessage(EventId = 602, Level = LogLevel.Error,
            Message = "'{InstanceId}': orchestration '{Name}' failed with {ErrorType}: {ErrorMessage}")]
        public static partial void OrchestrationFailed(
            ILogger logger, Exception? exception, string instanceId, string? name, string errorType, string errorMessage);
    }
}

using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Worker.Orchestrations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>Makes sessions for executions, and reports what became of them.</summary>
internal sealed partial class OrchestrationSessions(WorkerRuntime runtime)
{
    private readonly ILogger _logger = runtime.Services.LoggerFactory.CreateLogger(LogCategories.Orchestrations);

    /// <summary>Replays the stored history into a new session.</summary>
    public OrchestrationSession Rebuild(CachedInstance instance)
    {
        IServiceScope scope = runtime.Scopes.CreateScope();
        var session = new OrchestrationSession(
            runtime.Services, start => Create(start, scope.ServiceProvider), instance.CustomStatus, scope);
        session.Replay(instance.History);
        return session;
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

    /// <summary>Logs and traces the start and the end of an execution.</summary>
    public void Report(CachedInstance instance, TurnCommit turn, TurnResult result)
    {
        if (turn.HistoryCount == 0 && turn.NewHistory.OfType<ExecutionStartedEvent>().FirstOrDefault() is { } started)
        {
            Log.Started(_logger, instance.InstanceId, started.Name);
        }

        if (!turn.Status.IsTerminal())
        {
            return;
        }

        ExecutionStartedEvent? start = instance.History.Concat(turn.NewHistory).OfType<ExecutionStartedEvent>().FirstOrDefault();
        TaskTracing.OrchestrationEnded(instance, start, turn, runtime.Time.GetUtcNow());
        if (result.Failure is { } failure)
        {
            Log.Failed(_logger, instance.InstanceId, start?.Name, failure.ErrorType, failure.ErrorMessage);
        }
        else
        {
            Log.Completed(_logger, instance.InstanceId, start?.Name, turn.Status);
        }
    }

    private ITaskOrchestrator Create(ExecutionStartedEvent start, IServiceProvider services)
    {
        if (runtime.Options.Versioning is { FailureStrategy: DurableTaskWorkerOptions.VersionFailureStrategy.Fail } versioning
            && !Accepts(versioning, start.Version))
        {
            throw new OrchestrationFailure(new FailureDetails(
                "VersionMismatch",
                $"Orchestration '{start.Name}' has version '{start.Version}', which this worker (version '{versioning.Version}', "
                + $"match strategy {versioning.MatchStrategy}) does not run.",
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
            _ => true,
        };

    private static partial class Log
    {
        [LoggerMessage(EventId = 600, Level = LogLevel.Information, Message = "'{InstanceId}': orchestration '{Name}' started.")]
        public static partial void Started(ILogger logger, string instanceId, string name);

        [LoggerMessage(EventId = 601, Level = LogLevel.Information,
            Message = "'{InstanceId}': orchestration '{Name}' ended with status {Status}.")]
        public static partial void Completed(ILogger logger, string instanceId, string? name, OrchestrationStatus status);

        [LoggerMessage(EventId = 602, Level = LogLevel.Error,
            Message = "'{InstanceId}': orchestration '{Name}' failed with {ErrorType}: {ErrorMessage}")]
        public static partial void Failed(ILogger logger, string instanceId, string? name, string errorType, string errorMessage);
    }
}

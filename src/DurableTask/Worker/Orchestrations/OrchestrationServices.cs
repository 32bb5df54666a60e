using System.Collections.ObjectModel;
using Microsoft.DurableTask.Worker.Tracing;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Orchestrations;

/// <summary>What every orchestration of a worker shares.</summary>
internal sealed record OrchestrationServices(
    DataConverter DataConverter,
    ILoggerFactory LoggerFactory,
    TimeProvider TimeProvider,
    TimeSpan MaximumTimerInterval,
    string DefaultVersion,
    global::DurableTask.Core.IExceptionPropertiesProvider? ExceptionProperties,
    bool UseLegacyLogCategory = false)
{
    /// <summary>True when orchestrators may use entities; ids that begin with "@" are entities then.</summary>
    public bool EntitiesEnabled { get; init; }

    /// <summary>False: no spans, whoever listens.</summary>
    public bool WritesSpans { get; init; } = true;

    /// <summary>What the host configured for orchestrations.</summary>
    public IReadOnlyDictionary<string, object?> Properties { get; init; } = ReadOnlyDictionary<string, object?>.Empty;

    /// <summary>Where the engine itself logs.</summary>
    public WorkerLoggers Loggers { get; } = new(LoggerFactory, UseLegacyLogCategory);

    /// <summary>What travels with an action of an orchestrator.</summary>
    public global::DurableTask.Core.TraceParent? ContextOfAction(
        global::DurableTask.Core.History.ExecutionStartedEvent start, int taskId) =>
        WritesSpans ? TaskTracing.ContextOfAction(start, taskId) : start.ParentTraceContext;

    public DateTime UtcNow() => TimeProvider.GetUtcNow().UtcDateTime;
}

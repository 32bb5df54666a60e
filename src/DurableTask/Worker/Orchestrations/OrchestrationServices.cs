using System.Collections.ObjectModel;
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

    /// <summary>What the host configured for orchestrations.</summary>
    public IReadOnlyDictionary<string, object?> Properties { get; init; } = ReadOnlyDictionary<string, object?>.Empty;

    /// <summary>Where the engine itself logs.</summary>
    public WorkerLoggers Loggers { get; } = new(LoggerFactory, UseLegacyLogCategory);

    public DateTime UtcNow() => TimeProvider.GetUtcNow().UtcDateTime;
}

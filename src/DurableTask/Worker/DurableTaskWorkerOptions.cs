using Microsoft.DurableTask.Converters;

namespace Microsoft.DurableTask.Worker;

/// <summary>How a worker runs orchestrators and activities.</summary>
public class DurableTaskWorkerOptions
{
    private DataConverter? _dataConverter;

    /// <summary>What happens to an orchestration whose version this worker does not accept.</summary>
    public enum VersionFailureStrategy
    {
        /// <summary>Leave it to another worker.</summary>
        Reject = 0,

        /// <summary>Fail it with error type VersionMismatch.</summary>
        Fail = 1,
    }

    /// <summary>Which versions of orchestrations this worker accepts.</summary>
    public enum VersionMatchStrategy
    {
        /// <summary>Every version.</summary>
        None = 0,

        /// <summary>Exactly the worker's version.</summary>
        Strict = 1,

        /// <summary>The worker's version and older ones.</summary>
        CurrentOrOlder = 2,
    }

    /// <summary>
    /// Serialises inputs, outputs, events and custom status; must agree with the clients'. Unless it is set, the converter in the
    /// container is used if there is one, else System.Text.Json.
    /// </summary>
    public DataConverter DataConverter
    {
        get => _dataConverter ?? JsonDataConverter.Default;
        set => _dataConverter = value ?? throw new ArgumentNullException(nameof(value));
    }

    /// <summary>Whether the worker runs entities. Default: false.</summary>
    public bool EnableEntitySupport { get; set; }

    /// <summary>A longer timer goes in legs of this length. Default: 3 days.</summary>
    public TimeSpan MaximumTimerInterval { get; set; } = TimeSpan.FromDays(3);

    /// <summary>How much runs at once.</summary>
    public ConcurrencyOptions Concurrency { get; } = new();

    /// <summary>Versions that the worker accepts; null accepts all.</summary>
    public VersioningOptions? Versioning { get; set; }

    /// <summary>True when <see cref="Versioning"/> was given.</summary>
    public bool IsVersioningSet => Versioning is not null;

    /// <summary>Decides which orchestrations this worker runs; null, the default, runs all.</summary>
    public IOrchestrationFilter? OrchestrationFilter { get; set; }

    /// <summary>Log categories.</summary>
    public LoggingOptions Logging { get; } = new();

    /// <summary>What a worker over a task hub cannot use.</summary>
    internal IEnumerable<string> Faults()
    {
        if (MaximumTimerInterval <= TimeSpan.Zero)
        {
            yield return $"{nameof(MaximumTimerInterval)} is {MaximumTimerInterval}; expected more than zero.";
        }

        foreach (var (name, count) in new[]
        {
            (nameof(ConcurrencyOptions.MaximumConcurrentActivityWorkItems), Concurrency.MaximumConcurrentActivityWorkItems),
            (nameof(ConcurrencyOptions.MaximumConcurrentOrchestrationWorkItems), Concurrency.MaximumConcurrentOrchestrationWorkItems),
            (nameof(ConcurrencyOptions.MaximumConcurrentEntityWorkItems), Concurrency.MaximumConcurrentEntityWorkItems),
        })
        {
            if (count < 1)
            {
                yield return $"{nameof(Concurrency)}.{name} is {count}; expected at least 1.";
            }
        }
    }

    internal void SetDefaultConverter(DataConverter? converter) => _dataConverter ??= converter;

    internal void CopyTo(DurableTaskWorkerOptions other)
    {
        other._dataConverter = _dataConverter;
        other.EnableEntitySupport = EnableEntitySupport;
        other.MaximumTimerInterval = MaximumTimerInterval;
        other.Concurrency.MaximumConcurrentActivityWorkItems = Concurrency.MaximumConcurrentActivityWorkItems;
        other.Concurrency.MaximumConcurrentOrchestrationWorkItems = Concurrency.MaximumConcurrentOrchestrationWorkItems;
        other.Concurrency.MaximumConcurrentEntityWorkItems = Concurrency.MaximumConcurrentEntityWorkItems;
        other.Versioning = Versioning;
        other.OrchestrationFilter = OrchestrationFilter;
        other.Logging.UseLegacyCategories = Logging.UseLegacyCategories;
    }

    /// <summary>Limits on what one process runs at the same time.</summary>
    public class ConcurrencyOptions
    {
        /// <summary>Activities. Default: 100 per processor.</summary>
        public int MaximumConcurrentActivityWorkItems { get; set; } = 100 * Environment.ProcessorCount;

        /// <summary>Orchestrator turns. Default: 100 per processor.</summary>
        public int MaximumConcurrentOrchestrationWorkItems { get; set; } = 100 * Environment.ProcessorCount;

        /// <summary>Entity batches. Default: 100 per processor.</summary>
        public int MaximumConcurrentEntityWorkItems { get; set; } = 100 * Environment.ProcessorCount;
    }

    /// <summary>Log categories.</summary>
    public class LoggingOptions
    {
        /// <summary>Also log under the one category "Microsoft.DurableTask" of earlier versions. Default: true.</summary>
        public bool UseLegacyCategories { get; set; } = true;
    }

    /// <summary>Versions that the worker accepts and gives.</summary>
    public class VersioningOptions
    {
        /// <summary>The worker's own version. Default: none.</summary>
        public string Version { get; set; } = "";

        /// <summary>The version of sub-orchestrations that are started without one. Default: none.</summary>
        public string DefaultVersion { get; set; } = "";

        /// <summary>Which orchestrations are accepted. Default: all.</summary>
        public VersionMatchStrategy MatchStrategy { get; set; }

        /// <summary>What happens to the others. Default: they are left to other workers.</summary>
        public VersionFailureStrategy FailureStrategy { get; set; }
    }
}

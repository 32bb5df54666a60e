using DurableTask.Core.Payloads;
using Microsoft.Azure.Functions.Worker.Logging;
using Microsoft.DurableTask.Worker;

namespace Microsoft.Azure.Functions.Worker.Configuration;

/// <summary>All that host.json and the host's own settings say, checked. Names, units and defaults: docs/operating/settings.md.</summary>
internal sealed record HostSettings
{
    /// <summary>After this an invocation's token is cancelled; null means never. Default: 5 minutes.</summary>
    public TimeSpan? FunctionTimeout { get; init; } = TimeSpan.FromMinutes(5);

    public string RoutePrefix { get; init; } = "api";

    public HttpSettings Http { get; init; } = new();

    public HealthMonitorSettings HealthMonitor { get; init; } = new();

    public required ServerSettings Server { get; init; }

    /// <summary>Bytes; what a function may be sent. Default: 100 MiB.</summary>
    public long RequestBodyLimit { get; init; } = 100 * 1024 * 1024;

    /// <summary>Bytes; what the host's own APIs take, which read a body as a whole: no more than a payload of the hub may
    /// have.</summary>
    public long OwnBodyLimit => Math.Min(RequestBodyLimit, Durable.LargePayloadMaximum ?? new LargePayloadOptions().MaximumBytes);

    /// <summary>What becomes of a host with faulty functions. Default: it leaves them out.</summary>
    public FaultyFunctions FaultyFunctions { get; init; }

    /// <summary>What the host does when host.json, or a file that it names, changes. Default: it says what takes effect after a
    /// restart.</summary>
    public RestartOnChange RestartOnChange { get; init; }

    /// <summary>Names of files anywhere below the content root, and of folders below it, whose changes restart the host where that is
    /// wanted.</summary>
    public IReadOnlyList<string> WatchFiles { get; init; } = [];

    /// <inheritdoc cref="WatchFiles"/>
    public IReadOnlyList<string> WatchDirectories { get; init; } = [];

    /// <summary>How long running invocations may go on when the host stops. Default: 25 s.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>Where the host keeps the keys that it made.</summary>
    public required string StateFolder { get; init; }

    public QueueSettings Queues { get; init; } = new();

    public DurableSettings Durable { get; init; } = new();

    /// <summary>Where relative paths begin.</summary>
    public required string ContentRoot { get; init; }

    /// <summary>The text that all of this was read from.</summary>
    public HostJsonSource? Source { get; init; }

    public ConsoleSettings Console { get; init; } = new();

    /// <summary>Level per log category, from <c>logging.logLevel</c> of host.json.</summary>
    public IReadOnlyDictionary<string, string> LogLevels { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary><c>extensions.queues</c> of host.json.</summary>
internal sealed record QueueSettings
{
    /// <summary>Messages per receive call, 1 to 32.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>The next batch is fetched when at most this many messages are being worked on.</summary>
    public int NewBatchThreshold { get; init; } = 8;

    public TimeSpan MaxPollingInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a message that failed stays hidden before the next attempt. While its function runs, see
    /// <see cref="Queues.QueueLease"/>.</summary>
    public TimeSpan VisibilityTimeout { get; init; } = TimeSpan.Zero;

    public int MaxDequeueCount { get; init; } = 5;

    public QueueEncoding MessageEncoding { get; init; } = QueueEncoding.Base64;
}

internal enum QueueEncoding
{
    Base64 = 0,
    None = 1,
}

/// <summary><c>extensions.durableTask</c> of host.json.</summary>
internal sealed record DurableSettings
{
    /// <summary>Names the schema that holds the hub.</summary>
    public string HubName { get; init; } = "durable";

    public StorageProvider Provider { get; init; } = StorageProvider.PostgreSQL;

    /// <summary>Name of the setting that holds the connection string.</summary>
    public string ConnectionStringName { get; init; } = "DURABLE_POSTGRES";

    public int? MaxConcurrentActivities { get; init; }

    public int? MaxConcurrentEntities { get; init; }

    public int? MaxConcurrentOrchestrators { get; init; }

    public int? MaxEntityOperationBatchSize { get; init; }

    public TimeSpan? WorkItemLockTimeout { get; init; }

    public int? MaxLostAttempts { get; init; }

    /// <summary>Work for functions that this application does not have is left to others. Default: it is taken, and fails.</summary>
    public bool FiltersWorkItems { get; init; }

    /// <summary>Bytes.</summary>
    public int? LargePayloadThreshold { get; init; }

    /// <summary>Bytes.</summary>
    public int? LargePayloadMaximum { get; init; }

    public RetentionSettings Retention { get; init; } = new();

    public TracingSettings Tracing { get; init; } = new();

    /// <summary>Whether orchestrators stay in memory between turns.</summary>
    public bool ExtendedSessions { get; init; }

    /// <summary>Which instances a start under their id replaces.</summary>
    public OverridableStates ExistingInstances { get; init; }

    /// <summary>The version of new orchestrations, and of this worker; empty for none.</summary>
    public string DefaultVersion { get; init; } = "";

    public DurableTaskWorkerOptions.VersionMatchStrategy VersionMatch { get; init; }

    public DurableTaskWorkerOptions.VersionFailureStrategy VersionFailure { get; init; }

    /// <summary>Whether links in replies of the management API follow <c>Forwarded</c> and <c>X-Forwarded-*</c>.</summary>
    public bool UseForwardedHost { get; init; }

    /// <summary>How long a durable HTTP call waits between two polls when the reply says nothing. Default: 30 s.</summary>
    public TimeSpan HttpPollInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes; the largest response that a durable HTTP call takes in. Default: 4 MiB.</summary>
    public int HttpMaxResponseBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Running activities by name, all processes together.</summary>
    public IReadOnlyDictionary<string, int> ActivityLimits { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>Orchestrations under way by name, all processes together.</summary>
    public IReadOnlyDictionary<string, int> OrchestrationLimits { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal);
}

/// <summary><c>extensions.durableTask.tracing</c> of host.json: what is said of orchestrations, activities and entities.</summary>
internal sealed record TracingSettings
{
    /// <summary>Inputs and outputs are logged.</summary>
    public bool InputsAndOutputs { get; init; }

    /// <summary>Replays are logged.</summary>
    public bool ReplayEvents { get; init; }

    /// <summary>Spans are written while somebody listens to their source.</summary>
    public bool WritesSpans { get; init; } = true;
}

/// <summary>The forms of spans that host.json may name.</summary>
internal enum TracingVersion
{
    /// <summary>No spans.</summary>
    None = 0,

    /// <summary>Spans with the contract's names and tags.</summary>
    V2 = 2,
}

/// <summary><c>extensions.durableTask.retention</c> of host.json: how long ended instances are kept; null for ever.</summary>
internal sealed record RetentionSettings
{
    public TimeSpan? Completed { get; init; } = TimeSpan.FromDays(30);

    public TimeSpan? Failed { get; init; } = TimeSpan.FromDays(90);

    public TimeSpan? Terminated { get; init; } = TimeSpan.FromDays(30);

    public TimeSpan? Interval { get; init; }

    public int? BatchSize { get; init; }
}

/// <summary>Which instances a start under their id replaces, unless it says so itself.</summary>
internal enum OverridableStates
{
    /// <summary>Those that have ended.</summary>
    NonRunningStates = 0,

    /// <summary>All; one that runs is terminated first.</summary>
    AnyState = 1,
}

/// <summary>The storage providers that host.json may name.</summary>
internal enum StorageProvider
{
    /// <summary>State in PostgreSQL.</summary>
    PostgreSQL = 0,
}

/// <summary>The setting <c>FUNCTIONS_RESTART_ON_CHANGE</c>.</summary>
internal enum RestartOnChange
{
    /// <summary>The log names what takes effect after a restart.</summary>
    Off = 0,

    /// <summary>The host stops and ends with <see cref="Hosting.HostRestart.ExitCode"/>: for where something starts it again.</summary>
    Exit = 1,
}

/// <summary>The setting <c>FUNCTIONS_FAULTY_FUNCTIONS</c>.</summary>
internal enum FaultyFunctions
{
    /// <summary>The others are served. Functions that instances in the hub may need are not left out.</summary>
    LeaveOut,

    /// <summary>The host does not start.</summary>
    Refuse,
}

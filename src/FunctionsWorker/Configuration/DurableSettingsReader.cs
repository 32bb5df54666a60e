using System.Text.RegularExpressions;
using Microsoft.DurableTask.Worker;

namespace Microsoft.Azure.Functions.Worker.Configuration;

/// <summary><c>extensions.durableTask</c> of host.json to <see cref="DurableSettings"/>.</summary>
internal static partial class DurableSettingsReader
{
    public static DurableSettings Read(JsonSection json)
    {
        JsonSection provider = json.Section("storageProvider");
        JsonSection http = json.Section("httpSettings");
        var defaults = new DurableSettings();
        var durable = new DurableSettings
        {
            HubName = json.Reference(
                "hubName", defaults.HubName, static n => HubName().IsMatch(n),
                "1 to 45 letters, digits or '_', a letter first, or %NAME% for the setting of that name"),
            MaxConcurrentActivities = json.Number("maxConcurrentActivityFunctions", min: 1, max: 10_000),
            MaxConcurrentOrchestrators = json.Number("maxConcurrentOrchestratorFunctions", min: 1, max: 10_000),
            MaxConcurrentEntities = json.Number("maxConcurrentEntityFunctions", min: 1, max: 10_000),
            MaxEntityOperationBatchSize = json.Number("maxEntityOperationBatchSize", min: 1, max: 1_000_000),
            Provider = provider.Choice("type", StorageProvider.PostgreSQL,
                ", where this host keeps state; to leave the file as it is, set "
                    + "AzureFunctionsJobHost__extensions__durableTask__storageProvider__type=PostgreSQL"),
            ConnectionStringName = provider.Text(
                "connectionStringName", defaults.ConnectionStringName, static n => n.Length > 0, "the name of a setting"),
            WorkItemLockTimeout = provider.Duration("workItemLockTimeout", min: TimeSpan.FromSeconds(1), max: TimeSpan.FromHours(1)),
            LargePayloadThreshold = provider.Number("largePayloadStorageThresholdBytes", min: 1024, max: 1024 * 1024),
            LargePayloadMaximum = provider.Number("largePayloadStorageMaximumBytes", min: 1024 * 1024, max: 100 * 1024 * 1024),
            FiltersWorkItems = provider.Flag("workItemFilteringEnabled", fallback: false),
            MaxLostAttempts = json.Number("maxLostAttempts", min: 1, max: 100),
            Tracing = Tracing(json.Section("tracing")),
            ExtendedSessions = json.Flag("extendedSessionsEnabled", fallback: false),
            ExistingInstances = json.Choice("overridableExistingInstanceStates", OverridableStates.NonRunningStates),
            DefaultVersion = json.Text("defaultVersion", "", static v => v.Length <= 100, "a version of up to 100 characters"),
            VersionMatch = json.Choice("versionMatchStrategy", DurableTaskWorkerOptions.VersionMatchStrategy.CurrentOrOlder),
            VersionFailure = json.Choice("versionFailureStrategy", DurableTaskWorkerOptions.VersionFailureStrategy.Reject),
            HttpPollInterval = TimeSpan.FromMilliseconds(
                http.Number("defaultAsyncRequestSleepTimeMilliseconds", 30_000, min: 1, max: 24 * 60 * 60 * 1000)),
            HttpMaxResponseBytes = http.Number("maxResponseBytes", defaults.HttpMaxResponseBytes, min: 1024, max: 100 * 1024 * 1024),
            UseForwardedHost = http.Flag("useForwardedHost", fallback: false),
            Retention = Retention(json.Section("retention")),
            ActivityLimits = Limits(json.Section("concurrencyLimits"), "activities"),
            OrchestrationLimits = Limits(json.Section("concurrencyLimits"), "orchestrations"),
        };
        http.Done();
        OthersOf(provider);
        provider.Done();
        Others(json);
        json.Done();
        return durable;
    }

    /// <summary>What the Azure host knows beside: checked where this host cannot do what it asks for, else without effect.</summary>
    private static void Others(JsonSection json)
    {
        json.Section("notifications").Done("nothing: this host publishes no events of its instances to Event Grid");
        json.Require("rollbackEntityOperationsOnExceptions", allowed: true, "an operation that throws always leaves its entity as it was");
        json.Require("throwStatusExceptionsOnRaiseEvent", allowed: false, "an event for an instance that has ended is dropped");
        json.Ignore("extendedSessionIdleTimeoutInSeconds", "useGracefulShutdown", "useAppLease", "appLeaseOptions",
            "maxOrchestrationActions", "localRpcEndpointEnabled", "maxGrpcMessageSizeInBytes", "grpcHttpClientTimeout",
            "entityMessageReorderWindowInMinutes", "storeInputsInOrchestrationHistory");
    }

    /// <summary>How the stores of the Azure host are tuned. An application may carry one host.json for both.</summary>
    private static void OthersOf(JsonSection provider) => provider.Ignore(
        "allowReplayingTerminalInstances", "connectionName", "controlQueueBatchSize", "controlQueueBufferThreshold",
        "controlQueueVisibilityTimeout", "createDatabaseIfNotExists", "eventHubsConnectionName", "fetchLargeMessagesAutomatically",
        "largePayloadStorageEnabled", "maxQueuePollingInterval", "partitionCount", "payloadStorageEnabled",
        "payloadStorageMaxPayloadBytes", "payloadStorageThresholdBytes", "queueClientMessageEncoding", "schemaName",
        "storageConnectionName", "taskEventBatchSize", "taskEventLockTimeout", "trackingStoreConnectionName",
        "trackingStoreConnectionStringName", "trackingStoreNamePrefix", "useLegacyPartitionManagement",
        "useSeparateQueueForEntityWorkItems", "useTablePartitionManagement", "workItemQueueVisibilityTimeout");

    private static TracingSettings Tracing(JsonSection json)
    {
        bool isEnabled = json.Flag("distributedTracingEnabled", fallback: true);
        TracingVersion version = json.Choice("version", TracingVersion.V2);
        var tracing = new TracingSettings
        {
            InputsAndOutputs = json.Flag("traceInputsAndOutputs", fallback: false),
            ReplayEvents = json.Flag("traceReplayEvents", fallback: false),
            WritesSpans = isEnabled && version != TracingVersion.None,
        };

        // Of version 1 only.
        json.Ignore("distributedTracingProtocol");
        json.Done();
        return tracing;
    }

    private static RetentionSettings Retention(JsonSection json)
    {
        var defaults = new RetentionSettings();
        var retention = new RetentionSettings
        {
            Completed = Kept(json, "completed", defaults.Completed),
            Failed = Kept(json, "failed", defaults.Failed),
            Terminated = Kept(json, "terminated", defaults.Terminated),
            Interval = json.Duration("interval", min: TimeSpan.FromSeconds(1), max: TimeSpan.FromDays(1)),
            BatchSize = json.Number("batchSize", min: 1, max: 10_000),
        };
        json.Done();
        return retention;
    }

    private static TimeSpan? Kept(JsonSection json, string status, TimeSpan? fallback)
    {
        string text = json.Text(
            status,
            fallback!.Value.ToString("c"),
            static t => t == "-1" || (HostSettingsReader.Time(t) is { } time && time >= TimeSpan.Zero),
            "a time as \"d.hh:mm:ss\", or \"-1\" for ever");
        return text == "-1" ? null : HostSettingsReader.Time(text);
    }

    private static IReadOnlyDictionary<string, int> Limits(JsonSection json, string kind)
    {
        IReadOnlyDictionary<string, int> limits = json.Section(kind).Numbers(min: 1, max: 1_000_000);
        json.Ignore("activities", "orchestrations");
        json.Done();
        return limits;
    }

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_]{0,44}$")]
    private static partial Regex HubName();
}

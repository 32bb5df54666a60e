using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Configuration;

/// <summary>host.json and the host's own settings to <see cref="HostSettings"/>; every fault is added to the list.</summary>
internal static partial class HostSettingsReader
{
    public static HostSettings Read(string? hostJsonPath, string contentRoot, IConfiguration configuration, List<string> faults)
    {
        HostJsonSource source = HostJsonSource.Read(hostJsonPath, configuration, faults);
        var root = new JsonSection(source.Json, "$", source);
        root.Text("version", "2.0", static v => v == "2.0", "\"2.0\"");
        TimeSpan? timeout = FunctionTimeout(root);
        JsonSection logging = root.Section("logging");
        var levels = logging.Section("logLevel").Texts(
            static l => Enum.TryParse(l, ignoreCase: true, out LogLevel _), "one of " + string.Join(", ", Enum.GetNames<LogLevel>()));
        logging.Ignore("applicationInsights", "console", "fileLoggingMode");
        logging.Done();

        JsonSection extensions = root.Section("extensions");
        JsonSection http = extensions.Section("http");
        string prefix = http.Text(
            "routePrefix", "api", static p => RoutePrefix().IsMatch(p), "path segments without '/' at the ends, or \"\"");
        http.Ignore("hsts", "customHeaders", "maxOutstandingRequests", "maxConcurrentRequests", "dynamicThrottlesEnabled");
        http.Done();
        QueueSettings queues = Queues(extensions.Section("queues"));
        DurableSettings durable = Durable(extensions.Section("durableTask"));
        extensions.Ignore("blobs", "cosmosDB", "eventHubs", "sendGrid", "serviceBus", "signalR");
        extensions.Done();
        // Known to the Azure host, without meaning here: an application may carry one host.json for both.
        root.Ignore("aggregator", "concurrency", "customHandler", "extensionBundle", "functions", "healthMonitor", "managedDependency",
            "retry", "singleton", "telemetryMode", "watchDirectories", "watchFiles", "$schema");
        root.Done();

        return new()
        {
            FunctionTimeout = timeout,
            LogLevels = levels,
            RoutePrefix = prefix,
            Queues = queues,
            Durable = durable,
            RequestBodyLimit = BodyLimit(configuration, faults),
            DrainTimeout = DrainTimeout(configuration, faults),
            StateFolder = Path.GetFullPath(configuration["HEAL_STATE"] is { Length: > 0 } folder ? folder : ".state", contentRoot),
        };
    }

    private static TimeSpan? FunctionTimeout(JsonSection root)
    {
        const string expected = "a time as \"hh:mm:ss\" above zero, or \"-1\" for none";
        string text = root.Text(
            "functionTimeout", "00:05:00", static t => t == "-1" || (Time(t) is { } time && time > TimeSpan.Zero), expected);
        return text == "-1" ? null : Time(text);
    }

    private static QueueSettings Queues(JsonSection json)
    {
        int batch = json.Number("batchSize", 16, min: 1, max: 32);
        var queues = new QueueSettings
        {
            BatchSize = batch,
            NewBatchThreshold = json.Number("newBatchThreshold", batch / 2, min: 0, max: 1000),
            MaxPollingInterval = json.Duration(
                "maxPollingInterval", TimeSpan.FromMinutes(1), min: TimeSpan.FromMilliseconds(100), max: TimeSpan.FromHours(1)),
            VisibilityTimeout = json.Duration("visibilityTimeout", TimeSpan.Zero, min: TimeSpan.Zero, max: TimeSpan.FromDays(7)),
            MaxDequeueCount = json.Number("maxDequeueCount", 5, min: 1, max: 1000),
            MessageEncoding = json.Choice("messageEncoding", QueueEncoding.Base64),
        };
        json.Done();
        return queues;
    }

    private static DurableSettings Durable(JsonSection json)
    {
        JsonSection provider = json.Section("storageProvider");
        var defaults = new DurableSettings();
        var durable = new DurableSettings
        {
            HubName = json.Text(
                "hubName", defaults.HubName, static n => HubName().IsMatch(n), "1 to 45 letters, digits or '_', a letter first"),
            MaxConcurrentActivities = json.Number("maxConcurrentActivityFunctions", min: 1, max: 10_000),
            MaxConcurrentOrchestrators = json.Number("maxConcurrentOrchestratorFunctions", min: 1, max: 10_000),
            MaxConcurrentEntities = json.Number("maxConcurrentEntityFunctions", min: 1, max: 10_000),
            Provider = provider.Choice("type", StorageProvider.PostgreSQL),
            ConnectionStringName = provider.Text(
                "connectionStringName", defaults.ConnectionStringName, static n => n.Length > 0, "the name of a setting"),
            WorkItemLockTimeout = provider.Duration("workItemLockTimeout", min: TimeSpan.FromSeconds(1), max: TimeSpan.FromHours(1)),
            LargePayloadThreshold = provider.Number("largePayloadStorageThresholdBytes", min: 1024, max: 1024 * 1024),
            LargePayloadMaximum = provider.Number("largePayloadStorageMaximumBytes", min: 1024 * 1024, max: 100 * 1024 * 1024),
            MaxLostAttempts = json.Number("maxLostAttempts", min: 1, max: 100),
            Retention = Retention(json.Section("retention")),
            ActivityLimits = Limits(json.Section("concurrencyLimits"), "activities"),
            OrchestrationLimits = Limits(json.Section("concurrencyLimits"), "orchestrations"),
        };
        provider.Done();
        json.Ignore("tracing", "extendedSessionsEnabled", "useGracefulShutdown",
            "overridableExistingInstanceStates");
        json.Done();
        return durable;
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
            static t => t == "-1" || (Time(t) is { } time && time >= TimeSpan.Zero),
            "a time as \"d.hh:mm:ss\", or \"-1\" for ever");
        return text == "-1" ? null : Time(text);
    }

    private static IReadOnlyDictionary<string, int> Limits(JsonSection json, string kind)
    {
        IReadOnlyDictionary<string, int> limits = json.Section(kind).Numbers(min: 1, max: 1_000_000);
        json.Ignore("activities", "orchestrations");
        json.Done();
        return limits;
    }

    private static long BodyLimit(IConfiguration configuration, List<string> faults)
    {
        const string name = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT";
        string text = configuration[name] ?? "4194304";
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) && bytes is >= 1024 and <= int.MaxValue)
        {
            return bytes;
        }

        faults.Add($"setting {name}: is '{text}', expected a number of bytes from 1024 to {int.MaxValue}");
        return 0;
    }

    private static TimeSpan DrainTimeout(IConfiguration configuration, List<string> faults)
    {
        const string name = "FUNCTIONS_DRAIN_TIMEOUT";
        string text = configuration[name] ?? "00:00:25";
        if (Time(text) is { } limit && limit >= TimeSpan.Zero && limit <= TimeSpan.FromHours(1))
        {
            return limit;
        }

        faults.Add($"setting {name}: is '{text}', expected a time as \"hh:mm:ss\" from 00:00:00 to 01:00:00");
        return TimeSpan.Zero;
    }

    private static TimeSpan? Time(string text) =>
        TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan time) ? time : null;

    [GeneratedRegex("^([A-Za-z0-9_.~-]+(/[A-Za-z0-9_.~-]+)*)?$")]
    private static partial Regex RoutePrefix();

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_]{0,44}$")]
    private static partial Regex HubName();
}

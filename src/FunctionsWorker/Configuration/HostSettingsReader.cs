using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Azure.Functions.Worker.Logging;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Configuration;

/// <summary>host.json and the host's own settings to <see cref="HostSettings"/>; every fault is added to the list.</summary>
internal static partial class HostSettingsReader
{
    private const string Below = "a name or relative path, without '..'";

    public static HostSettings Read(string? hostJsonPath, string contentRoot, IConfiguration configuration, List<string> faults) =>
        Read(HostJsonSource.Read(hostJsonPath, configuration, faults), contentRoot, configuration, faults);

    public static HostSettings Read(HostJsonSource source, string contentRoot, IConfiguration configuration, List<string> faults)
    {
        var root = new JsonSection(source.Json, "$", source);
        root.Text("version", "2.0", static v => v == "2.0", "\"2.0\"");
        TimeSpan? timeout = FunctionTimeout(root);
        JsonSection logging = root.Section("logging");
        var levels = logging.Section("logLevel").Texts(
            static l => Enum.TryParse(l, ignoreCase: true, out LogLevel _), "one of " + string.Join(", ", Enum.GetNames<LogLevel>()));
        ConsoleSettings console = ConsoleSettings.Read(logging.Section("console"), new(configuration, faults));
        logging.Text("fileLoggingMode", "debugOnly", static m => m is "never" or "debugOnly",
            "\"never\" or \"debugOnly\": this host writes to the console, whose output can be sent to a file");
        logging.Ignore("applicationInsights");
        logging.Done();

        JsonSection extensions = root.Section("extensions");
        JsonSection http = extensions.Section("http");
        string prefix = http.Text(
            "routePrefix", "api", static p => RoutePrefix().IsMatch(p), "path segments without '/' at the ends, or \"\"");
        HttpSettings httpSettings = HttpSettings.Read(http);
        http.Done();
        QueueSettings queues = Queues(extensions.Section("queues"));
        DurableSettings durable = DurableSettingsReader.Read(extensions.Section("durableTask"));
        extensions.Ignore("blobs", "cosmosDB", "eventHubs", "sendGrid", "serviceBus", "signalR");
        extensions.Done();
        // Known to the Azure host, without meaning here: an application may carry one host.json for both.
        root.Ignore("aggregator", "concurrency", "customHandler", "extensionBundle", "functions", "managedDependency",
            "retry", "singleton", "telemetryMode", "$schema");
        var restart = new SettingValues(configuration, faults).Choice("FUNCTIONS_RESTART_ON_CHANGE", RestartOnChange.Off);
        bool watches = restart != RestartOnChange.Off;
        IReadOnlyList<string> watchFiles = root.TextList("watchFiles", IsBelow, Below, watches);
        IReadOnlyList<string> watchDirectories = root.TextList("watchDirectories", IsBelow, Below, watches);
        HealthMonitorSettings healthMonitor = HealthMonitorSettings.Read(root.Section("healthMonitor"));
        root.Done();

        return new()
        {
            Source = source,
            ContentRoot = contentRoot,
            Console = console,
            FunctionTimeout = timeout,
            LogLevels = levels,
            RoutePrefix = prefix,
            Http = httpSettings,
            HealthMonitor = healthMonitor,
            Server = ServerSettings.Read(configuration, faults),
            Queues = queues,
            Durable = durable,
            RequestBodyLimit = BodyLimit(configuration, faults),
            WatchFiles = watchFiles,
            WatchDirectories = watchDirectories,
            RestartOnChange = restart,
            FaultyFunctions = new SettingValues(configuration, faults).Choice("FUNCTIONS_FAULTY_FUNCTIONS", FaultyFunctions.LeaveOut),
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

    private static bool IsBelow(string path) =>
        path.Length > 0 && !Path.IsPathRooted(path) && !path.Split('/', '\\').Contains("..", StringComparer.Ordinal);

    private static long BodyLimit(IConfiguration configuration, List<string> faults)
    {
        const string name = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT";
        string text = configuration[name] ?? "104857600";
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

    internal static TimeSpan? Time(string text) =>
        TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan time) ? time : null;

    [GeneratedRegex("^([A-Za-z0-9_.~-]+(/[A-Za-z0-9_.~-]+)*)?$")]
    private static partial Regex RoutePrefix();
}

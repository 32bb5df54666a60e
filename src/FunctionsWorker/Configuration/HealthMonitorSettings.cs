namespace Microsoft.Azure.Functions.Worker.Configuration;

/// <summary><c>healthMonitor</c> of host.json: when this process counts as overloaded, and so as not ready.</summary>
internal sealed record HealthMonitorSettings
{
    public bool Enabled { get; init; } = true;

    /// <summary>Time between two checks. Default: 10 s.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How far back checks count. Default: 2 minutes.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>So many bad checks in the window make the host unready. Default: 6.</summary>
    public int Threshold { get; init; } = 6;

    /// <summary>Share of the memory that the process may have, above which a check is bad. Default: 0.8.</summary>
    public double CounterThreshold { get; init; } = 0.8;

    public static HealthMonitorSettings Read(JsonSection json)
    {
        var defaults = new HealthMonitorSettings();
        var settings = new HealthMonitorSettings
        {
            Enabled = json.Flag("enabled", defaults.Enabled),
            Interval = json.Duration("healthCheckInterval", defaults.Interval, min: TimeSpan.FromSeconds(1), max: TimeSpan.FromHours(1)),
            Window = json.Duration("healthCheckWindow", defaults.Window, min: TimeSpan.FromSeconds(1), max: TimeSpan.FromDays(1)),
            Threshold = json.Number("healthCheckThreshold", defaults.Threshold, min: 1, max: 1000),
            CounterThreshold = json.Share("counterThreshold", defaults.CounterThreshold),
        };
        json.Done();
        return settings;
    }
}

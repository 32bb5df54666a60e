using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>
/// Starts the function on a schedule: an NCrontab expression with six fields (seconds first) or five, in UTC,
/// a TimeSpan between runs ("00:05:00"), or <c>%setting%</c> that holds one of these.
/// Every host that runs the function fires it: with more than one host it runs on each.
/// </summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class TimerTriggerAttribute(string schedule) : TriggerBindingAttribute
{
    public string Schedule { get; } = schedule;

    /// <summary>Accepted for compatibility; this host keeps no record of past runs over a restart.</summary>
    public bool UseMonitor { get; set; } = true;

    /// <summary>Run once when the host starts, beside the schedule. Default: false.</summary>
    public bool RunOnStartup { get; set; }
}

/// <summary>What a timer-triggered function may know of its schedule.</summary>
public class TimerInfo
{
    public ScheduleStatus? ScheduleStatus { get; set; }

    /// <summary>This run starts at least one second after it was due.</summary>
    public bool IsPastDue { get; set; }
}

/// <summary>Times in UTC.</summary>
public class ScheduleStatus
{
    /// <summary>The start of the run before this one; default(DateTime) when there was none since the host started.</summary>
    public DateTime Last { get; set; }

    public DateTime Next { get; set; }

    public DateTime LastUpdated { get; set; }
}

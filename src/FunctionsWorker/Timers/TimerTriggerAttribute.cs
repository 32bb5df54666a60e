using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>
/// Starts the function on a schedule: an NCrontab expression with six fields (seconds first) or five, by the clock of the zone that the
/// setting <c>WEBSITE_TIME_ZONE</c> names (default UTC), a TimeSpan between runs ("00:05:00"), or <c>%setting%</c> that holds one of these.
/// Of all hosts that share a store, exactly one fires each occurrence, and never two runs of a function go on at a time. At least once:
/// when a host dies in a run, another one runs the occurrence again, so be idempotent.
/// </summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class TimerTriggerAttribute(string schedule) : TriggerBindingAttribute
{
    public string Schedule { get; } = schedule;

    /// <summary>
    /// What was missed while no host ran is made up for by one run at the next start, with <see cref="TimerInfo.IsPastDue"/>, and
    /// <see cref="TimerInfo.ScheduleStatus"/> is filled. Default: true. A schedule that may be due more than once a minute is never
    /// monitored.
    /// </summary>
    public bool UseMonitor { get; set; } = true;

    /// <summary>Run once when a host starts, beside the schedule, unless it runs on another host right then or a missed run is made up
    /// for. Default: false.</summary>
    public bool RunOnStartup { get; set; }
}

/// <summary>What a timer-triggered function may know of its schedule.</summary>
public class TimerInfo
{
    /// <summary>Null when the schedule is not monitored.</summary>
    public ScheduleStatus? ScheduleStatus { get; set; }

    /// <summary>This run starts at least one second after it was due.</summary>
    public bool IsPastDue { get; set; }
}

/// <summary>Times in UTC.</summary>
public class ScheduleStatus
{
    /// <summary>The start of the run before this one, on any host; default(DateTime) when there was none.</summary>
    public DateTime Last { get; set; }

    /// <summary>The occurrence after this run.</summary>
    public DateTime Next { get; set; }

    /// <summary>When <see cref="Last"/> was stored.</summary>
    public DateTime LastUpdated { get; set; }
}

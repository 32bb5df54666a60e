using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Timers;

/// <summary>A timer-triggered function with its schedule, parsed.</summary>
/// <param name="IsMonitored">What was missed while no host ran is made up for, and the function is told its times.</param>
internal sealed record TimerFunction(FunctionDescriptor Function, TimerSchedule Schedule, bool IsMonitored, bool RunOnStartup)
{
    public string Name => Function.Name;

    public string Text => Schedule.Text;

    /// <summary>What /readyz names when the function cannot reach the host store.</summary>
    public string Dependency => $"host store (timer function '{Name}')";

    public static IReadOnlyList<TimerFunction> Of(
        FunctionCatalog catalog, IConfiguration configuration, TimeZoneInfo zone, FunctionFaults allFaults)
    {
        var timers = new List<TimerFunction>();
        foreach ((FunctionDescriptor function, TimerTriggerAttribute trigger) in catalog.Triggered<TimerTriggerAttribute>())
        {
            string where = $"function '{function.Name}' ({function.EntryPoint}): schedule '{trigger.Schedule}'";
            List<string> faults = allFaults.Of(function.Name);
            int before = faults.Count;
            string text = SettingReferences.Resolve(trigger.Schedule, configuration, where, faults);
            if (faults.Count > before)
            {
                continue;
            }

            if (TimerSchedule.Parse(text, zone) is { } schedule)
            {
                timers.Add(new(function, schedule, trigger.UseMonitor && !schedule.IsWithinMinutes, trigger.RunOnStartup));
            }
            else
            {
                faults.Add($"{where}: is '{text}', expected six fields (second minute hour day month weekday), five, "
                    + "or a time of at least \"00:00:01\"");
            }
        }

        return timers;
    }
}

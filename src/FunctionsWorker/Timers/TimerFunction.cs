using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Timers;

/// <summary>A timer-triggered function with its schedule, parsed.</summary>
internal sealed record TimerFunction(FunctionDescriptor Function, TimerSchedule Schedule, string Text, bool RunOnStartup)
{
    public static IReadOnlyList<TimerFunction> Of(FunctionCatalog catalog, IConfiguration configuration, List<string> faults)
    {
        var timers = new List<TimerFunction>();
        foreach ((FunctionDescriptor function, TimerTriggerAttribute trigger) in catalog.Triggered<TimerTriggerAttribute>())
        {
            string where = $"function '{function.Name}' ({function.EntryPoint}): schedule '{trigger.Schedule}'";
            int before = faults.Count;
            string text = SettingReferences.Resolve(trigger.Schedule, configuration, where, faults);
            if (faults.Count > before)
            {
                continue;
            }

            if (TimerSchedule.Parse(text) is { } schedule)
            {
                timers.Add(new(function, schedule, text, trigger.RunOnStartup));
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

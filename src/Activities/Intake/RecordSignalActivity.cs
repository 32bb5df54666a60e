using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Heal.Activities;

/// <summary>Records a signal that leads to no incident, with the reason: an alert that nothing was done about can be found again.</summary>
[DurableTask(ActivityNames.RecordSignal)]
internal sealed partial class RecordSignalActivity(IHealStore store, ILogger<RecordSignalActivity> logger)
    : TaskActivity<UnroutedSignal, bool>
{
    public override async Task<bool> RunAsync(TaskActivityContext context, UnroutedSignal? input)
    {
        await store.RecordSignalAsync(input!, CancellationToken.None);
        Log.Recorded(logger, input!.Signal.Id, input.Signal.Alert.Name, input.Kind, input.Reason);
        return true;
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Signal {Signal} (alert {Alert}): {Route}, {Reason}")]
        public static partial void Recorded(ILogger logger, string signal, string alert, Healing.RouteKind route, string reason);
    }
}

using Heal.Healing;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Heal.Activities;

/// <summary>Undoes one operation. May run more than once; it takes effect once.</summary>
[DurableTask(ActivityNames.UndoAction)]
internal sealed partial class UndoActionActivity(ActionCatalogue actions, ILogger<UndoActionActivity> logger)
    : TaskActivity<UndoRequest, ActionResult>
{
    public override async Task<ActionResult> RunAsync(TaskActivityContext context, UndoRequest? input)
    {
        var request = input!;
        if (actions.Find(request.ActionId) is not { } action)
        {
            // Not Refused: that says that there is nothing to undo.
            return new ActionResult(request.Key, ActionStatus.Failed, $"this program has no action '{request.ActionId}'");
        }

        var result = await action.UndoAsync(request, CancellationToken.None);
        Log.Undone(logger, request.UndoneKey, request.Target.ToString(), result.Status, result.Detail);
        return result;
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Undo of {Key} on {Target}: {Status}, {Detail}")]
        public static partial void Undone(ILogger logger, string key, string target, ActionStatus status, string detail);
    }
}

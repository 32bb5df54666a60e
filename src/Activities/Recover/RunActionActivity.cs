using Heal.Healing;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Heal.Activities;

/// <summary>Carries out one action of a plan. May run more than once; the action takes effect once (see <see
/// cref="IRemedyAction"/>).</summary>
[DurableTask(ActivityNames.RunAction)]
internal sealed partial class RunActionActivity(ActionCatalogue actions, ILogger<RunActionActivity> logger)
    : TaskActivity<ActionRequest, ActionResult>
{
    public override async Task<ActionResult> RunAsync(TaskActivityContext context, ActionRequest? input)
    {
        var request = input!;
        if (actions.Find(request.ActionId) is not { } action)
        {
            return new ActionResult(request.Key, ActionStatus.Refused, $"this program has no action '{request.ActionId}'");
        }

        // A person may have edited the parameters while approving.
        var faults = ActionParameters.Check(action.Descriptor, request.Parameters);
        if (faults.Count > 0)
        {
            return new ActionResult(request.Key, ActionStatus.Refused, $"parameter '{faults[0].Name}': {faults[0].Fault}");
        }

        var complete = request with { Parameters = ActionParameters.Complete(action.Descriptor, request.Parameters) };
        var result = request.DryRun
            ? await action.DryRunAsync(complete, CancellationToken.None)
            : await action.RunAsync(complete, CancellationToken.None);
        Log.Ran(logger, request.ActionId, request.Target.ToString(), request.Key, result.Status, result.Detail);
        return result;
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Action {Action} on {Target} ({Key}): {Status}, {Detail}")]
        public static partial void Ran(ILogger logger, string action, string target, string key, ActionStatus status, string detail);
    }
}

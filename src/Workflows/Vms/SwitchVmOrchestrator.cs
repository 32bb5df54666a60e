using Heal.Activities;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Workflows;

/// <summary>Starts or stops a machine. The wish is written before it is stopped and after it is started, so that no healer works against
/// it.</summary>
[DurableTask(VmOrchestrationNames.SwitchVm)]
internal sealed class SwitchVmOrchestrator : TaskOrchestrator<VmSwitch, VmOutcome>
{
    public override async Task<VmOutcome> RunAsync(TaskOrchestrationContext context, VmSwitch? input)
    {
        var order = input!;
        var steps = new VmSteps(context, order.Desired == VmDesired.Running ? "start" : "stop", null);
        try
        {
            steps.Tell("find");
            var found = await context.CallFindVmAsync(order.Id, VmRetries.Forward);
            if (found.Host is null)
            {
                return found.Silent.Count == 0
                    ? steps.End(VmOutcomeKind.NotThere, "there is none")
                    : steps.End(VmOutcomeKind.Failed, $"it may be on a host that does not answer: {string.Join(", ", found.Silent)}");
            }

            steps.Host = found.Host;
            if (!found.Sight.IsOurs) return steps.End(VmOutcomeKind.Refused, "the domain does not carry the definition's mark");
            return order.Desired == VmDesired.Running
                ? await StartAsync(context, steps, order, found)
                : await StopAsync(context, steps, order, found);
        }
        catch (TaskFailedException e)
        {
            return steps.End(
                VmOutcomeKind.Failed,
                $"'{e.TaskName}' failed to the end of its retries: {SafeText.Line(e.FailureDetails.ErrorMessage, 300)}");
        }
    }

    private static async Task<VmOutcome> StartAsync(TaskOrchestrationContext context, VmSteps steps, VmSwitch order, VmSearch found)
    {
        var target = new VmTarget(found.Host!, order.Id);
        if (await steps.DoAsync("start", context.CallStartVmAsync(target, VmRetries.Forward)) is { } failure)
        {
            return steps.End(VmOutcomeKind.Failed, failure);
        }

        var seen = await context.CallLookAtVmAsync(target, VmRetries.Forward);
        if (!seen.IsRunning) return steps.End(VmOutcomeKind.Failed, $"it was started and does not run: {seen.State}");
        return await WishAsync(context, steps, found, order.Id, VmDesired.Running)
            ?? steps.End(VmOutcomeKind.Started, $"it runs on host '{found.Host}'");
    }

    private static async Task<VmOutcome> StopAsync(TaskOrchestrationContext context, VmSteps steps, VmSwitch order, VmSearch found)
    {
        if (await WishAsync(context, steps, found, order.Id, VmDesired.Stopped) is { } unwritten) return unwritten;
        var target = new VmTarget(found.Host!, order.Id);
        if (await steps.StopAsync(target, order.GraceSeconds, order.Force) is not { } runs)
        {
            return steps.End(VmOutcomeKind.Stopped, "it is off");
        }

        var before = found.Sight.Mark?.Desired ?? VmDesired.Running;
        return await WishAsync(context, steps, found, order.Id, before)
            ?? steps.End(order.Force ? VmOutcomeKind.Failed : VmOutcomeKind.StillRunning, runs);
    }

    // Null when it is written.
    private static async Task<VmOutcome?> WishAsync(
        TaskOrchestrationContext context, VmSteps steps, VmSearch found, string id, VmDesired desired)
    {
        var wish = new VmWish(found.Host!, id, desired, found.Sight.Mark?.Autonomy ?? Autonomy.Observe, Autostart: null);
        return await steps.DoAsync("wish", context.CallWriteVmWishAsync(wish, VmRetries.Forward)) is { } failure
            ? steps.End(VmOutcomeKind.Failed, failure)
            : null;
    }
}

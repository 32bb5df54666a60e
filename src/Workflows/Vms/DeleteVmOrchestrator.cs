using Heal.Activities;
using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Workflows;

/// <summary>
/// Takes a machine away: the guest is asked to shut down, destroyed only when that is allowed; then the domain with snapshots, managed save
/// and NVRAM, then the volumes that the definition made, then a look whether anything is left.
/// </summary>
[DurableTask(VmOrchestrationNames.DeleteVm)]
internal sealed class DeleteVmOrchestrator : TaskOrchestrator<VmRemoval, VmOutcome>
{
    /// <summary>Looks at what is left: a call that timed out may take effect late.</summary>
    private const int Rounds = 3;

    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(2);

    public override async Task<VmOutcome> RunAsync(TaskOrchestrationContext context, VmRemoval? input)
    {
        var removal = input!;
        var steps = new VmSteps(context, "delete", null);
        try
        {
            return await RunAsync(context, steps, removal);
        }
        catch (TaskFailedException e)
        {
            return steps.End(
                VmOutcomeKind.Failed,
                $"'{e.TaskName}' failed to the end of its retries: {SafeText.Line(e.FailureDetails.ErrorMessage, 300)}");
        }
    }

    private static async Task<VmOutcome> RunAsync(TaskOrchestrationContext context, VmSteps steps, VmRemoval removal)
    {
        steps.Tell("find");
        var found = await context.CallFindVmAsync(removal.Id, VmRetries.Forward);
        if (found.Host is null && found.Silent.Count > 0)
        {
            return steps.End(VmOutcomeKind.Failed, $"it may be on a host that does not answer: {string.Join(", ", found.Silent)}");
        }

        if (found is { Host: not null, Sight.IsOurs: false })
        {
            steps.Host = found.Host;
            return steps.End(VmOutcomeKind.Refused, $"domain '{found.Sight.Name}' does not carry the definition's mark: it is not touched");
        }

        if (found.Host is null && (found.Volumes.Count == 0 || removal.KeepVolumes))
        {
            return steps.End(VmOutcomeKind.NotThere, "there is none");
        }

        steps.Host = found.Host;
        if (found.Host is { } host && await RemoveDomainAsync(context, steps, removal, host, found.Sight) is { } ended) return ended;
        return await RemoveVolumesAsync(context, steps, removal, found);
    }

    // Null when the domain is gone.
    private static async Task<VmOutcome?> RemoveDomainAsync(
        TaskOrchestrationContext context, VmSteps steps, VmRemoval removal, string host, VmSight sight)
    {
        var target = new VmTarget(host, removal.Id);
        var mark = sight.Mark!;
        var atRest = new VmWish(host, removal.Id, VmDesired.Stopped, Autonomy.Observe, Autostart: null);
        if (await steps.DoAsync("wish", context.CallWriteVmWishAsync(atRest, VmRetries.Forward)) is { } unwritten)
        {
            return steps.End(VmOutcomeKind.Failed, unwritten);
        }

        if (await steps.StopAsync(target, removal.GraceSeconds, removal.Force) is { } runs)
        {
            // it goes on as before, and is looked after as before
            var before = atRest with { Desired = mark.Desired ?? VmDesired.Stopped, Autonomy = mark.Autonomy ?? Autonomy.Observe };
            await steps.DoAsync("wish", context.CallWriteVmWishAsync(before, VmRetries.Forward));
            return steps.End(removal.Force ? VmOutcomeKind.Failed : VmOutcomeKind.StillRunning, runs);
        }

        return await steps.DoAsync("undefine", context.CallRemoveVmDomainAsync(target, VmRetries.Forward)) is { } failure
            ? steps.End(VmOutcomeKind.Failed, failure)
            : null;
    }

    private static async Task<VmOutcome> RemoveVolumesAsync(
        TaskOrchestrationContext context, VmSteps steps, VmRemoval removal, VmSearch found)
    {
        var faults = new List<string>();
        for (var round = 1; ; round++)
        {
            faults.Clear();
            if (!removal.KeepVolumes)
            {
                foreach (var host in found.Volumes.Keys.Append(found.Host).OfType<string>().Distinct().Order(StringComparer.Ordinal))
                {
                    var request = new VmVolumesRequest(host, removal.Id, []);
                    if (await steps.DoAsync("volumes", context.CallRemoveVmVolumesAsync(request, VmRetries.Back)) is { } fault)
                    {
                        faults.Add(fault);
                    }
                }
            }

            steps.Tell("verify");
            var left = await context.CallFindVmAsync(removal.Id, VmRetries.Back);
            var rest = removal.KeepVolumes
                ? []
                : left.Volumes.Values.SelectMany(volumes => volumes).Select(item => $"volume {item}").ToList();
            if (left.Sight.IsOurs) rest.Add($"domain {left.Sight.Name}");
            if (rest.Count == 0 && faults.Count == 0) return steps.End(VmOutcomeKind.Deleted, "nothing is left");
            if (round >= Rounds)
            {
                return steps.End(VmOutcomeKind.LeftBehind, "not everything could be taken away", leftBehind: [.. rest, .. faults]);
            }

            await context.CreateTimer(Settle, CancellationToken.None);
        }
    }
}

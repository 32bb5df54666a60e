using DurableTask.Core.Exceptions;
using Heal.Functions.Http;
using Heal.Healing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Machines;

/// <summary>Starts what is to be done to a machine. One thing at a time: all of it shares the machine's instance id.</summary>
internal static class VmWork
{
    private static readonly OrchestrationRuntimeStatus[] UnderWay =
        [OrchestrationRuntimeStatus.Pending, OrchestrationRuntimeStatus.Running, OrchestrationRuntimeStatus.Suspended];

    /// <returns>202 with the address of the machine; 409 when something else is being done to it.</returns>
    /// <param name="isSame">Whether what is under way is what was asked for: then the caller joins it.</param>
    public static async Task<IActionResult> StartAsync(
        DurableTaskClient client, string orchestration, string id, object input, Func<OrchestrationMetadata, bool> isSame,
        HttpContext context, CancellationToken cancellationToken)
    {
        string instanceId = VmIdentity.InstanceId(id);
        bool hasJoined = false;
        StartOrchestrationOptions options = new StartOrchestrationOptions(instanceId).WithDedupeStatuses(UnderWay);
        try
        {
            await client.ScheduleNewOrchestrationInstanceAsync(orchestration, input, options, cancellationToken);
        }
        catch (OrchestrationAlreadyExistsException)
        {
            OrchestrationMetadata? running = await client.GetInstanceAsync(instanceId, getInputsAndOutputs: true, cancellationToken);
            if (running is not null && !(running.Name == orchestration && isSame(running)))
            {
                VmWorkView view = VmWorkView.Of(running);
                return Problem.Conflict<VmFault>(
                    $"'{view.Work}' of machine '{id}' is under way ({view.Progress?.Step ?? "not begun"}): wait until it has ended.", [],
                    Correlation.Of(context));
            }

            hasJoined = true;
        }

        string address = $"/api/vms/{id}";
        context.Response.Headers.Location = address;
        return new AcceptedJson<Accepted>(new Accepted(id, instanceId, address, hasJoined));
    }

    /// <summary>The last thing that was done to a machine; null when there is none.</summary>
    public static async Task<VmWorkView?> FindAsync(DurableTaskClient client, string id, CancellationToken cancellationToken) =>
        await client.GetInstanceAsync(VmIdentity.InstanceId(id), getInputsAndOutputs: true, cancellationToken) is { } metadata
            ? VmWorkView.Of(metadata)
            : null;

    /// <summary>Null when it is an id, else the answer that says so.</summary>
    public static IActionResult? RefuseId(string id, HttpContext context) => VmIdentity.IsId(id)
        ? null
        : Problem.Refused(
            $"'{SafeText.Line(id, 80)}' is no id of a machine: expected 1 to {VmLimits.IdLength} of a-z, 0-9 and hyphens.",
            Correlation.Of(context));

    /// <param name="StatusAddress">Tells how far it is, and what came of it. Until new work has begun, it tells of the work before.</param>
    /// <param name="Joined">The same was under way already.</param>
    private sealed record Accepted(string Id, string InstanceId, string StatusAddress, bool Joined);
}

using Heal.Activities;
using Heal.Functions.Http;
using Heal.Healing;
using Heal.Workflows;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Machines;

/// <summary><c>POST /api/vms/{id}/start</c> and <c>/stop?force=&amp;graceSeconds=</c>: changes what the machine does and what it should be.
/// 202, 404, or 409 when something else is being done to it.</summary>
internal sealed class SwitchVm(VmManager manager)
{
    [Function("RequestVmStart")]
    public Task<IActionResult> StartAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "vms/{id}/start")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken) => SwitchAsync(request, id, VmDesired.Running, client, cancellationToken);

    [Function("RequestVmStop")]
    public Task<IActionResult> StopAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "vms/{id}/stop")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken) => SwitchAsync(request, id, VmDesired.Stopped, client, cancellationToken);

    private async Task<IActionResult> SwitchAsync(
        HttpRequest request, string id, VmDesired desired, DurableTaskClient client, CancellationToken cancellationToken)
    {
        if (VmWork.RefuseId(id, request.HttpContext) is { } refusal) return refusal;
        (VmQuery? query, IActionResult? fault) = VmQuery.Read(request);
        if (query is null) return fault!;

        (ManagedVm? machine, IReadOnlyList<string> silent) = await manager.FindAsync(id, cancellationToken);
        if (machine is null && silent.Count == 0)
        {
            return Problem.NotFound($"There is no machine '{id}'.", Correlation.Of(request.HttpContext));
        }

        return await VmWork.StartAsync(
            client, VmOrchestrationNames.SwitchVm, id, new VmSwitch(id, desired, query.Force, query.GraceSeconds),
            running => running.ReadInputAs<VmSwitch>()?.Desired == desired, request.HttpContext, cancellationToken);
    }
}

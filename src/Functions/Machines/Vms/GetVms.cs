using Heal.Activities;
using Heal.Functions.Http;
using Heal.Healing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Machines;

/// <summary><c>GET /api/vms</c> and <c>GET /api/vms/{id}</c>: machines that were made from definitions, and what is being done to
/// them.</summary>
internal sealed class GetVms(VmManager manager)
{
    [Function("ListVms")]
    public async Task<IActionResult> ListAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "vms")] HttpRequest request, CancellationToken cancellationToken) =>
        new OkObjectResult(await manager.ListAsync(cancellationToken));

    [Function("GetVm")]
    public async Task<IActionResult> GetAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "vms/{id}")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        if (VmWork.RefuseId(id, request.HttpContext) is { } refusal) return refusal;
        (ManagedVm? machine, IReadOnlyList<string> silent) = await manager.FindAsync(id, cancellationToken);
        VmWorkView? work = await VmWork.FindAsync(client, id, cancellationToken);
        if (machine is not null || work is not null) return new OkObjectResult(new VmView(id, machine, work, silent));
        string correlationId = Correlation.Of(request.HttpContext);
        return silent.Count == 0
            ? Problem.NotFound($"There is no machine '{id}'.", correlationId)
            : Problem.Unreachable<VmFault>(
                $"Machine '{id}' may be on a host that does not answer: {string.Join(", ", silent)}.", [], correlationId,
                    request.HttpContext);
    }
}

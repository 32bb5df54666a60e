using Heal.Activities;
using Heal.Functions.Http;
using Heal.Healing;
using Heal.Workflows;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Machines;

/// <summary>
/// <c>DELETE /api/vms/{id}?force=&amp;keepVolumes=&amp;graceSeconds=</c>: the guest is shut down (with force: or destroyed), then
/// everything that the definition made is taken away. 202, 404 when there is nothing of this id, 409 when something else is being done to
/// it.
/// </summary>
internal sealed class DeleteVm(VmManager manager)
{
    [Function("RequestVmDeletion")]
    public async Task<IActionResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Function, "delete", Route = "vms/{id}")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        if (VmWork.RefuseId(id, request.HttpContext) is { } refusal) return refusal;
        (VmQuery? query, IActionResult? fault) = VmQuery.Read(request);
        if (query is null) return fault!;

        VmSearch found = await manager.SearchAsync(id);
        bool isUnderWay = (await VmWork.FindAsync(client, id, cancellationToken))?.RuntimeStatus is "Pending" or "Running" or "Suspended";
        if (found.Host is null && found.Volumes.Count == 0 && found.Silent.Count == 0 && !isUnderWay)
        {
            return Problem.NotFound($"There is no machine '{id}', and no volume of it.", Correlation.Of(request.HttpContext));
        }

        return await VmWork.StartAsync(
            client, VmOrchestrationNames.DeleteVm, id, new VmRemoval(id, query.Force, query.KeepVolumes, query.GraceSeconds),
            static _ => true, request.HttpContext, cancellationToken);
    }
}

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
/// <c>PUT /api/vms/{id}</c>: there shall be a machine as the body defines it. 200 when there is; 202 when it is being made, also for the
/// same request again; 409 with all objections when the hosts do not allow it or something else is being done; 422 with all faults of the
/// definition; 503 when a host that matters does not answer.
/// </summary>
internal sealed class PutVm(VmManager manager)
{
    [Function(nameof(PutVm))]
    public async Task<IActionResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Function, "put", Route = "vms/{id}")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        string correlationId = Correlation.Of(request.HttpContext);
        if (VmWork.RefuseId(id, request.HttpContext) is { } refusal) return refusal;
        BoundedBody body = await BoundedBody.ReadAsync(request, VmLimits.DocumentBytes, cancellationToken);
        if (body.Content is not { } content)
        {
            return Problem.TooLarge(VmLimits.DocumentBytes, "Put large files into an image or on a server.", correlationId);
        }

        VmReading reading = VmDefinitionReader.Read(content, id);
        if (reading.Definition is not { } definition)
        {
            string count = reading.Faults.Count == 1 ? "one fault" : $"{reading.Faults.Count} faults";
            return Problem.Unprocessable($"The definition has {count}.", reading.Faults, correlationId);
        }

        (VmBlueprint vm, IReadOnlyList<string> warnings) = manager.Normalise(definition);
        PlacementDecision decision = await manager.PlaceAsync(vm, cancellationToken);
        if (decision.MayPass)
        {
            return Problem.Unreachable("A host that matters does not answer.", decision.Objections, correlationId, request.HttpContext);
        }

        if (decision.Objections.Count > 0)
        {
            return Problem.Conflict("The machine cannot be made as things are.", decision.Objections, correlationId);
        }

        if (decision.AsWished)
        {
            (ManagedVm? machine, IReadOnlyList<string> silent) = await manager.FindAsync(id, cancellationToken);
            VmWorkView? work = await VmWork.FindAsync(client, id, cancellationToken);
            return new OkObjectResult(new VmView(id, machine, work, silent));
        }

        return await VmWork.StartAsync(
            client, VmOrchestrationNames.CreateVm, id, new VmCreation(vm, warnings),
            running => running.ReadInputAs<VmCreation>()?.Blueprint.Digest == vm.Digest, request.HttpContext, cancellationToken);
    }
}

using Heal.Activities;
using Heal.Functions.Http;
using Heal.Healing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;

namespace Heal.Functions.Machines;

/// <summary><c>POST /api/vms/validate?id=</c>: what would come of a definition: its faults, the hosts' objections, the chosen host and
/// libvirt's document. Changes nothing. The id stands in the query or in the body; where it stands in both, they must agree.</summary>
internal sealed class ValidateVm(VmManager manager)
{
    [Function(nameof(ValidateVm))]
    public async Task<IActionResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "vms/validate")] HttpRequest request, CancellationToken cancellationToken)
    {
        BoundedBody body = await BoundedBody.ReadAsync(request, VmLimits.DocumentBytes, cancellationToken);
        if (body.Content is not { } content)
        {
            return Problem.TooLarge(
                VmLimits.DocumentBytes, "Put large files into an image or on a server.", Correlation.Of(request.HttpContext));
        }

        string? id = request.Query["id"];
        VmReading reading = VmDefinitionReader.Read(content, id);
        if (reading.Definition is not { } definition)
        {
            return new OkObjectResult(new ValidationReply(false, reading.Faults, [], [], null, false, null));
        }

        (VmBlueprint vm, IReadOnlyList<string> warnings) = manager.Normalise(definition);
        PlacementDecision decision = await manager.PlaceAsync(vm, cancellationToken);
        string xml = await manager.PreviewAsync(vm, decision.Host, cancellationToken);
        return new OkObjectResult(new ValidationReply(
            decision.Objections.Count == 0, [], decision.Objections, [.. warnings, .. decision.Warnings], decision.Host,
                decision.Existing, xml));
    }

    /// <param name="Valid">A PUT of the same would be taken.</param>
    /// <param name="Exists">There is a machine of this id.</param>
    private sealed record ValidationReply(
        bool Valid, IReadOnlyList<VmFault> Faults, IReadOnlyList<VmFault> Objections, IReadOnlyList<string> Warnings, string? Host,
            bool Exists,
        string? Xml);
}

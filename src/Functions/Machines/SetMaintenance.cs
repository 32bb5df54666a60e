using Heal.Activities;
using Heal.Drivers.Libvirt;
using Heal.Functions.Http;
using Heal.Healing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;

namespace Heal.Functions.Machines;

/// <summary>
/// <c>PUT</c> and <c>DELETE /api/hosts/{host}/maintenance</c>: a person puts a libvirt host into maintenance, or ends it. The same actions
/// as a workflow would take, with their ledger and the kill switch. 200 with what is so then, 404, 409 with the reason.
/// </summary>
internal sealed class SetMaintenance(ActionCatalogue catalogue, ILibvirtHosts hosts)
{
    private const string Expected = """{"by": "ann", "reason": "new disks", "for": "2h"}""";

    private const int MaximumTextLength = 253;

    [Function("BeginMaintenance")]
    public async Task<IActionResult> BeginAsync(
        [HttpTrigger(AuthorizationLevel.Function, "put", Route = "hosts/{host}/maintenance")] HttpRequest request,
        string host,
        CancellationToken cancellationToken)
    {
        (Wish? wish, string? fault) = await JsonBody.ReadAsync<Wish>(request, Expected, cancellationToken);
        if (wish is null)
        {
            return Problem.Refused(fault!, Correlation.Of(request.HttpContext));
        }

        var values = new Dictionary<string, string>(StringComparer.Ordinal) { ["by"] = wish.By ?? "" };
        if (wish.Reason is { } reason)
        {
            values["reason"] = reason;
        }

        if (wish.For is { } span)
        {
            values["for"] = span;
        }

        // "by" is what evidence shows of it: nobody is no answer.
        return string.IsNullOrWhiteSpace(wish.By)
            ? Problem.Refused(
                $"The request does not say who wants it. Expected {Expected}.",
                [new AlertFault("$.by", "a name", "nothing")], Correlation.Of(request.HttpContext))
            : await RunAsync("host_maintenance_on", host, values, request.HttpContext, cancellationToken);
    }

    [Function("EndMaintenance")]
    public Task<IActionResult> EndAsync(
        [HttpTrigger(AuthorizationLevel.Function, "delete", Route = "hosts/{host}/maintenance")] HttpRequest request,
        string host,
        CancellationToken cancellationToken) => RunAsync("host_maintenance_off", host, [], request.HttpContext, cancellationToken);

    private async Task<IActionResult> RunAsync(
        string id, string host, Dictionary<string, string> values, HttpContext context, CancellationToken cancellationToken)
    {
        string correlationId = Correlation.Of(context);
        if (hosts.Find(host) is null)
        {
            string known = string.Join(", ", hosts.All.Select(item => item.Name).DefaultIfEmpty("none"));
            return Problem.NotFound($"No libvirt host '{SafeText.Line(host, 100)}' is configured. Known: {known}.", correlationId);
        }

        IRemedyAction action = catalogue.Find(id)!;
        List<AlertFault> faults =
        [
            .. ActionParameters.Check(action.Descriptor, values)
                .Select(item => new AlertFault($"$.{item.Name}", item.Fault, SafeText.Line(values[item.Name], MaximumTextLength))),
        ];
        if (faults.Count > 0)
        {
            return Problem.Refused($"The request cannot be used. Expected {Expected}.", faults, correlationId);
        }

        var target = new TargetReference(host, TargetKinds.Hypervisor, "", host);
        var run = new Healing.ActionRequest(
            $"{id}/{host}/{correlationId}", $"request-{correlationId}", id, target,
            ActionParameters.Complete(action.Descriptor, values), 0, "");
        Healing.ActionResult result = await action.RunAsync(run, cancellationToken);
        if (!result.IsApplied || !await StandsAsync(action, run, cancellationToken))
        {
            // Perhaps the ledger only told how an earlier request of the same correlation ended, and that is not so any more.
            result = await action.RunAsync(run with { Key = $"{run.Key}/{Guid.NewGuid():n}" }, cancellationToken);
        }

        return result.IsApplied
            ? new OkObjectResult(new Reply(correlationId, host, result.Detail))
            : Problem.Conflict(result.Detail, new[] { result.Detail }, correlationId);
    }

    private static async Task<bool> StandsAsync(IRemedyAction action, ActionRequest run, CancellationToken cancellationToken) =>
        (await action.LookAsync(run.Key, run.Target, cancellationToken)).Verdict == VerificationVerdict.Healthy;

    private sealed record Wish(string? By, string? Reason, string? For);

    private sealed record Reply(string CorrelationId, string Host, string Detail);
}

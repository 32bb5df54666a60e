using Heal.Activities;
using Heal.Drivers.Kubernetes;
using Heal.Functions.Http;
using Heal.Healing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Options;

namespace Heal.Functions.Actions;

/// <summary>
/// <c>POST /api/actions/{id}/dry-run</c>: what an action would change on a target as it is now, or why it would refuse. The same way as the
/// action itself takes, up to its writes, which are sent as dry runs; nothing is touched, and the ledger knows nothing of it.
/// </summary>
internal sealed class DryRunAction(ActionCatalogue catalogue, IOptionsMonitor<HealOptions> options)
{
    private const string Expected =
        """{"target": {"kind": "Deployment", "namespace": "shop", "name": "cart"}, "parameters": {"name": "value"}}""";

    private const int MaximumTextLength = 253;

    /// <summary>For all reading and rehearsing of one request.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(1);

    [Function(nameof(DryRunAction))]
    public async Task<IActionResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "actions/{id}/dry-run")] HttpRequest request,
        string id,
        CancellationToken cancellationToken)
    {
        string correlationId = Correlation.Of(request.HttpContext);
        if (catalogue.Find(id) is not { } action)
        {
            string known = string.Join(", ", catalogue.Descriptors.Select(descriptor => descriptor.Id).Order(StringComparer.Ordinal));
            return Problem.NotFound($"There is no action of this id. Known: {known}.", correlationId);
        }

        (DryRunRequest? asked, string? fault) = await JsonBody.ReadAsync<DryRunRequest>(request, Expected, cancellationToken);
        if (asked is null)
        {
            return Problem.Refused(fault!, correlationId);
        }

        Dictionary<string, string> parameters = asked.Parameters ?? [];
        List<AlertFault> faults =
        [
            .. Faults(action.Descriptor, asked.Target, options.CurrentValue.Cluster), .. Faults(action.Descriptor, parameters),
        ];
        if (faults.Count > 0)
        {
            return Problem.Refused($"The request cannot be rehearsed. Expected {Expected}.", faults, correlationId);
        }

        TargetPart part = asked.Target!;
        var target = new TargetReference(part.Cluster ?? options.CurrentValue.Cluster, part.Kind!, part.Namespace ?? "", part.Name!);
        var run = new ActionRequest(
            $"dry-run/{correlationId}", "dry-run", id, target, ActionParameters.Complete(action.Descriptor, parameters), 0, "")
        {
            DryRun = true,
        };
        return await RehearseAsync(action, run, correlationId, request.HttpContext, cancellationToken);
    }

    private static async Task<IActionResult> RehearseAsync(
        IRemedyAction action, ActionRequest run, string correlationId, HttpContext context, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Deadline);
        try
        {
            Healing.ActionResult result = await action.DryRunAsync(run, limit.Token);
            return new OkObjectResult(new DryRunReply(
                correlationId, run.ActionId, run.Target, run.Parameters, result.Status == ActionStatus.Rehearsed, result.Status,
                result.Detail));
        }
        catch (KubernetesUnreachableException away)
        {
            return Problem.Unavailable(SafeText.Line(away.Message, MaximumTextLength), correlationId, context);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Problem.Unavailable($"It took longer than {Deadline.TotalSeconds:0} s.", correlationId, context);
        }
    }

    private static IEnumerable<AlertFault> Faults(ActionDescriptor action, TargetPart? target, string ours)
    {
        if (target?.Kind is { } kind && !action.TargetKinds.Contains(kind))
        {
            yield return new AlertFault("$.target.kind", string.Join(", ", action.TargetKinds), SafeText.Line(kind, MaximumTextLength));
        }

        // What another cluster's target would answer cannot be had from ours. For what lives on a libvirt host it is the host's name.
        if (target is { Cluster: { } cluster, Kind: { } of } && !TargetKinds.IsOnHypervisor(of) && cluster != ours)
        {
            yield return new AlertFault(
                "$.target.cluster", $"'{ours}', which this healer looks after, or nothing", SafeText.Line(cluster, 100));
        }

        bool isNamespaced = target?.Kind is { } named && TargetKinds.IsNamespaced(named);
        foreach ((string path, string? text, bool isRequired) in new[]
        {
            ("$.target.kind", target?.Kind, true), ("$.target.name", target?.Name, true),
            ("$.target.namespace", target?.Namespace, isNamespaced), ("$.target.cluster", target?.Cluster, false),
        })
        {
            // The names go into paths of requests: only what Kubernetes and libvirt accept in names may pass.
            bool usable = text is null ? !isRequired
                : (text.Length > 0 || !isRequired) && text.Length <= MaximumTextLength
                    && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or ':');
            if (!usable)
            {
                yield return new AlertFault(path, $"1 to {MaximumTextLength} letters, digits, '-', '.', '_' or ':'",
                    text is null ? "nothing" : SafeText.Line(text, 100));
            }
        }
    }

    private static IEnumerable<AlertFault> Faults(ActionDescriptor action, Dictionary<string, string> parameters)
    {
        foreach ((string name, string fault) in ActionParameters.Check(action, parameters))
        {
            string[] parts = fault.Split(", got ", 2);
            string expected = parts[0].StartsWith("expected ", StringComparison.Ordinal) ? parts[0]["expected ".Length..] : parts[0];
            yield return new AlertFault(
                $"$.parameters.{SafeText.Line(name, 100)}", expected, parts.Length > 1 ? parts[1] : "something else");
        }
    }

    private sealed record DryRunRequest(TargetPart? Target, Dictionary<string, string>? Parameters);

    private sealed record TargetPart(string? Cluster, string? Kind, string? Namespace, string? Name);

    /// <param name="WouldAct">True when the cluster would take it now.</param>
    /// <param name="Detail">What would change, or why not.</param>
    private sealed record DryRunReply(
        string CorrelationId, string Action, TargetReference Target, IReadOnlyDictionary<string, string> Parameters, bool WouldAct,
        ActionStatus Status, string Detail);
}

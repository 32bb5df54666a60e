using System.Diagnostics;
using Heal.Functions.Alerts;
using Heal.Functions.Http;
using Heal.Healing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Workflows;

/// <summary>
/// <c>POST /api/workflows/{name}</c>: a person starts a workflow on a target. It takes the same way as an alert, so a target that has an
/// open incident gets no second one.
/// </summary>
internal sealed class StartWorkflow(SignalIntake intake, WorkflowCatalogue catalogue, TimeProvider time)
{
    private const string Expected =
        """{"target": {"kind": "Deployment", "namespace": "shop", "name": "cart"}, "requestId": "optional, same id = same request"}""";

    private const int MaximumTextLength = 253;

    [Function(nameof(StartWorkflow))]
    public async Task<IActionResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "workflows/{name}")] HttpRequest request,
        string name,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellationToken)
    {
        string correlationId = Correlation.Of(request.HttpContext);
        if (catalogue.Named(name) is not { } workflow)
        {
            string known = string.Join(", ", catalogue.Definitions.Select(definition => definition.Name));
            return Problem.NotFound($"There is no workflow of this name. Known: {known}.", correlationId);
        }

        (StartRequest? start, string? fault) = await JsonBody.ReadAsync<StartRequest>(request, Expected, cancellationToken);
        if (start is null)
        {
            return Problem.Refused(fault!, correlationId);
        }

        List<AlertFault> faults = Faults(start);
        if (faults.Count > 0)
        {
            return Problem.Refused($"The request names no usable target. Expected {Expected}.", faults, correlationId);
        }

        TargetRequest target = start.Target!;
        var candidate = new TargetCandidate(target.Kind!, target.Namespace ?? "", target.Name!) { Host = target.Host };
        Signal signal = Signal.Manual(workflow.Name, candidate, start.RequestId ?? correlationId, time.GetUtcNow(), Activity.Current?.Id);
        try
        {
            IReadOnlyList<StoredSignal> stored = await intake.StoreAsync(client, [signal], cancellationToken);
            return new AcceptedResult((string?)null, new StartReply(correlationId, workflow.Name, workflow.Version, stored[0]));
        }
        catch (IntakeUnavailableException unavailable)
        {
            return Problem.Unavailable(unavailable.Message, correlationId, request.HttpContext);
        }
    }

    private static List<AlertFault> Faults(StartRequest start)
    {
        TargetRequest? target = start.Target;
        var faults = new List<AlertFault>();
        Check("$.target.kind", target?.Kind, isRequired: true);
        Check("$.target.name", target?.Name, isRequired: true);
        Check("$.target.namespace", target?.Namespace, isRequired: target?.Kind is { } kind && TargetKinds.IsNamespaced(kind));
        Check("$.target.host", target?.Host, isRequired: false);
        Check("$.requestId", start.RequestId, isRequired: false);
        return faults;

        void Check(string path, string? text, bool isRequired)
        {
            bool usable = text is null ? !isRequired : text.Length is > 0 and <= MaximumTextLength && !text.Any(char.IsControl);
            if (!usable)
            {
                faults.Add(new AlertFault(
                    path, $"1 to {MaximumTextLength} printable characters", text is null ? "nothing" : "something else"));
            }
        }
    }

    private sealed record StartRequest(TargetRequest? Target, string? RequestId);

    private sealed record TargetRequest(string? Kind, string? Namespace, string? Name, string? Host = null);

    private sealed record StartReply(string CorrelationId, string Workflow, string Version, StoredSignal Signal);
}

using Heal.Activities;
using Heal.Drivers.Kubernetes;
using Heal.Functions.Http;
using Heal.Healing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;

namespace Heal.Functions.Machines;

/// <summary>
/// <c>GET /api/layers</c>: which domain each node of the cluster is, as it was last found; and <c>GET /api/layers/{node}</c>: the same of
/// one node, with how its domain, host and pools do now. Reads only.
/// </summary>
internal sealed class GetLayers(Layers layers)
{
    private const int LongestName = 253;

    [Function("ListLayers")]
    public Task<IActionResult> ListAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "layers")] HttpRequest request, CancellationToken cancellationToken) =>
        AskAsync(request.HttpContext, async () => new OkObjectResult(await layers.AllAsync(cancellationToken)));

    [Function("GetLayers")]
    public Task<IActionResult> GetAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "layers/{node}")] HttpRequest request,
        string node,
        CancellationToken cancellationToken)
    {
        string correlationId = Correlation.Of(request.HttpContext);
        return IsName(node)
            ? AskAsync(request.HttpContext, async () => await layers.OfNodeAsync(node, cancellationToken) is { } found
                ? new OkObjectResult(found) : Problem.NotFound($"The cluster has no node '{node}'.", correlationId))
            : Task.FromResult(Problem.Refused(
                $"'{SafeText.Line(node, LongestName)}' is no name of a node: expected letters, digits, dots and hyphens.", correlationId));
    }

    private async Task<IActionResult> AskAsync(HttpContext context, Func<Task<IActionResult>> ask)
    {
        string correlationId = Correlation.Of(context);
        if (!layers.IsOn)
        {
            return Problem.NotFound(
                "Nodes and virtual machines are not tied here: that needs a cluster, libvirt hosts (Heal:Libvirt:Hosts) and "
                + "Heal:Layers:Enabled.", correlationId);
        }

        try
        {
            return await ask();
        }
        catch (Exception e) when (e is KubernetesUnreachableException or KubernetesApiException)
        {
            return Problem.Unreachable<AlertFault>(
                $"The cluster could not be asked: {SafeText.Line(e.Message, EvidenceLimits.MessageLength)}", [], correlationId, context);
        }
    }

    // It goes into the path of a request.
    private static bool IsName(string node) =>
        node.Length is > 0 and <= LongestName && char.IsAsciiLetterOrDigit(node[0])
        && node.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.');
}

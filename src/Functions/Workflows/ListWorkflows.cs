using Heal.Healing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;

namespace Heal.Functions.Workflows;

/// <summary><c>GET /api/workflows</c>: the definitions that are in force.</summary>
internal sealed class ListWorkflows(WorkflowCatalogue catalogue)
{
    [Function(nameof(ListWorkflows))]
    public IActionResult Run([HttpTrigger(AuthorizationLevel.Function, "get", Route = "workflows")] HttpRequest request) =>
        new OkObjectResult(catalogue.Definitions);
}

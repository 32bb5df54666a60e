using System.Text.Json.Nodes;
using Heal.Activities;
using Heal.Healing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;

namespace Heal.Functions.Actions;

/// <summary><c>GET /api/actions</c>: what this program can do, with the schema of each action's parameters.</summary>
internal sealed class ListActions(ActionCatalogue catalogue)
{
    [Function(nameof(ListActions))]
    public IActionResult Run([HttpTrigger(AuthorizationLevel.Function, "get", Route = "actions")] HttpRequest request) =>
        new OkObjectResult(catalogue.Descriptors.OrderBy(action => action.Id, StringComparer.Ordinal).Select(ActionView.Of));
}

/// <param name="Parameters">Their JSON schema.</param>
/// <param name="Inverse">Null: it cannot be undone.</param>
/// <param name="TimeLimit">The parameter after whose time the inverse comes by itself; null: the effect stays.</param>
/// <param name="SettledBy">What comes then instead of the inverse; null: the inverse.</param>
/// <param name="LeavesFault">It keeps the fault from doing more harm; people are called for the rest.</param>
internal sealed record ActionView(
    string Id, string Summary, RiskClass Risk, IReadOnlyList<string> TargetKinds, IReadOnlyList<string> Causes, JsonObject Parameters,
    string Precondition, string EffectCheck, TimeSpan EffectWithin, string? Inverse, string? TimeLimit, string? SettledBy,
    bool LeavesFault, IReadOnlyList<PermissionRule> Permissions)
{
    public static ActionView Of(ActionDescriptor action) => new(
        action.Id, action.Summary, action.Risk, action.TargetKinds, action.Causes, ActionParameters.Schema(action), action.Precondition,
        action.EffectCheck, action.EffectWithin, action.Inverse, action.TimeLimit, action.SettledBy,
        action.LeavesFault, action.Permissions);
}

using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Puts the pod template of the last healthy ReplicaSet back into a Deployment. Its inverse rolls forward to the template that was there.
/// Hurts when the older version cannot work with data that the newer one has changed: then let people approve it.
/// </summary>
internal sealed class RollbackDeployment(IKubernetesClient client, IHealStore store, ISafetySwitch safety, TimeProvider time)
    : IRemedyAction
{
    public const string Id = "rollback_deployment";
    public const string InverseId = "roll_forward";
    private const string MinimumServed = "minimumServed";

    private static readonly ActionDescriptor Described = new(
        Id,
        RiskClass.R2,
        [
            Causes.CrashAfterTemplateChange, Causes.ImagePullAfterTemplateChange, Causes.MissingObjectAfterTemplateChange,
            Causes.OutOfMemoryAfterTemplateChange, Causes.RolloutStuckAfterTemplateChange,
        ],
        [TargetKinds.Deployment],
        [new ActionParameter(MinimumServed, ParameterKind.Duration, "30s", "0s", "24h",
            "How long a revision must have served when nothing else proves that it was healthy.")],
        "The newest revision is rolled out, an earlier one was healthy, nobody else manages or paused the Deployment, "
            + "and it is as diagnosed.",
        "The Deployment carries the operation's key and the older template, and its controller has observed them.",
        InverseId,
        [
            new PermissionRule("apps", "deployments", ["get", "patch"]),
            new PermissionRule("apps", "replicasets", ["list"]),
        ]);

    private readonly TemplateReplacement _replacement = new(client, store, safety, time, Described.BeginsWithin);

    public ActionDescriptor Descriptor => Described;

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters)
    {
        if (evidence.Workload is not { } workload) return "the Deployment was not seen";
        var verdict = RollbackPolicy.Judge(workload, evidence.Revisions, Duration.Parse(parameters[MinimumServed]));
        return verdict.Revision is null ? verdict.Reason : null;
    }

    public Task<ActionResult> RunAsync(ActionRequest request, CancellationToken cancellationToken) =>
        Permissions.GuardAsync(Id, request.Key, () => RollBackAsync(request, cancellationToken));

    public Task<ActionResult> DryRunAsync(ActionRequest request, CancellationToken cancellationToken) =>
        Permissions.GuardAsync(Id, request.Key, async () =>
        {
            var (pre, live, refused) = await ProposeAsync(request, cancellationToken);
            if (pre is null) return refused!;
            if (await _replacement.RehearseAsync(request.Key, pre, live!, request.Target, cancellationToken) is { } refusal)
            {
                return new ActionResult(request.Key, ActionStatus.Refused, refusal);
            }

            var (differences, omitted) = TemplateDiff.Compare(pre.Template, pre.Desired);
            var lines = differences.Select(item => $"{item.Path}: {item.Old ?? "nothing"} -> {item.New ?? "nothing"}");
            var more = omitted > 0 ? $" and {omitted} more" : "";
            return new ActionResult(request.Key, ActionStatus.Rehearsed,
                SafeText.Line($"to {pre.Revision}; would change {string.Join("; ", lines)}{more}", EvidenceLimits.MessageLength));
        });

    public async Task<EffectLook> LookAsync(string key, TargetReference target, CancellationToken cancellationToken)
    {
        var live = await client.TryGetAsync<Deployment>(target.Namespace, target.Name, cancellationToken);
        if (live is null) return new EffectLook(VerificationVerdict.Superseded, $"{target} is gone");
        return await store.FindOperationAsync(key, cancellationToken) is { } row && IsOurs(row, TemplatePreImage.From(row), live)
            ? new EffectLook(VerificationVerdict.Healthy, "the template is in place")
            : new EffectLook(VerificationVerdict.Superseded, $"{TemplateReplacement.Who(live)} changed {target}");
    }

    public Task<ActionResult> UndoAsync(UndoRequest request, CancellationToken cancellationToken) =>
        Permissions.GuardAsync(Id, request.Key, () => RollForwardAsync(request, cancellationToken), ActionStatus.Failed);

    private async Task<ActionResult> RollBackAsync(ActionRequest request, CancellationToken cancellationToken)
    {
        var known = await store.FindOperationAsync(request.Key, cancellationToken);
        if (known is not null)
        {
            return Permissions.Foreign(known, Id) ?? await _replacement.RunAsync(known, request.Target, cancellationToken);
        }

        var (pre, _, refused) = await ProposeAsync(request, cancellationToken);
        if (pre is null) return refused!;
        var operation = await store.IntendUnlessBusyAsync(
            Intent(request.Key, request.IncidentId, request.Target, pre, undoes: null), time.GetUtcNow() - RecipeAction.BusyFor,
            cancellationToken);
        return operation.Key == request.Key
            ? await _replacement.RunAsync(operation, request.Target, cancellationToken)
            : new ActionResult(request.Key, ActionStatus.Busy,
                $"operation {operation.Key} ({operation.ActionId}) on {request.Target} is under way since {operation.IntendedAt:u}");
    }

    private async Task<(TemplatePreImage? Pre, Deployment? Live, ActionResult? Refused)> ProposeAsync(
        ActionRequest request, CancellationToken cancellationToken)
    {
        if (safety.Objection() is { } objection) return Refuse(ActionStatus.Blocked, objection);
        var live = await client.TryGetAsync<Deployment>(request.Target.Namespace, request.Target.Name, cancellationToken);
        if (live is null) return Refuse(ActionStatus.TargetGone, $"{request.Target} is gone");

        var removed = await RemovedTemplates.OfAsync(store, request.Target, time.GetUtcNow(), cancellationToken);
        var facts = await DeploymentFacts.ReadAsync(client, live, removed, cancellationToken);
        if (Changed(request, facts) is { } changed) return Refuse(ActionStatus.ChangedByOther, changed);

        var verdict = RollbackPolicy.Judge(facts.Workload, facts.Revisions, Duration.Parse(request.Parameters[MinimumServed]));
        return verdict.Revision is { } revision && facts.Set(revision)?.Spec?.Template is { } template
            ? (PreImage(live, PodTemplates.Normalise(template), revision.Name), live, null)
            : Refuse(ActionStatus.Refused, verdict.Reason);

        (TemplatePreImage?, Deployment?, ActionResult?) Refuse(ActionStatus status, string detail) =>
            (null, null, new ActionResult(request.Key, status, detail));
    }

    private async Task<ActionResult> RollForwardAsync(UndoRequest request, CancellationToken cancellationToken)
    {
        var known = await store.FindOperationAsync(request.Key, cancellationToken);
        if (known is not null) return await _replacement.RunAsync(known, request.Target, cancellationToken);

        var undone = await store.FindOperationAsync(request.UndoneKey, cancellationToken);
        if (undone is null || undone.State == OperationState.Abandoned || undone.ActionId != Id)
        {
            return new ActionResult(
                request.Key, ActionStatus.Refused, $"operation {request.UndoneKey} had no effect: there is nothing to undo");
        }

        if (safety.Objection() is { } objection) return new ActionResult(request.Key, ActionStatus.Blocked, objection);
        var live = await client.TryGetAsync<Deployment>(request.Target.Namespace, request.Target.Name, cancellationToken);
        if (live is null) return new ActionResult(request.Key, ActionStatus.TargetGone, $"{request.Target} is gone");

        var before = TemplatePreImage.From(undone);
        if (!IsOurs(undone, before, live))
        {
            return new ActionResult(request.Key, ActionStatus.ChangedByOther,
                $"{TemplateReplacement.Who(live)} changed {request.Target} after {request.UndoneKey}");
        }

        var pre = PreImage(live, before.Template, "the template before the rollback");
        var operation = await store.IntendAsync(
            Intent(request.Key, request.IncidentId, request.Target, pre, request.UndoneKey), cancellationToken);
        return await _replacement.RunAsync(operation, request.Target, cancellationToken);
    }

    // The template is what was diagnosed. A generation that moved with the template unchanged is a scaling, which is no obstacle.
    private static string? Changed(ActionRequest request, DeploymentFacts facts)
    {
        var workload = facts.Workload;
        if (workload.Generation == request.ExpectedGeneration || workload.TemplateHash == request.ExpectedTemplateHash) return null;
        return $"{TemplateReplacement.Who(facts.Deployment)} changed {request.Target} after it was diagnosed "
            + $"(generation {request.ExpectedGeneration} to {workload.Generation})";
    }

    private static bool IsOurs(Operation undone, TemplatePreImage before, Deployment live)
    {
        if (TemplateReplacement.Read(undone.Key, before, live) != Trace.Applied) return false;
        return TemplatePostImage.From(undone) is not { } post || post.TemplateHash == DeploymentFacts.TemplateHash(live);
    }

    private static TemplatePreImage PreImage(Deployment live, JsonObject desired, string revision)
    {
        var template = live.Spec?.Template?.DeepClone().AsObject() ?? new JsonObject();
        return new TemplatePreImage(
            live.Metadata.Uid ?? "", live.Metadata.Generation ?? 0, PodTemplates.Hash(template), template,
            PodTemplates.Hash(desired), desired, revision);
    }

    private Operation Intent(string key, string incidentId, TargetReference target, TemplatePreImage pre, string? undoes) => new(
        key, incidentId, undoes is null ? Id : InverseId, target.Key, undoes, OperationState.Intended, pre.ToJson(), null,
        undoes is null ? pre.TemplateHash : null, null, null, time.GetUtcNow());
}

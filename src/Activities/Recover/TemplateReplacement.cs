using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Replaces a Deployment's pod template, once, for an operation whose intent is in the ledger. Safe to call again after a kill at any line:
/// each round reads the target and then the ledger, and the write is refused by the server when the target changed after that reading. An
/// inverse that meets what may pass is left as it is, and goes on from there when it is asked for again.
/// </summary>
/// <param name="beginsWithin">How long after its intent an operation may begin that is no inverse.</param>
internal sealed class TemplateReplacement(
    IKubernetesClient client, IHealStore store, ISafetySwitch safety, TimeProvider time, TimeSpan beginsWithin)
{
    /// <summary>Rounds against writers that keep changing the object; each costs two reads and a write.</summary>
    public const int MaxConflicts = 5;

    /// <summary>How long to wait for the controller to see the new generation; verification goes on waiting after that.</summary>
    public static readonly TimeSpan ObserveTimeout = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan ObserveEvery = TimeSpan.FromMilliseconds(250);

    public async Task<ActionResult> RunAsync(Operation operation, TargetReference target, CancellationToken cancellationToken)
    {
        var pre = TemplatePreImage.From(operation);
        for (var round = 0; round < MaxConflicts; round++)
        {
            var live = await client.TryGetAsync<Deployment>(target.Namespace, target.Name, cancellationToken);

            // After the read: whoever finished or undid the operation since then has changed the resourceVersion that the write tests.
            var row = await store.FindOperationAsync(operation.Key, cancellationToken) ?? operation;
            if (row.State != OperationState.Intended) return Told(row);
            if (live is null) return await StopAsync(operation, ActionStatus.TargetGone, $"{target} is gone", cancellationToken);

            switch (Read(operation.Key, pre, live))
            {
                case Trace.Applied:
                    return await ConfirmAsync(operation, pre, live, target, cancellationToken);
                case Trace.DoneByOther:
                    return await StopAsync(
                        operation, ActionStatus.ChangedByOther, $"{Who(live)} put {pre.Revision} in place meanwhile", cancellationToken);
                case Trace.ChangedByOther:
                    return await StopAsync(
                        operation, ActionStatus.ChangedByOther, $"{Who(live)} changed {target} meanwhile", cancellationToken);
            }

            if (safety.Objection() is { } objection) return await StopAsync(
                operation, ActionStatus.Blocked, objection, cancellationToken);
            if (operation.Undoes is null && time.GetUtcNow() - operation.IntendedAt >= beginsWithin)
            {
                return await StopAsync(operation, ActionStatus.Refused, StepRunner.Stale(operation), cancellationToken);
            }

            try
            {
                if (await WriteAsync(operation, pre, live, target, cancellationToken) is { } refused)
                {
                    return await StopAsync(operation, ActionStatus.Failed, refused, cancellationToken);
                }
            }
            catch (KubernetesForbiddenException e) when (e.Missing is not null)
            {
                var missing = Permissions.Describe(e, operation.ActionId);
                return await StopAsync(operation, ActionStatus.NotPermitted, missing, cancellationToken);
            }
        }

        return await StopAsync(operation, ActionStatus.Failed,
            $"{target} was changed by others in each of {MaxConflicts} attempts to write", cancellationToken);
    }

    /// <summary>Sends the write as a dry run.</summary>
    /// <returns>Why the server would not take it; null when it would.</returns>
    public async Task<string?> RehearseAsync(
        string key, TemplatePreImage pre, Deployment live, TargetReference target, CancellationToken cancellationToken)
    {
        try
        {
            var options = new WriteOptions { FieldManager = KubernetesNames.FieldManager, DryRun = true };
            await client.PatchAsync<Deployment>(target.Namespace, target.Name, Patch(key, pre, live), options, cancellationToken);
            return null;
        }
        catch (KubernetesApiException e) when (e.IsFinal && (int)e.StatusCode != 403)
        {
            return SafeText.Line(e.Message, EvidenceLimits.MessageLength);
        }
    }

    /// <summary>The answer that a finished operation has given.</summary>
    public static ActionResult Told(Operation operation)
    {
        var post = TemplatePostImage.From(operation);
        return new ActionResult(operation.Key, operation.Status ?? ActionStatus.Failed, operation.Detail
            ?? "", post?.Generation, post?.TemplateHash) { IsFinal = operation.State != OperationState.Intended };
    }

    /// <summary>What the live object shows of an operation.</summary>
    public static Trace Read(string key, TemplatePreImage pre, Deployment live) => TraceReader.Read(
        key, pre, live.Metadata.Uid ?? "", live.Metadata.Generation
            ?? 0, DeploymentFacts.TemplateHash(live), live.Metadata.Annotation(KubernetesNames.Operation));

    /// <summary>Who wrote the template last, for the record.</summary>
    public static string Who(Deployment live) => FieldManagers.OfTemplate(live.Metadata) is { } name ? $"'{name}'" : "somebody";

    // Null when the server took the write or said that the object has changed; the next round tells which, and whose it is.
    private async Task<string?> WriteAsync(
        Operation operation, TemplatePreImage pre, Deployment live, TargetReference target, CancellationToken cancellationToken)
    {
        try
        {
            await client.PatchAsync<Deployment>(
                target.Namespace, target.Name, Patch(operation.Key, pre, live),
                    new WriteOptions { FieldManager = KubernetesNames.FieldManager }, cancellationToken);
            return null;
        }
        catch (Exception e) when (e is KubernetesConflictException or KubernetesNotFoundException)
        {
            return null;
        }
        catch (KubernetesForbiddenException e) when (e.Missing is not null)
        {
            throw;
        }
        catch (KubernetesApiException e) when (e.IsFinal)
        {
            // A failed test of a JSON patch is answered as an invalid request: only an object that did not change proves a real refusal.
            var now = await client.TryGetAsync<Deployment>(target.Namespace, target.Name, cancellationToken);
            var moved = now?.Metadata.ResourceVersion != live.Metadata.ResourceVersion;
            return moved ? null : SafeText.Line(e.Message, EvidenceLimits.MessageLength);
        }
    }

    private static Patch Patch(string key, TemplatePreImage pre, Deployment live)
    {
        var operations = new List<JsonPatchOperation>
        {
            JsonPatchOperation.Test("/metadata/resourceVersion", JsonValue.Create(live.Metadata.ResourceVersion)),
            JsonPatchOperation.Replace("/spec/template", pre.Desired.DeepClone()),
        };
        if (live.Metadata.Annotations is null) operations.Add(JsonPatchOperation.Add("/metadata/annotations", new JsonObject()));
        operations.Add(JsonPatchOperation.Add(
            JsonPatchOperation.PathTo("metadata", "annotations", KubernetesNames.Operation), JsonValue.Create(key)));
        return Drivers.Kubernetes.Patch.Json(operations);
    }

    private async Task<ActionResult> ConfirmAsync(
        Operation operation, TemplatePreImage pre, Deployment live, TargetReference target, CancellationToken cancellationToken)
    {
        var generation = live.Metadata.Generation ?? 0;
        var hash = DeploymentFacts.TemplateHash(live);
        var observed = await ObserveAsync(live, target, cancellationToken);
        var detail = string.Create(CultureInfo.InvariantCulture,
            $"template of {pre.Revision} in place, generation {generation}{(observed ? ", rollout observed" : "")}");
        var end = new OperationEnd(
            OperationState.Confirmed, ActionStatus.Applied, detail, new TemplatePostImage(generation, hash, observed).ToJson());
        return Told(await store.FinishAsync(operation.Key, end, time.GetUtcNow(), cancellationToken));
    }

    private async Task<bool> ObserveAsync(Deployment live, TargetReference target, CancellationToken cancellationToken)
    {
        var (wanted, start) = (live.Metadata.Generation ?? 0, time.GetTimestamp());
        for (Deployment? seen = live; seen is not null; seen = await client.TryGetAsync<Deployment>(
            target.Namespace, target.Name, cancellationToken))
        {
            if (seen.Status?.ObservedGeneration >= wanted) return true;
            if (time.GetElapsedTime(start) >= ObserveTimeout) return false;
            await Task.Delay(ObserveEvery, time, cancellationToken);
        }

        return false;
    }

    private async Task<ActionResult> StopAsync(
        Operation operation, ActionStatus status, string detail, CancellationToken cancellationToken) =>
        operation.Undoes is not null && status.MayPass()
            ? new ActionResult(operation.Key, status, detail)
            : Told(await store.FinishAsync(
                operation.Key, new OperationEnd(OperationState.Abandoned, status, detail), time.GetUtcNow(), cancellationToken));
}

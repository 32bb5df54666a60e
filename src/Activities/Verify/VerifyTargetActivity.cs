using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using Microsoft.DurableTask;
using ListOptions = Heal.Drivers.Kubernetes.ListOptions;

namespace Heal.Activities;

/// <summary>Looks once at a target after an action and compares it with the contract. Reads only.</summary>
[DurableTask(ActivityNames.VerifyTarget)]
internal sealed class VerifyTargetActivity(IKubernetesClient client, ActionCatalogue actions, TimeProvider time)
    : TaskActivity<VerifyRequest, VerificationLook>
{
    public override async Task<VerificationLook> RunAsync(TaskActivityContext context, VerifyRequest? input)
    {
        var contract = input!.Contract;

        // What only keeps the fault from doing more harm cannot be judged by the health of its target: that is as bad as before.
        if (actions.Find(input.ActionId) is { } action
            && (contract.Target.Kind != TargetKinds.Deployment || action.Descriptor.LeavesFault))
        {
            var look = await action.LookAsync(contract.OperationKey, contract.Target, CancellationToken.None);
            return new VerificationLook(look.Verdict, look.Detail, 0);
        }

        var seen = await ObserveAsync(contract.Target, CancellationToken.None);
        return VerificationPolicy.Judge(contract, seen, input.RestartsBefore);
    }

    private async Task<VerificationObservation> ObserveAsync(TargetReference target, CancellationToken cancellationToken)
    {
        var deployment = await client.TryGetAsync<Deployment>(target.Namespace, target.Name, cancellationToken);
        if (deployment is null) return new VerificationObservation(false, 0, 0, 0, 0, 0, 0, null, "", null, 0, [], 0, []);

        var facts = await DeploymentFacts.ReadAsync(client, deployment, [], cancellationToken);
        var current = facts.Revisions.FirstOrDefault(revision => revision.TemplateHash == facts.Workload.TemplateHash);
        var options = new ListOptions { LabelSelector = deployment.Spec?.Selector?.ToString() };
        var pods = await client.ListAsync<Pod>(target.Namespace, options, cancellationToken);
        IReadOnlyList<PodEvidence> own =
        [
            .. PodReader.Describe(pods.Items.Where(pod => current is not null && pod.Metadata.ControllerOwner()?.Uid == current.Uid))
                .Where(pod => !pod.Terminating),
        ];
        var troubled = Troubles.Of(own, time.GetUtcNow());
        return new VerificationObservation(
            true,
            facts.Workload.Generation,
            facts.Workload.ObservedGeneration,
            facts.Workload.DesiredReplicas,
            facts.Workload.UpdatedReplicas,
            facts.Workload.ReadyReplicas,
            deployment.Status?.Replicas ?? 0,
            deployment.Metadata.Annotation(KubernetesNames.Operation),
            facts.Workload.TemplateHash,
            facts.Workload.LastChangedBy,
            own.Count,
            troubled,
            own.Sum(pod => pod.Containers.Sum(container => container.Restarts)),
            await Neighbours.UnreadyAsync(client, target, cancellationToken));
    }
}

using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Restarts all pods of a workload, a few at a time, by a note in its template. Its inverse takes the note out again.</summary>
internal sealed class RolloutRestart : IRecipe
{
    /// <summary>What kubectl writes for the same purpose: every tool that compares templates knows to pass it over.</summary>
    public const string Note = "kubectl.kubernetes.io/restartedAt";

    public ActionDescriptor Descriptor { get; } = new(
        "rollout_restart",
        RiskClass.R2,
        [Causes.MemoryGrowing, Causes.ConfigChangedInPlace],
        [TargetKinds.Deployment, TargetKinds.StatefulSet, TargetKinds.DaemonSet],
        [],
        "No rollout is under way or paused, and pods stay while others restart: its strategy stops fewer than there are, or starts new "
            + "ones first.",
        "The controller has observed the note, and all pods are of the new revision and ready.",
        "rollout_restart_undo",
        Rules.ChangeWorkloads("deployments", "statefulsets", "daemonsets"))
    {
        Summary = "Restarts all pods of a workload, a few at a time.",
        EffectWithin = TimeSpan.FromMinutes(10),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => evidence.Workload switch
    {
        { Owner: { } owner } => $"it belongs to {owner.Tool} ({owner.Proof})",
        { Paused: true } => "the rollout is paused, which is somebody's intent",
        _ => null,
    };

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var live = await tools.ReadAsync(request.Target, cancellationToken);
        if (live is null) return Proposal.Gone(request.Target);
        if (PatchEffect.OwnerOf(live) is { } owner) return Proposal.Refuse($"it belongs to {owner.Tool} ({owner.Proof}): restart it there");
        if (live.IsTrue("spec", "paused")) return Proposal.Refuse("the rollout is paused, which is somebody's intent");
        if (Workloads.Desired(live) == 0) return Proposal.Refuse("it wants no replicas");
        if (InProgress(live) is { } why) return Proposal.Refuse($"a rollout is under way: {why}");
        if (live.Text("spec", "updateStrategy", "type") == "OnDelete")
        {
            return Proposal.Refuse("its strategy is OnDelete: it restarts no pod by itself");
        }

        var desired = Workloads.Desired(live);
        if (MayMiss(live) == desired)
        {
            return Proposal.Refuse(desired == 1
                ? "it has one pod, and its strategy stops that before it starts another"
                : Workloads.Invariant($"its strategy may stop all of its {desired} pods before others are ready"));
        }

        var at = tools.Time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return Proposal.Act($"restarts {request.Target}", PatchEffect.On(ActionTools.AddressOf(request.Target), live,
            FieldChange.Of(live, at, "spec", "template", "metadata", "annotations", Note)));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return EffectCheck.NotYet($"{target} is gone");
        return Workloads.Unfinished(live) is { } why ? EffectCheck.NotYet(why) : EffectCheck.Yes("all pods are fresh and ready");
    }

    // Pods that are not ready are no rollout: they may be just what the restart is for.
    private static string? InProgress(JsonObject live)
    {
        if ((live.Whole("status", "observedGeneration") ?? 0) < (live.Whole("metadata", "generation") ?? 0))
        {
            return "its controller has not seen the newest change";
        }

        var desired = Workloads.Desired(live);
        var updated = live.Whole("status", live.Text("kind") == TargetKinds.DaemonSet ? "updatedNumberScheduled" : "updatedReplicas") ?? 0;
        return updated < desired ? Workloads.Invariant($"{updated} of {desired} replicas are of the newest revision") : null;
    }

    /// <summary>How many pods a workload's strategy may stop before others are ready in their place, as its controller reads it.</summary>
    internal static int MayMiss(JsonObject live)
    {
        var desired = Workloads.Desired(live);
        if (live.Text("kind") != TargetKinds.Deployment)
        {
            var most = live.Scalar("spec", "updateStrategy", "rollingUpdate", "maxUnavailable") ?? "1";
            return Math.Min(desired, Pods(most, desired, Math.Ceiling));
        }

        if (live.Text("spec", "strategy", "type") == "Recreate") return desired;
        var missing = Pods(live.Scalar("spec", "strategy", "rollingUpdate", "maxUnavailable") ?? "25%", desired, Math.Floor);
        var surplus = Pods(live.Scalar("spec", "strategy", "rollingUpdate", "maxSurge") ?? "25%", desired, Math.Ceiling);

        // Where both come to nothing no rollout would ever begin: the controller takes one pod then.
        return missing == 0 && surplus == 0 ? Math.Min(desired, 1) : Math.Min(desired, missing);
    }

    private static int Pods(string amount, int desired, Func<decimal, decimal> round)
    {
        var isShare = amount.EndsWith('%');
        if (!int.TryParse(isShare ? amount[..^1] : amount, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return desired;
        return isShare ? (int)round(desired * (decimal)number / 100) : number;
    }
}

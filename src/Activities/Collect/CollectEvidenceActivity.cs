using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>
/// Looks at a target in its realm, keeps the whole bundle in the store, and hands on its digest with a reference to it. Reads only. What
/// one part
/// refuses becomes a gap of the bundle; when a cluster gives no answer at all the activity fails, and its caller tries again later.
/// </summary>
[DurableTask(ActivityNames.CollectEvidence)]
internal sealed class CollectEvidenceActivity(TargetRealms realms, EvidenceKeeper keeper) : TaskActivity<CollectRequest, EvidenceBundle>
{
    public override async Task<EvidenceBundle> RunAsync(TaskActivityContext context, CollectRequest? input)
    {
        if (input!.IncidentId is not { } incident) return (await realms.CollectAsync(input.Target)).Digest();
        var (whole, reference) = await keeper.KeepAsync(input.Target, incident, Math.Max(1, input.Step), CancellationToken.None);
        return whole.Digest() with { Stored = reference };
    }
}

using Heal.Healing;
using Microsoft.DurableTask;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>
/// Looks at a target in its realm, keeps the whole bundle in the store, and hands on its digest with a reference to it. Reads only. What
/// one part
/// refuses becomes a gap of the bundle; when a cluster gives no answer at all the activity fails, and its caller tries again later.
/// </summary>
[DurableTask(ActivityNames.CollectEvidence)]
internal sealed class CollectEvidenceActivity(
    TargetRealms realms, IEvidenceStore kept, IOptionsMonitor<HealOptions> options) : TaskActivity<CollectRequest, EvidenceBundle>
{
    public override async Task<EvidenceBundle> RunAsync(TaskActivityContext context, CollectRequest? input)
    {
        var whole = await realms.CollectAsync(input!.Target);
        if (input.IncidentId is not { } incident) return whole.Digest();
        var retention = options.CurrentValue.Evidence.Retention;
        var reference = await kept.KeepAsync(incident, Math.Max(1, input.Step), whole, retention, CancellationToken.None);
        return whole.Digest() with { Stored = reference };
    }
}

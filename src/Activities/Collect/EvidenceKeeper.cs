using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>Looks at a target in its realm and keeps the whole bundle in the store, for as long as <c>Heal:Evidence:Retention</c>
/// says.</summary>
internal sealed class EvidenceKeeper(TargetRealms realms, IEvidenceStore kept, IOptionsMonitor<HealOptions> options)
{
    /// <param name="step">Which look of the incident.</param>
    public async Task<(EvidenceBundle Whole, EvidenceReference Reference)> KeepAsync(
        TargetReference target, string incident, int step, CancellationToken cancellationToken)
    {
        var whole = await realms.CollectAsync(target);
        var retention = options.CurrentValue.Evidence.Retention;
        return (whole, await kept.KeepAsync(incident, step, whole, retention, cancellationToken));
    }

    /// <summary>What was kept of a look; null when nothing was, or not any more.</summary>
    public async Task<EvidenceReference?> FindAsync(string incident, int step, CancellationToken cancellationToken) =>
        (await kept.ListAsync(incident, cancellationToken)).FirstOrDefault(item => item.Step == step);
}

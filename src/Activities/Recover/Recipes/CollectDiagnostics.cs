using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Keeps the whole evidence of a target as it is now, beside what the incident collects for its own decisions: before something is done
/// that takes logs and states away, or for the people who are called next. Touches nothing.
/// </summary>
internal sealed class CollectDiagnostics : IRecipe
{
    // An incident counts its own looks from 1: its steps never come so far.
    private const int FirstStep = 1_000_000;

    public ActionDescriptor Descriptor { get; } = new(
        "collect_diagnostics",
        RiskClass.R0,
        SendMessage.Handed,
        SilenceAlert.Kinds,
        [new ActionParameter("every", ParameterKind.Duration, "10m", "0s", "24h", "Not again for the same target within this time.")],
        "The target exists, and it was not done for it within the time.",
        "The bundle is in the store (table evidence_bundle), under its incident and a step of its own, which the answer names.",
        null,
        [.. SilenceAlert.ReadTarget, .. EvidencePermissions.Rules])
    {
        ForOwned = true,
        LeavesFault = true,
        Summary = "Keeps all evidence of a target as it is now.",
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        if (tools.Ports.Evidence is null) return Proposal.Refuse("this program keeps no evidence");
        if (await tools.ReadAsync(request.Target, cancellationToken) is null) return Proposal.Gone(request.Target);
        var since = tools.Time.GetUtcNow() - request.Parameters.Span("every");
        var history = await tools.Store.HistoryAsync(request.Target.Key, "", since, cancellationToken);
        if (history.FirstOrDefault(past => past.ActionId == Descriptor.Id && past.Finished) is { } past)
        {
            return Proposal.Refuse($"evidence of it was kept at {past.AppliedAt:u} already, by incident {past.IncidentId}");
        }

        var hash = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(request.Key)));
        var step = FirstStep + (int)(hash % (int.MaxValue - FirstStep));
        return Proposal.Act($"keeps the evidence of {request.Target}", new EvidenceEffect(request.Target, request.IncidentId, step));
    }

    public Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken) =>
        Task.FromResult(EffectCheck.Yes("it is in the store"));
}

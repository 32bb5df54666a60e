using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Collects a target's evidence and keeps it, as a look of the incident under a number of its own, by which a retry finds it: one bundle,
/// however often it is asked for.
/// </summary>
internal sealed record EvidenceEffect(TargetReference Target, string IncidentId, int Step) : Effect
{
    [JsonIgnore]
    public override string Subject => $"evidence of {Target}";

    [JsonIgnore]
    public override bool IsReversible => false;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        if (tools.Ports.Evidence is not { } evidence) return new Look(Sight.Gone, "this program keeps no evidence");
        if (await evidence.FindAsync(IncidentId, Step, cancellationToken) is { } found)
        {
            var where = Workloads.Invariant($"step {Step} of {IncidentId}, {found.PlainBytes} bytes");
            return Look.Applied(null, new JsonObject { ["hash"] = found.Hash }, where);
        }

        // It is forgotten after its retention.
        var row = await tools.Store.FindOperationAsync(key, cancellationToken);
        return row?.State == OperationState.Confirmed ? Look.Applied(null) : Look.NotApplied(null);
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        if (!dryRun) await tools.Ports.Evidence!.KeepAsync(Target, IncidentId, Step, cancellationToken);
        return WriteAnswer.Taken;
    }

    public override Effect? Inverse(JsonObject post) => null;

    public override IReadOnlyList<string> Describe() => [$"{Subject}: kept"];
}

using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Heal.Activities;

/// <summary>Switches a node's power. Switching twice is switching once; who did it cannot be told from the node.</summary>
/// <param name="UnlessReady">Not while the node is ready: between the proof and the switch it may have come back.</param>
internal sealed record PowerEffect(string Node, bool On, bool UnlessReady = false) : Effect
{
    [JsonIgnore]
    public override string Subject => $"power of Node {Node}";

    [JsonIgnore]
    public override bool IsReversible => true;

    [JsonIgnore]
    public override bool IsAtomic => true;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        var state = tools.Power is { } power ? await power.ReadAsync(Node, cancellationToken) : null;
        if (state is null) return new Look(Sight.Gone, $"no provider has the power of node {Node}");
        return state == (On ? PowerState.On : PowerState.Off) ? Look.Applied(null) : Look.NotApplied(null);
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        if (UnlessReady && (await tools.ReadAsync(Kinds.Node, null, Node, cancellationToken)).HasCondition("Ready"))
        {
            return WriteAnswer.Refused($"node {Node} is ready again");
        }

        if (dryRun) return WriteAnswer.Taken;
        await tools.Power!.SwitchAsync(Node, On, cancellationToken);
        return await tools.Power.ReadAsync(Node, cancellationToken) is PowerState.Changing
            ? WriteAnswer.Later($"the power of node {Node} is changing")
            : WriteAnswer.Taken;
    }

    public override Effect Inverse(JsonObject post) => new PowerEffect(Node, !On);

    public override IReadOnlyList<string> Describe() => [$"{Subject}: switched {(On ? "on" : "off")}"];
}

using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Heal.Activities;

/// <summary>
/// Lets one member give back the room it does not need, only while all of them are healthy. A file that is smaller than it was is the
/// proof; done twice it is done once. Nothing takes it back.
/// </summary>
/// <param name="Bytes">Of its file before.</param>
internal sealed record DefragmentEffect(string Endpoint, long Bytes) : Effect
{
    [JsonIgnore]
    public override string Subject => $"etcd member {Endpoint}";

    [JsonIgnore]
    public override bool IsReversible => false;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        if (tools.Ports.Etcd is not { } etcd) return new Look(Sight.Gone, "etcd is not set any more");
        var member = (await etcd.MembersAsync(cancellationToken)).FirstOrDefault(item => item.Endpoint == Endpoint);
        if (member is null) return new Look(Sight.Gone, $"{Subject} is gone");
        return member is { Objection: null } && member.Bytes < Bytes ? Look.Applied(null) : Look.NotApplied(null);
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        var sick = (await tools.Ports.Etcd!.MembersAsync(cancellationToken)).FirstOrDefault(item => item.Objection is not null);
        if (sick is not null) return WriteAnswer.Later($"member {sick.Endpoint} is not healthy: {sick.Objection}");
        if (!dryRun) await tools.Ports.Etcd.DefragmentAsync(Endpoint, cancellationToken);
        return WriteAnswer.Taken;
    }

    public override Effect? Inverse(JsonObject post) => null;

    public override IReadOnlyList<string> Describe() => [Workloads.Invariant($"{Subject}: defragmented, {Bytes >> 20} Mi before")];
}

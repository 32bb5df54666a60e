using Heal.Healing;

namespace Heal.Activities;

/// <summary>Defragments etcd member by member, the leader last. Each answers nobody meanwhile: always for people to approve.</summary>
internal sealed class DefragEtcd : IRecipe
{
    public ActionDescriptor Descriptor { get; } = new(
        "defrag_etcd",
        RiskClass.R4,
        [Causes.StoreFragmented],
        [TargetKinds.Cluster],
        [
            new ActionParameter("maxInUsePercent", ParameterKind.Number, "50", "5", "95",
                "A member of whose file more than this is in use is left alone."),
            new ActionParameter("minMegabytes", ParameterKind.Number, "100", "0", "8192", "A smaller file is left alone."),
        ],
        $"Setting {EtcdOptions.Section}:Endpoints names all members, all of them are healthy, and a member's file is big and mostly "
            + "unused.",
        "Every member is healthy, and the file of each that was defragmented is smaller than before.",
        null,
        [])
    {
        Summary = "Defragments etcd, one member at a time.",
        EffectWithin = TimeSpan.FromMinutes(30),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        if (tools.Ports.Etcd is not { } etcd) return Proposal.Refuse($"etcd is not set: setting {EtcdOptions.Section}:Endpoints");
        try
        {
            var members = await etcd.MembersAsync(cancellationToken);
            if (members.FirstOrDefault(item => item.Objection is not null) is { } sick)
            {
                return Proposal.Refuse($"member {sick.Endpoint} is not healthy: {sick.Objection}");
            }

            var (percent, least) = (request.Parameters.Number("maxInUsePercent"), (long)request.Parameters.Number("minMegabytes") << 20);
            var loose = members.Where(item => item.Bytes >= least && item.BytesInUse * 100 <= item.Bytes * percent)
                .OrderBy(item => item.IsLeader).ToList();
            return loose.Count == 0
                ? Proposal.Refuse(Workloads.Invariant($"no member has a file of {least >> 20} Mi of which {percent} % or less is in use"))
                : Proposal.Act(Workloads.Invariant($"defragments {loose.Count} of {members.Count} members of etcd"),
                    [.. loose.Select(item => new DefragmentEffect(item.Endpoint, item.Bytes))]);
        }
        catch (EtcdException e)
        {
            return Proposal.Refuse(e.Message);
        }
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        if (tools.Ports.Etcd is not { } etcd) return EffectCheck.NotYet("etcd is not set any more");
        var members = await etcd.MembersAsync(cancellationToken);
        if (members.FirstOrDefault(item => item.Objection is not null) is { } sick)
        {
            return EffectCheck.NotYet($"member {sick.Endpoint} is not healthy: {sick.Objection}");
        }

        var before = image.Steps.Cast<DefragmentEffect>().Sum(step => step.Bytes);
        var now = members.Where(item => image.Steps.Cast<DefragmentEffect>().Any(step => step.Endpoint == item.Endpoint))
            .Sum(item => item.Bytes);
        return EffectCheck.Yes(Workloads.Invariant($"{before >> 20} Mi before, {now >> 20} Mi now"));
    }
}

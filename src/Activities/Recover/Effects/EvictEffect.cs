using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Heal.Drivers.Kubernetes;

namespace Heal.Activities;

/// <summary>Evicts one pod, by its uid, as far as PodDisruptionBudgets allow. Nothing brings it back; its controller makes
/// another.</summary>
internal sealed record EvictEffect(string Namespace, string Pod, string Uid) : Effect
{
    [JsonIgnore]
    public override string Subject => $"Pod {Namespace}/{Pod}";

    [JsonIgnore]
    public override bool IsReversible => false;

    [JsonIgnore]
    public override bool IsAtomic => true;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        var live = await tools.ReadAsync(Kinds.Pod, Namespace, Pod, cancellationToken);
        return live is null || live.Uid() != Uid || live.IsDeleting() ? Look.Applied(live) : Look.NotApplied(live);
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await tools.Client.EvictAsync(
                Namespace, Pod, new EvictionOptions { Uid = Uid, DryRun = dryRun }, cancellationToken);
            return answer.Outcome switch
            {
                EvictionOutcome.Refused => WriteAnswer.Later($"{Subject} may not be evicted now: {answer.Explanation}"),
                EvictionOutcome.Misconfigured => WriteAnswer.Refused($"{Subject} cannot be evicted: {answer.Explanation}"),
                _ => WriteAnswer.Taken,
            };
        }
        catch (KubernetesConflictException)
        {
            return WriteAnswer.Taken;
        }
        catch (KubernetesForbiddenException e) when (e.Missing is not null)
        {
            throw;
        }
        catch (KubernetesApiException e) when (e.IsFinal)
        {
            return WriteAnswer.Refused(e.Message);
        }
    }

    public override Effect? Inverse(JsonObject post) => null;

    public override IReadOnlyList<string> Describe() => [$"{Subject}: evicted"];
}

namespace Heal.Healing;

internal sealed class QuotaExhaustedDetector(HoldingSetting setting) : Detector<ObservedQuota>(
    new DetectorInfo("quota-exhausted", "KubeResourceQuotaExhausted", [TargetKinds.ResourceQuota],
        "Pods of a workload cannot be made for `Hold` because they would exceed the quota (condition ReplicaFailure names it).",
        "A quota that is used up and stops nobody: a limit is a policy and no fault.")
    {
        ForPeople = "A quota is somebody's policy: whoever set it raises it, or asks for less.",
    },
    setting)
{
    protected override Judgement Judge(ObservedQuota quota, Look look)
    {
        if (quota.Info.DeletedAt is not null) return Judgement.None;
        var refused = Workloads(look, quota.Info.Namespace).Select(w => (Workload: w, Failure: w.Condition("ReplicaFailure")))
            .Where(pair => pair.Failure is { IsTrue: true, Message: { } text } && IsAbout(text, quota.Info.Name))
            .OrderBy(pair => pair.Failure!.Since).ToList();
        if (refused.Count == 0) return Judgement.None;
        var (workload, failure) = refused[0];
        var exhausted = quota.Uses.Where(use => use.IsExhausted).ToList();
        return Judgement.After(
            setting.Hold, failure!.Since ?? workload.Info.CreatedAt, look, $"{quota.Info} refuses pods of {workload.Info}",
            [failure.ToString(), .. quota.Uses.Select(use => $"{use.Resource}: {use.UsedText} of {use.HardText}")])
            .With("resource", exhausted.FirstOrDefault()?.Resource);
    }

    private static IEnumerable<ObservedWorkload> Workloads(Look look, string ns) =>
        look.Cluster.All<ObservedWorkload>(TargetKinds.ReplicaSet, ns)
            .Concat(look.Cluster.All<ObservedWorkload>(TargetKinds.Deployment, ns));

    private static bool IsAbout(string message, string quota) =>
        message.Contains("exceeded quota: " + quota + ",", StringComparison.Ordinal)
        || (message.Contains("failed quota: ", StringComparison.Ordinal)
            && message.Contains("failed quota: " + quota + ":", StringComparison.Ordinal));
}

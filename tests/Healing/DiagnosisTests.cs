namespace Heal.Healing.Tests;

public sealed class DiagnosisTests
{
    [Fact]
    public void A_crash_after_a_change_that_mounts_another_config_is_blamed_on_the_change()
    {
        var leading = Diagnose(Some.Crash()).Leading()!;

        Assert.Equal(Causes.CrashAfterTemplateChange, leading.Cause);
        Assert.Contains("web-config -> web-bad", leading.Statement);
        Assert.Contains("change/1", leading.Evidence);
        Assert.True(leading.Confidence >= 0.85);
    }

    [Fact]
    public void An_image_that_the_change_brought_and_cannot_be_pulled_is_blamed_on_the_change()
    {
        var evidence = Some.Evidence(Some.Change(Some.ImageChange), Some.Pod(Some.Container("ImagePullBackOff")));

        Assert.Equal(Causes.ImagePullAfterTemplateChange, Diagnose(evidence).Leading()!.Cause);
    }

    [Fact]
    public void An_unchanged_image_that_cannot_be_pulled_is_not_blamed_on_the_change()
    {
        var evidence = Some.Evidence(Some.Change(Some.ConfigChange), Some.Pod(Some.Container("ErrImagePull")));

        Assert.Equal(Causes.ImagePullUnchanged, Diagnose(evidence).Leading()!.Cause);
    }

    [Fact]
    public void Without_an_earlier_revision_no_change_is_found()
    {
        var diagnosis = Diagnose(Some.Evidence(null, Some.Pod(Some.Container("CrashLoopBackOff", exit: 1))));

        Assert.Equal(Causes.NoChangeFound, diagnosis.Leading()!.Cause);
        Assert.Contains(diagnosis.Rejected, rejected => rejected.Cause == Causes.CrashAfterTemplateChange);
    }

    [Fact]
    public void A_restart_on_demand_is_no_change()
    {
        var restart = new Difference("change/1", "metadata.annotations[kubectl.kubernetes.io/restartedAt]", "a", "b");

        Assert.Equal(Causes.NoChangeFound,
            Diagnose(Some.Evidence(Some.Change(restart), Some.Pod(Some.Container("CrashLoopBackOff", exit: 1)))).Leading()!.Cause);
    }

    [Fact]
    public void A_change_long_before_the_fault_is_no_explanation()
    {
        var old = Some.Change(Some.ConfigChange) with { At = Some.Noon.AddDays(-3) };

        Assert.Equal(Causes.NoChangeFound, Diagnose(Some.Evidence(old, Some.Pod(Some.Container("CrashLoopBackOff", exit: 1))))
            .Leading()!.Cause);
    }

    [Fact]
    public void Killed_for_memory_under_an_unchanged_limit_is_not_for_a_rollback()
    {
        var evidence = Some.Evidence(Some.Change(Some.ConfigChange), Some.Pod(Some.Container("CrashLoopBackOff", 137, 2, "OOMKilled")));

        Assert.Equal(Causes.OutOfMemory, Diagnose(evidence).Leading()!.Cause);
    }

    [Fact]
    public void Pods_on_a_node_that_is_not_ready_point_to_the_node()
    {
        var evidence = Some.Crash() with { Nodes = [new NodeEvidence("node/node-1", "node-1", false, false, "KubeletStopped")] };

        Assert.Equal(Causes.NodeNotReady, Diagnose(evidence).Leading()!.Cause);
    }

    [Fact]
    public void Crashes_in_the_older_revision_as_well_speak_against_the_change()
    {
        var evidence = Some.Evidence(Some.Change(Some.ConfigChange),
            Some.Pod(Some.Container("CrashLoopBackOff", exit: 1)),
                Some.Pod(Some.Container("CrashLoopBackOff", exit: 1), "web-1", "web-1-y"));

        Assert.True(Diagnose(evidence).Hypotheses.First(h => h.Cause == Causes.CrashAfterTemplateChange).Confidence < 0.5);
    }

    [Fact]
    public void A_missing_config_that_the_change_brought_is_blamed_on_the_change_and_else_must_be_restored()
    {
        ConfigEvidence Missing(bool before) => new("configmap/web-bad", "web-bad", false, true, before, null, null, [], null, null);
        var evidence = Some.Evidence(Some.Change(Some.ConfigChange), Some.Pod(Some.Container("CreateContainerConfigError")));

        Assert.Equal(Causes.MissingObjectAfterTemplateChange, Diagnose(evidence with { Configs = [Missing(false)] }).Leading()!.Cause);
        Assert.Equal(Causes.MissingObject, Diagnose(evidence with { Configs = [Missing(true)] }).Leading()!.Cause);
    }

    [Fact]
    public void Every_rule_gives_its_verdict_and_every_citation_exists()
    {
        var evidence = Some.Crash();
        var diagnosis = Diagnose(evidence);
        var ids = evidence.Pods.SelectMany(pod => pod.Containers.Select(c => c.Id).Append(pod.Id))
            .Concat(evidence.Change!.Differences.Select(d => d.Id)).Concat(evidence.Nodes.Select(n => n.Id))
            .Concat(evidence.Revisions.Select(r => r.Id)).Append(evidence.Change.Id).ToHashSet();

        Assert.Equal(15, diagnosis.Hypotheses.Count + diagnosis.Rejected.Count);
        Assert.All(diagnosis.Hypotheses.SelectMany(h => h.Evidence).Concat(diagnosis.Rejected.SelectMany(r => r.Evidence)), id =>
            Assert.Contains(id, ids));
    }

    [Fact]
    public void The_same_evidence_gives_the_same_diagnosis_to_the_byte() => Assert.Equal(
        System.Text.Json.JsonSerializer.Serialize(Diagnose(Some.Crash())),
            System.Text.Json.JsonSerializer.Serialize(Diagnose(Some.Crash())));

    [Fact]
    public void A_target_that_is_gone_scaled_to_zero_or_settled_shows_no_fault()
    {
        var settled = Some.Evidence(null, Some.Pod(Some.Container(ready: true))) with
        {
            Workload = Some.Workload() with { UpdatedReplicas = 3, ReadyReplicas = 3 },
        };

        Assert.Equal(DetectionVerdict.Healthy, DetectionPolicy.Judge(settled).Verdict);
        Assert.Equal(DetectionVerdict.Healthy, DetectionPolicy.Judge(Some.Crash() with { Exists = false }).Verdict);
        Assert.Equal(DetectionVerdict.Healthy,
            DetectionPolicy.Judge(Some.Crash() with { Workload = Some.Workload() with { DesiredReplicas = 0 } }).Verdict);
    }

    [Fact]
    public void A_pod_that_is_young_and_unready_is_too_early_to_judge_and_later_a_fault()
    {
        var young = Some.Evidence(null, Some.Pod(Some.Container()) with { CreatedAt = Some.Noon.AddSeconds(-10) });

        Assert.Equal(DetectionVerdict.TooEarly, DetectionPolicy.Judge(young).Verdict);
        Assert.Equal(DetectionVerdict.Faulty, DetectionPolicy.Judge(young with { CollectedAt = Some.Noon.AddMinutes(2) }).Verdict);
    }

    private static Diagnosis Diagnose(EvidenceBundle evidence) => Diagnostician.Diagnose(evidence, DetectionPolicy.Judge(evidence));
}

namespace Heal.Healing.Tests;

/// <summary>What an alert may prove by itself, and what it may not.</summary>
public sealed class AlertClaimTests
{
    private static readonly Diagnosis Nothing = new([], [], []);

    [Fact]
    public void A_claim_leads_when_evidence_explains_nothing()
    {
        var diagnosis = AlertClaim.Add(Nothing, Some.Crash(), "ContainerMemoryExhaustionPredicted", Causes.MemoryGrowing);

        Assert.Equal((Causes.MemoryGrowing, AlertClaim.Confidence), (diagnosis.Leading()!.Cause, diagnosis.Leading()!.Confidence));
    }

    [Fact]
    public void What_evidence_shows_plainly_comes_before_the_claim()
    {
        var shown = new Hypothesis(Causes.CrashAfterTemplateChange, "the change", 0.9, []);

        var diagnosis = AlertClaim.Add(new Diagnosis([shown], [], []), Some.Crash(), "SomeAlert", Causes.MemoryGrowing);

        Assert.Equal([Causes.CrashAfterTemplateChange, Causes.MemoryGrowing], diagnosis.Hypotheses.Select(item => item.Cause));
    }

    [Fact]
    public void Without_a_claim_the_diagnosis_is_as_it_was() =>
        Assert.Same(Nothing, AlertClaim.Add(Nothing, Some.Crash(), "SomeAlert", null));

    [Theory]
    [InlineData(true, 2, false, 0, true)]
    [InlineData(true, 0, false, 0, false)]
    [InlineData(true, 2, true, 0, false)]
    [InlineData(true, 2, false, 1, false)]
    [InlineData(false, 2, false, 0, false)]
    public void A_healthy_target_is_acted_on_only_when_nobody_means_it_to_be_gone_and_nothing_was_tried(
        bool claims, int replicas, bool deleting, int tried, bool holds)
    {
        var evidence = Some.Crash() with { Workload = Some.Workload() with { DesiredReplicas = replicas, Deleting = deleting } };
        var workflow = Some.Workflow() with { AlertProves = claims ? Causes.MemoryGrowing : null };

        Assert.Equal(holds, AlertClaim.Holds(workflow, evidence, tried));
    }
}

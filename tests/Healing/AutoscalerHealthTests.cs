namespace Heal.Healing.Tests;

/// <summary>What an autoscaler itself says against an alert about it.</summary>
public sealed class AutoscalerHealthTests
{
    private static readonly TargetReference Target = new("test", TargetKinds.HorizontalPodAutoscaler, "shop", "web");

    [Theory]
    [InlineData("False", 3, 3, DetectionVerdict.Healthy)] // an alert that it was at its maximum comes late
    [InlineData("False", 3, 4, DetectionVerdict.Faulty)] // it does not get what it wants, whatever keeps it from that
    [InlineData("True", 4, 4, DetectionVerdict.Faulty)]
    [InlineData(null, 3, 3, DetectionVerdict.Faulty)] // it says nothing: the alert is taken at its word
    public void One_that_runs_what_it_wants_is_well(string? limited, int current, int desired, DetectionVerdict verdict)
    {
        var conditions = limited is null ? []
            : new[] { new ConditionEvidence("ScalingLimited", limited == "True", "TooManyReplicas", "", Some.Noon) };
        FactEvidence[] facts =
        [
            new("spec.maxReplicas", "4"), new("status.currentReplicas", $"{current}"), new("status.desiredReplicas", $"{desired}"),
        ];
        var evidence = EvidenceBundle.Empty(Target, Some.Noon, exists: true, new AutonomySetting(Autonomy.Act, "test")) with
        {
            Object = new ObjectEvidence(
                "hpa/web", "autoscaling/v2", Target.Kind, Target.Namespace, Target.Name, "uid", "7", 0, 0, Some.Noon, null, [], null,
                conditions, facts),
        };

        Assert.Equal(verdict, DetectionPolicy.Judge(evidence).Verdict);
    }
}

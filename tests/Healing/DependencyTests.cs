namespace Heal.Healing.Tests;

/// <summary>A workload that fails because what it stands on is not ready.</summary>
public sealed class DependencyTests
{
    private static readonly DependencyEvidence Named =
        new("dependency/database", "database", 1, "variable DATABASE_URL of container 'app'", Complained: false);

    private static readonly DependencyEvidence Missed = Named with { NamedBy = "log of web-2-x/app", Complained = true };

    [Theory]
    [InlineData("dial tcp: lookup database on 10.0.0.10:53: no such host", true)]
    [InlineData("fatal: the database does not answer", true)]
    [InlineData("postgres://app@database:5432/orders", true)]
    [InlineData("http://database.shop/x", true)]
    [InlineData("http://database.shop.svc.cluster.local:80", true)]
    [InlineData("wget http://$DATABASE_SERVICE_HOST:5432/", true)]
    [InlineData("it waits for database.", true)]
    [InlineData("https://database.example.com", false)]
    [InlineData("http://database.other.svc", false)]
    [InlineData("http://database-replica:5432", false)]
    [InlineData("http://my-database:5432", false)]
    [InlineData("databases", false)]
    public void A_service_is_named_as_a_host_and_not_as_a_part_of_another_name(string text, bool isNamed) =>
        Assert.Equal(isNamed, ServiceNames.IsNamed(text, "database", "shop"));

    [Fact]
    public void A_line_that_names_a_service_and_complains_of_nothing_is_no_proof()
    {
        Assert.True(ServiceNames.IsMissed("database:5432: connection refused", "database", "shop"));
        Assert.False(ServiceNames.IsMissed("migrating database to version 7", "database", "shop"));
    }

    [Fact]
    public void A_crash_of_which_the_log_names_the_missing_service_is_not_blamed_on_a_change_of_the_target()
    {
        var blocked = Some.Crash() with { Dependencies = [Missed] };

        Assert.Equal(Causes.CrashAfterTemplateChange, Leading(Some.Crash()).Cause);
        Assert.Equal(Causes.DependencyUnready, Leading(blocked).Cause);
        Assert.Contains("Service 'database'", Leading(blocked).Statement);
    }

    [Theory]
    [InlineData(-3, Causes.CrashAfterTemplateChange)] // it changed, and crashed
    [InlineData(-60, Causes.DependencyUnready)] // it had served, and crashed when the database went
    public void A_mere_reference_counts_for_less_than_a_change_right_before_the_fault(int changedMinutes, string cause)
    {
        var evidence = Some.Crash() with { Dependencies = [Named] };

        Assert.Equal(cause, Leading(evidence with { Change = evidence.Change! with { At = Some.Noon.AddMinutes(changedMinutes) } }).Cause);
    }

    [Fact]
    public void A_change_that_brought_the_reference_is_the_fault_itself()
    {
        var url = new Difference("change/1", "spec.containers[app].env[URL].value", "http://store:80", "http://database:80");
        var evidence = Some.Crash() with { Change = Some.Change(url), Dependencies = [Missed] };

        Assert.Equal(Causes.CrashAfterTemplateChange, Leading(evidence).Cause);
    }

    [Theory]
    [InlineData(-30, Causes.DependencyUnready)] // its pods have had no time
    [InlineData(-90, Causes.CrashAfterTemplateChange)] // they have, and crashed again since
    public void When_the_service_is_back_the_pods_get_their_time(int untilSeconds, string cause) =>
        Assert.Equal(cause, Leading(Some.Crash() with { BlockedUntil = Some.Noon.AddSeconds(untilSeconds) }).Cause);

    [Fact]
    public void Of_a_crash_from_before_the_service_came_back_nothing_is_learned_while_the_container_waits_for_its_next_start()
    {
        var waiting = Some.Container("CrashLoopBackOff", exit: 1, restarts: 5) with { LastFinishedAt = Some.Noon.AddMinutes(-4) };
        var evidence = Some.Evidence(Some.Change(Some.ConfigChange), Some.Pod(waiting));

        Assert.Equal(Causes.DependencyUnready, Leading(evidence with { BlockedUntil = Some.Noon.AddMinutes(-3) }).Cause);
    }

    [Theory]
    [InlineData(-60, DetectionVerdict.Healthy)]
    [InlineData(null, DetectionVerdict.Faulty)] // it crashed a moment ago, and may again
    public void What_runs_again_since_the_service_is_back_is_well_however_often_it_crashed_before(
        int? untilSeconds, DetectionVerdict verdict)
    {
        var running = Some.Container(exit: 1, restarts: 5, ready: true);
        var evidence = Some.Evidence(null, Some.Pod(running)) with
        {
            Workload = Some.Workload() with { UpdatedReplicas = 3, ReadyReplicas = 3 },
            BlockedUntil = untilSeconds is { } seconds ? Some.Noon.AddSeconds(seconds) : null,
        };

        Assert.Equal(verdict, DetectionPolicy.Judge(evidence).Verdict);
    }

    [Fact]
    public void A_blocked_target_waits_whatever_its_workflow_would_do()
    {
        var evidence = Some.Crash() with { Dependencies = [Missed] };
        var facts = new PlanningFacts(
            "KubePodCrashLooping", evidence, Diagnosis(evidence), Some.Workflow(), [Some.Rollback], new Dictionary<string, string>(), [], 0,
            [], new SafetyLimits(), Some.Noon);

        Assert.True(Planner.Decide(facts) is { Verdict: PlanVerdict.Wait, IsBlocked: true, Action: null });
        Assert.True(Planner.Decide(facts with { Workflow = null }) is { Verdict: PlanVerdict.Wait, IsBlocked: true });
    }

    private static Hypothesis Leading(EvidenceBundle evidence) => Diagnosis(evidence).Leading()!;

    private static Diagnosis Diagnosis(EvidenceBundle evidence) => Diagnostician.Diagnose(evidence, DetectionPolicy.Judge(evidence));
}

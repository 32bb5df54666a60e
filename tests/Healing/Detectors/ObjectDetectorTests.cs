namespace Heal.Healing.Tests;

/// <summary>Each fault of workloads, nodes and the rest is seen, what looks like it is spared, and its end is seen.</summary>
public sealed class ObjectDetectorTests
{
    private static BankRig With(params IReadOnlyList<Observed> present) => new(present: present);

    [Fact]
    public void A_deployment_past_its_deadline_fires_and_a_rollout_in_progress_does_not()
    {
        var goes = Seen.Workload(updated: 1, ready: 2, conditions: Seen.Condition("Progressing", true, reason: "ReplicaSetUpdated"));
        var stuck = goes with { Conditions = [Seen.Condition("Progressing", false, Seen.Noon, "ProgressDeadlineExceeded")] };

        Assert.Empty(With().See(goes).Wait(TimeSpan.FromHours(1)).Signals);
        Assert.Empty(With().See(stuck with { IsPaused = true }, stuck with { Desired = 0 }, stuck with { IsObserved = false }).Signals);
        var rig = With().See(stuck);
        Assert.Equal(["rollout-stuck firing"], rig.Said);
        Assert.Contains("ProgressDeadlineExceeded", rig.Signals[0].Alert.Annotations["evidence"]);
        Assert.Equal("rollout-stuck resolved", rig.See(Seen.Workload()).Wait(130).Said[^1]);
    }

    [Fact]
    public void A_stateful_set_fires_without_progress_and_not_while_it_goes_on()
    {
        ObservedWorkload At(int updated) => Seen.Workload(TargetKinds.StatefulSet, "db", updated: updated, ready: 2);

        Assert.Empty(With().See(At(1)).Wait(500).See(At(2)).Wait(500).See(Seen.Workload(TargetKinds.StatefulSet, "db")).Wait(900).Signals);
        var rig = With().See(At(1)).Wait(601);
        Assert.Equal("KubeStatefulSetUpdateNotRolledOut", Assert.Single(rig.Signals).Alert.Name);
    }

    [Fact]
    public void A_job_that_gave_up_fires_for_its_cron_job_and_one_that_retries_or_was_made_good_does_not()
    {
        var failed = Seen.Job(failed: Seen.Condition("Failed", true, Seen.Noon, "BackoffLimitExceeded", "it has reached the limit"));
        var later = Seen.Job("nightly-2", complete: Seen.Condition("Complete", true), created: Seen.Noon);

        Assert.Empty(With().See(Seen.Job(retries: 5)).Wait(60).Signals);
        Assert.Empty(With().See(later, failed).Signals);
        Assert.Empty(With().See(failed with { Failed = Seen.Condition("Failed", true, Seen.Noon.AddHours(-3)) }).Signals);
        var rig = With().See(failed);
        Assert.Equal(("CronJob", "nightly"), (rig.Signals[0].Target!.Kind, rig.Signals[0].Target!.Name));
        Assert.Equal("nightly-1", rig.Signals[0].Alert.Label("job_name"));
        Assert.Equal(["job-failed firing"], rig.Wait(TimeSpan.FromHours(5)).Said);
        Assert.Equal("job-failed resolved", rig.See(later).Wait(130).Said[^1]);
    }

    [Fact]
    public void A_node_that_is_not_ready_fires_soon_and_a_cordoned_one_only_when_its_restart_takes_long()
    {
        Assert.Empty(With().See(Seen.Node(ready: false)).Wait(10).See(Seen.Node()).Wait(60).Signals);
        var rig = With().See(Seen.Node(ready: false)).Wait(15);
        Assert.Equal(["node-not-ready firing"], rig.Said);
        Assert.Equal(("Node", "", "node1"), (rig.Signals[0].Target!.Kind, rig.Signals[0].Target!.Namespace, rig.Signals[0].Target!.Name));

        var restarts = With().See(Seen.Node(ready: false, cordoned: Seen.Noon.AddMinutes(-1))).Wait(TimeSpan.FromMinutes(9));
        Assert.Empty(restarts.Signals);
        Assert.Equal(["node-not-ready firing"], restarts.Wait(TimeSpan.FromMinutes(2)).Said);
    }

    [Fact]
    public void A_node_that_flaps_fires_although_it_is_ready_again()
    {
        var rig = With(Seen.Node());
        for (var i = 1; i <= 6; i++)
        {
            rig.Wait(10);
            rig.See(Seen.Node() with { Conditions = [Seen.Condition("Ready", i % 2 == 0, rig.Now)] });
        }

        Assert.Equal("KubeNodeReadinessFlapping", Assert.Single(rig.Signals).Alert.Name);
    }

    [Fact]
    public void Pressure_and_the_conditions_of_node_problem_detector_fire_when_they_last()
    {
        var pressed = Seen.Node(conditions: Seen.Condition("DiskPressure", true, Seen.Noon, "KubeletHasDiskPressure"));
        var deadlock = Seen.Node(conditions: Seen.Condition("KernelDeadlock", true, Seen.Noon, "DockerHung", "task docker:7 blocked"));
        var fine = Seen.Node(conditions: [Seen.Condition("KernelDeadlock", false), Seen.Condition("SomethingElse", true)]);

        Assert.Empty(With().See(pressed).Wait(20).See(Seen.Node()).Wait(60).Signals);
        Assert.Empty(With().See(fine).Wait(600).Signals);
        var pressure = With().See(pressed).Wait(31);
        Assert.Equal(("node-pressure firing", "DiskPressure"), (pressure.Said[0], pressure.Signals[0].Alert.Label("condition")));
        var problem = With().See(deadlock).Wait(11);
        Assert.Equal(("node-problem firing", "KernelDeadlock"), (problem.Said[0], problem.Signals[0].Alert.Name));
        Assert.Contains("task docker:7 blocked", problem.Signals[0].Alert.Annotations["evidence"]);
    }

    [Fact]
    public void A_node_that_was_cordoned_and_forgotten_fires_after_a_day()
    {
        var rig = With().See(Seen.Node(cordoned: Seen.Noon)).Wait(TimeSpan.FromHours(23));
        Assert.Empty(rig.Signals);
        Assert.Equal(["node-cordoned firing"], rig.Wait(TimeSpan.FromHours(2)).Said);
        Assert.Equal("node-cordoned resolved", rig.See(Seen.Node()).Wait(130).Said[^1]);
    }

    [Fact]
    public void A_volume_fires_when_it_is_nearly_full_or_its_trend_fills_it_soon()
    {
        Assert.Equal("KubePersistentVolumeFillingUp", Assert.Single(With().See(Seen.Claim(Seen.Noon, 0.93)).Signals).Alert.Name);

        var grows = With();
        for (var i = 0; i < 9; i++) grows.See(Seen.Claim(grows.Now, 0.4 + (0.01 * i))).Wait(30);
        Assert.Equal("PVRunwayShort", Assert.Single(grows.Signals).Alert.Name);
        Assert.Contains("will be full in", grows.Signals[0].Alert.Annotations["summary"]);
    }

    [Fact]
    public void A_measurement_that_comes_after_a_newer_one_says_nothing_of_now()
    {
        var rig = With().Wait(60).See(Seen.Claim(Seen.Noon.AddSeconds(60), 0.89)).See(Seen.Claim(Seen.Noon.AddSeconds(52), 0.91));

        Assert.Empty(rig.Faults);
        Assert.Empty(rig.Signals);
        rig.See(Seen.Claim(Seen.Noon.AddSeconds(90), 0.91)).See(Seen.Claim(Seen.Noon.AddSeconds(82), 0.89));
        Assert.Equal(["volume-filling firing"], rig.Wait(TimeSpan.FromMinutes(6)).Said);
    }

    [Fact]
    public void A_single_write_a_sawtooth_and_slow_growth_are_no_trend()
    {
        var written = With();
        var saw = With();
        var slow = With();
        for (var i = 0; i < 20; i++)
        {
            written.See(Seen.Claim(written.Now, i < 8 ? 0.4 : 0.6)).Wait(30);
            saw.See(Seen.Claim(saw.Now, 0.4 + (0.05 * (i % 4)))).Wait(30);
            slow.See(Seen.Claim(slow.Now, 0.4 + (0.0001 * i))).Wait(30);
        }

        Assert.Empty(written.Signals);
        Assert.Empty(saw.Signals);
        Assert.Empty(slow.Signals);
    }

    [Fact]
    public void An_autoscaler_at_its_maximum_fires_when_it_wants_more()
    {
        var limited = Seen.Condition("ScalingLimited", true, Seen.Noon, "TooManyReplicas", "the desired count is above the maximum");
        Assert.Empty(With().See(Seen.Autoscaler(limited: Seen.Condition("ScalingLimited", false))).Wait(600).Signals);
        Assert.Empty(With().See(Seen.Autoscaler(current: 3, limited: limited)).Wait(600).Signals);
        Assert.Empty(With().See(Seen.Autoscaler(minimum: 5, limited: limited)).Wait(600).Signals);
        Assert.Empty(With().See(Seen.Autoscaler(limited: limited with { Reason = "TooFewReplicas" })).Wait(600).Signals);
        Assert.Equal(["autoscaler-at-maximum firing"], With().See(Seen.Autoscaler(limited: limited)).Wait(61).Said);
    }

    [Fact]
    public void A_budget_fires_only_when_it_alone_stops_a_drain()
    {
        var drained = Seen.Node(cordoned: Seen.Noon);
        Assert.Empty(With(Seen.Pod(), Seen.Node()).See(Seen.Budget()).Wait(600).Signals);
        Assert.Empty(With(Seen.Pod(), drained).See(Seen.Budget(allowed: 1), Seen.Budget(healthy: 2)).Wait(600).Signals);
        Assert.Empty(With(drained).See(Seen.Budget()).Wait(600).Signals);

        // The drain begins after the budget was seen.
        var rig = With(Seen.Pod(), Seen.Node(), Seen.Budget()).Wait(600).See(drained).Wait(31);
        Assert.Equal(["budget-deadlock firing"], rig.Said);
        Assert.Contains("pod web-1-a is on the cordoned node node1", rig.Signals[0].Alert.Annotations["evidence"]);
        Assert.Equal("budget-deadlock resolved", rig.Gone(Seen.Pod()).Wait(130).Said[^1]);
    }

    [Fact]
    public void A_service_without_backends_fires_for_the_workload_that_fails_or_for_itself()
    {
        var sick = Seen.Workload(ready: 0);
        var rig = With(Seen.Service(Seen.Web), sick, Seen.Backends(0, 3)).Wait(31);
        Assert.Equal(["endpoint-without-backends firing"], rig.Said);
        Assert.Equal("Deployment", rig.Signals[0].Target!.Kind);
        Assert.Equal("web", rig.Signals[0].Alert.Label("service"));
        Assert.Equal("endpoint-without-backends resolved", rig.See(Seen.Backends(1, 2)).Wait(130).Said[^1]);

        var wrongPort = With(Seen.Service(Seen.Web), Seen.Workload(), Seen.Backends(0)).Wait(31);
        Assert.Equal("Service", wrongPort.Signals[0].Target!.Kind);
    }

    [Fact]
    public void A_service_that_is_scaled_down_not_selecting_served_or_starting_is_spared()
    {
        var unready = Seen.Workload(ready: 0);
        Assert.Empty(With(Seen.Service(Seen.Web), Seen.Workload(desired: 0, ready: 0), Seen.Backends(0)).Wait(600).Signals);
        Assert.Empty(With(Seen.Service(null), unready, Seen.Backends(0)).Wait(600).Signals);
        Assert.Empty(With(Seen.Service(Seen.Web), Seen.Backends(0)).Wait(600).Signals);
        Assert.Empty(With(Seen.Service(Seen.Web), unready, Seen.Backends(0)).Wait(20).See(Seen.Backends(2)).Wait(600).Signals);
        Assert.Empty(With(Seen.Service(Seen.Web), unready, Seen.Backends(0)).Wait(20)
            .See(Seen.Workload(desired: 0, ready: 0)).Wait(600).Signals);
    }

    [Fact]
    public void A_quota_fires_when_it_stops_somebody_and_not_because_it_is_used_up()
    {
        const string Refused = "pods \"web-1-x\" is forbidden: exceeded quota: team, requested: pods=1, used: pods=10, limited: pods=10";
        var failure = Seen.Condition("ReplicaFailure", true, Seen.Noon, "FailedCreate", Refused);

        Assert.Empty(With().See(Seen.Quota()).Wait(600).Signals);
        Assert.Empty(With(Seen.Quota()).See(Seen.Workload(conditions: failure with { Message = "exceeded quota: other, requested" }))
            .Wait(600).Signals);
        var rig = With(Seen.Quota()).See(Seen.Workload(conditions: failure)).Wait(31);
        Assert.Equal(["quota-exhausted firing"], rig.Said);
        Assert.Contains("pods: 10 of 10", rig.Signals[0].Alert.Annotations["evidence"]);
        Assert.Equal("quota-exhausted resolved", rig.See(Seen.Workload()).Wait(130).Said[^1]);
    }
}

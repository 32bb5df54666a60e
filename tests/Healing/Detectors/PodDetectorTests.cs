namespace Heal.Healing.Tests;

/// <summary>Each fault of a pod is seen, what looks like it is spared, and its end is seen.</summary>
public sealed class PodDetectorTests
{
    private static readonly Observed[] Shop = [Seen.Workload(), Seen.ReplicaSet(), Seen.Node()];

    private static BankRig Rig() => new(present: Shop);

    [Fact]
    public void A_crash_loop_fires_names_its_evidence_and_its_deployment_and_clears_after_a_lasting_calm()
    {
        var rig = Rig().See(Seen.CrashLoop());

        var signal = Assert.Single(rig.Signals);
        Assert.Equal("KubePodCrashLooping", signal.Alert.Name);
        Assert.Equal(("Deployment", "shop", "web"), (signal.Target!.Kind, signal.Target.Namespace, signal.Target.Name));
        Assert.Equal(("web-1-a", "app"), (signal.Alert.Label("pod"), signal.Alert.Label("container")));
        Assert.Contains("restarted 3 times, last ended with code 1 (Error)", signal.Alert.Annotations["summary"]);
        Assert.Contains("state.waiting.reason: CrashLoopBackOff", signal.Alert.Annotations["evidence"]);

        // It runs for a moment between two crashes: that is no end.
        rig.See(Seen.Pod()).Wait(60).See(Seen.CrashLoop(restarts: 4)).Wait(60);
        Assert.Equal(["crash-loop firing"], rig.Said);

        rig.See(Seen.Pod()).Wait(TimeSpan.FromMinutes(6));
        Assert.Equal(["crash-loop firing", "crash-loop resolved"], rig.Said);
    }

    [Fact]
    public void A_first_crash_a_job_that_retries_and_a_pod_that_goes_are_no_crash_loop()
    {
        var ofJob = Seen.CrashLoop("nightly-1-x");
        ofJob = ofJob with { Info = ofJob.Info with { Owner = Seen.OwnedBy(TargetKinds.Job, "nightly-1") } };
        var leaving = Seen.CrashLoop("web-1-b");
        leaving = leaving with { Info = leaving.Info with { DeletedAt = Seen.Noon.AddSeconds(30) } };

        Assert.Empty(Rig().See(Seen.CrashLoop(restarts: 1), ofJob, leaving).Wait(30).Signals);
    }

    [Fact]
    public void The_sidecar_of_a_job_that_crashes_is_a_crash_loop_because_no_retry_of_the_job_counts_it()
    {
        var sidecar = Seen.Container("CrashLoopBackOff", 3, new ObservedExit(1, "Error", Seen.Noon), "proxy") with
        {
            IsInit = true, IsSidecar = true,
        };
        var ofJob = Seen.Pod("nightly-1-x", sidecar, Seen.Container("PodInitializing"));
        ofJob = ofJob with { Info = ofJob.Info with { Owner = Seen.OwnedBy(TargetKinds.Job, "nightly-1") } };

        var signal = Assert.Single(Rig().See(Seen.Job(), ofJob).Signals);

        Assert.Equal(("KubePodCrashLooping", "proxy"), (signal.Alert.Name, signal.Alert.Label("container")));
        Assert.Contains("status.initContainerStatuses[proxy].restartCount: 3", signal.Alert.Annotations["evidence"]);
    }

    [Fact]
    public void A_kill_for_memory_fires_and_another_exit_or_an_old_kill_does_not()
    {
        var killed = Seen.Pod("web-1-a", Seen.Container(restarts: 1, exit: new ObservedExit(137, "OOMKilled", Seen.Noon.AddSeconds(-2))));
        var old = Seen.Pod("web-1-a", Seen.Container(restarts: 1, exit: new ObservedExit(137, "OOMKilled", Seen.Noon.AddHours(-2))));
        var other = Seen.Pod("web-1-a", Seen.Container(restarts: 1, exit: new ObservedExit(137, "Error", Seen.Noon)));

        Assert.Equal(["out-of-memory firing"], Rig().See(killed).Said);
        Assert.Empty(Rig().See(old, other).Signals);
        Assert.Equal(["out-of-memory firing", "out-of-memory resolved"], Rig().See(killed).Wait(TimeSpan.FromMinutes(15)).Said);
    }

    [Fact]
    public void A_killed_pod_that_is_evicted_and_names_no_container_any_more_goes_on_firing_until_the_kill_is_history()
    {
        var killed = Seen.Pod("web-1-a", Seen.Container(restarts: 1, exit: new ObservedExit(137, "OOMKilled", Seen.Noon)));

        var rig = Rig().See(killed).See(killed with { Phase = "Failed", Reason = "Evicted", Containers = [] });

        Assert.Equal(["out-of-memory firing"], rig.Said);
        Assert.Empty(rig.Faults);
        Assert.Equal(["out-of-memory firing", "out-of-memory resolved"], rig.Wait(TimeSpan.FromMinutes(15)).Said);
    }

    [Fact]
    public void Several_kills_may_be_asked_for()
    {
        var settings = new DetectorSettings { OutOfMemory = { Kills = 2 } };
        ObservedPod Killed(int second) =>
            Seen.Pod("web-1-a", Seen.Container(restarts: 1, exit: new ObservedExit(137, "OOMKilled", Seen.Noon.AddSeconds(second))));

        var rig = new BankRig(settings: settings, present: Shop).See(Killed(0), Killed(0));
        Assert.Empty(rig.Signals);
        Assert.Equal(["out-of-memory firing"], rig.Wait(60).See(Killed(60)).Said);
    }

    [Theory]
    [InlineData("ImagePullBackOff", "image-pull", "ImagePullBackOffPersistent")]
    [InlineData("InvalidImageName", "image-pull", "ImagePullBackOffPersistent")]
    [InlineData("CreateContainerConfigError", "container-config", "KubeContainerWaiting")]
    public void A_container_that_cannot_start_fires_when_it_lasts(string reason, string detector, string alert)
    {
        var rig = Rig().See(Seen.Pod("web-1-a", Seen.Container(reason)));
        Assert.Empty(rig.Signals);

        rig.Wait(20);
        Assert.Equal([$"{detector} firing"], rig.Said);
        Assert.Equal((alert, reason), (rig.Signals[0].Alert.Name, rig.Signals[0].Alert.Label("reason")));
        Assert.Contains($"because {reason}", rig.Signals[0].Alert.Annotations["evidence"]);

        Assert.Equal([$"{detector} firing", $"{detector} resolved"], rig.See(Seen.Pod()).Wait(150).Said);
    }

    [Fact]
    public void A_pull_that_wavers_between_failure_and_back_off_is_one_sign_and_one_that_succeeds_is_none()
    {
        var wavers = Rig();
        for (var i = 0; i < 6; i++)
        {
            wavers.See(Seen.Pod("web-1-a", Seen.Container(i % 2 == 0 ? "ErrImagePull" : "ImagePullBackOff"))).Wait(3);
        }

        Assert.Equal(["image-pull firing"], wavers.Said);
        Assert.Empty(Rig().See(Seen.Pod("web-1-a", Seen.Container("ErrImagePull"))).Wait(5).See(Seen.Pod()).Wait(60).Signals);
    }

    [Fact]
    public void A_pod_that_no_node_takes_fires_with_the_schedulers_reason_and_a_gated_or_fresh_one_does_not()
    {
        const string Why = "0/3 nodes are available: 3 Insufficient cpu.";
        ObservedPod Pending(string reason) => Seen.Pod() with
        {
            Phase = "Pending", Node = null, Conditions = [Seen.Condition("PodScheduled", false, Seen.Noon, reason, Why)],
        };

        Assert.Empty(Rig().See(Pending("Unschedulable")).Wait(30).See(Seen.Pod()).Wait(60).Signals);
        Assert.Empty(Rig().See(Pending("SchedulingGated")).Wait(TimeSpan.FromHours(1)).Signals);
        var rig = Rig().See(Pending("Unschedulable")).Wait(61);
        Assert.Equal(["unschedulable firing"], rig.Said);
        Assert.Contains(Why, rig.Signals[0].Alert.Annotations["summary"]);
        Assert.Equal(Seen.Noon, rig.Signals[0].Alert.StartsAt);
    }

    [Fact]
    public void A_pod_that_will_not_go_fires_after_its_grace_but_not_on_a_node_that_is_lost()
    {
        var stuck = Seen.Pod();
        stuck = stuck with { Info = stuck.Info with { DeletedAt = Seen.Noon.AddSeconds(30) }, Finalizers = ["example.test/hold"] };

        var rig = Rig().See(stuck).Wait(80);
        Assert.Empty(rig.Signals);
        rig.Wait(15);
        Assert.Equal(["stuck-terminating firing"], rig.Said);
        Assert.Contains("example.test/hold", rig.Signals[0].Alert.Annotations["evidence"]);
        Assert.Equal("stuck-terminating resolved", rig.Gone(stuck).Wait(130).Said[^1]);

        var lost = new BankRig(present: [Seen.Workload(), Seen.ReplicaSet(), Seen.Node(ready: false)]).See(stuck).Wait(90);
        Assert.DoesNotContain("stuck-terminating firing", lost.Said);
    }

    [Fact]
    public void Evicted_pods_of_one_owner_fire_and_a_single_one_or_old_ones_do_not()
    {
        ObservedPod Evicted(string name, int minutesAgo) => Seen.Pod(name) with
        {
            Phase = "Failed", Reason = "Evicted", Message = "The node was low on resource: memory.",
            Conditions = [Seen.Condition("Ready", false, Seen.Noon.AddMinutes(-minutesAgo))],
        };

        Assert.Empty(Rig().See(Evicted("web-1-a", 1)).Signals);
        Assert.Empty(Rig().See(Evicted("web-1-a", 90), Evicted("web-1-b", 91)).Signals);
        var rig = Rig().See(Evicted("web-1-a", 1), Evicted("web-1-b", 1), Evicted("web-1-c", 1));
        Assert.Equal(["evicted firing"], rig.Said);
        Assert.Contains("low on resource: memory", rig.Signals[0].Alert.Annotations["evidence"]);
    }
}

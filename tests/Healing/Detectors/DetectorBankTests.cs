namespace Heal.Healing.Tests;

public sealed class DetectorBankTests
{
    private static readonly Observed[] Shop = [Seen.Workload(), Seen.ReplicaSet(), Seen.Node()];

    [Fact]
    public void Five_pods_of_one_deployment_are_one_signal()
    {
        var rig = new BankRig(present: Shop);
        foreach (var pod in "abcde") rig.See(Seen.CrashLoop($"web-1-{pod}"));

        Assert.Equal(["crash-loop firing"], rig.Said);
    }

    [Fact]
    public void Two_detectors_on_one_deployment_name_the_same_target()
    {
        var pod = Seen.Pod("web-1-a", Seen.Container("CrashLoopBackOff", 3, new ObservedExit(137, "OOMKilled", Seen.Noon)));
        var rig = new BankRig(present: Shop).See(pod);

        Assert.Equal(["crash-loop firing", "out-of-memory firing"], rig.Said);
        Assert.Single(rig.Signals.Select(signal => signal.Target! with { Rule = "" }).Distinct());
        Assert.Equal(2, rig.Signals.Select(signal => signal.Id).Distinct().Count());
    }

    [Fact]
    public void Two_hosts_that_see_the_same_send_the_same_signal()
    {
        Observed[] crashed = [Seen.CrashLoop("web-1-a", at: Seen.Noon.AddSeconds(-3)), Seen.CrashLoop("web-1-b", at: Seen.Noon)];

        var fromTheStart = new BankRig(present: Shop).See(crashed);
        var later = new BankRig(present: [.. crashed.Reverse(), .. Shop]);

        Assert.Equal(fromTheStart.Signals.Select(signal => signal.Id), later.Signals.Select(signal => signal.Id));
    }

    [Fact]
    public void After_a_restart_what_is_known_is_not_sent_again_and_its_end_is()
    {
        var before = new BankRig(present: Shop).See(Seen.CrashLoop()).Signals[0];

        var after = new BankRig(known: [new KnownEpisode(before, false)], present: [.. Shop, Seen.CrashLoop(at: Seen.Noon.AddSeconds(50))]);
        Assert.Empty(after.Signals);
        after.See(Seen.Pod()).Wait(TimeSpan.FromMinutes(6));
        Assert.Equal(["crash-loop resolved"], after.Said);
        Assert.Equal(before.Alert.StartsAt, after.Signals[0].Alert.StartsAt);
    }

    [Fact]
    public void What_was_healed_before_a_restart_and_shows_again_is_sent_and_what_is_gone_is_ended()
    {
        var before = new BankRig(present: Shop).See(Seen.CrashLoop()).Signals[0];

        var again = new BankRig(known: [new KnownEpisode(before, true)], present: [.. Shop, Seen.CrashLoop(at: Seen.Noon.AddSeconds(50))]);
        var gone = new BankRig(known: [new KnownEpisode(before, false)], present: Shop).Wait(TimeSpan.FromMinutes(6));

        Assert.Equal(["crash-loop firing"], again.Wait(40).Said);
        Assert.NotEqual(before.Id, again.Signals[0].Id);
        Assert.Equal(["crash-loop resolved"], gone.Said);
    }

    [Fact]
    public void A_sign_that_outlasts_a_healed_fault_is_no_new_fault_after_a_restart_and_a_later_one_is()
    {
        var failed = Seen.Job(failed: Seen.Condition("Failed", true, Seen.Noon, "BackoffLimitExceeded"));
        var next = Seen.Job("nightly-2", Seen.Condition("Failed", true, Seen.Noon.AddMinutes(5), "BackoffLimitExceeded"));
        var before = new BankRig(present: []).See(failed).Signals[0];

        var after = new BankRig(known: [new KnownEpisode(before, true)], present: failed).Wait(TimeSpan.FromMinutes(10));
        Assert.Empty(after.Signals);
        Assert.Equal(["job-failed firing"], after.See(next).Wait(60).Said);
        Assert.NotEqual(before.Id, after.Signals[0].Id);

        var ended = new BankRig(known: [new KnownEpisode(before, true)], present: failed).Wait(60).Gone(failed).Wait(180);
        Assert.Equal(["job-failed resolved"], ended.Said);
    }

    [Fact]
    public void After_a_restart_a_known_fault_whose_sign_must_last_anew_is_not_ended_and_not_told_again()
    {
        var stuck = Seen.Workload(TargetKinds.StatefulSet, "db", updated: 1, ready: 2);
        var before = new BankRig(present: []).See(stuck).Wait(601).Signals[0];

        // Longer than adoption, shorter than what a stateful set must stand still.
        var after = new BankRig(known: [new KnownEpisode(before, false)], present: stuck).Wait(120).See(stuck);
        Assert.Empty(after.Wait(TimeSpan.FromMinutes(7)).Signals);
        Assert.Empty(after.Wait(TimeSpan.FromMinutes(20)).Signals);
        var ended = after.See(Seen.Workload(TargetKinds.StatefulSet, "db")).Wait(130);
        Assert.Equal(["rollout-stuck resolved"], ended.Said);
        Assert.Equal(before.Alert.Fingerprint, ended.Signals[0].Alert.Fingerprint);
    }

    [Fact]
    public void After_a_restart_a_known_job_that_failed_long_ago_is_not_ended()
    {
        var failed = Seen.Job(failed: Seen.Condition("Failed", true, Seen.Noon.AddHours(-3), "BackoffLimitExceeded"));
        var settings = new DetectorSettings { JobFailed = { MaximumAge = TimeSpan.FromHours(4) } };
        var before = new BankRig(settings: settings, present: []).See(failed).Signals[0];

        Assert.Empty(new BankRig(known: [new KnownEpisode(before, false)], present: failed).Wait(TimeSpan.FromMinutes(20)).Signals);
    }

    [Fact]
    public void After_a_restart_a_known_flapping_node_flaps_until_it_has_not_changed_for_the_whole_window()
    {
        var before = new BankRig(present: Node(true, Seen.Noon));
        for (var i = 0; i < 3; i++) before.Wait(10).See(Node(false, before.Now)).Wait(10).See(Node(true, before.Now));
        Assert.Equal("KubeNodeReadinessFlapping", Assert.Single(before.Signals).Alert.Name);

        // Too few changes for this process to call it flapping by itself, and no end of what the last one saw.
        var after = new BankRig(known: [new KnownEpisode(before.Signals[0], false)], present: Node(true, Seen.Noon));
        for (var i = 0; i < 2; i++) after.Wait(230).See(Node(false, after.Now)).Wait(10).See(Node(true, after.Now));
        Assert.Empty(after.Wait(TimeSpan.FromMinutes(14)).Signals);

        Assert.Equal(["node-not-ready resolved"], after.Wait(TimeSpan.FromMinutes(4)).Said);
        Assert.Equal(before.Signals[0].Alert.StartsAt, after.Signals[0].Alert.StartsAt);
    }

    [Fact]
    public void A_known_flapping_node_that_is_away_for_long_in_between_is_not_ended_when_it_is_ready_again()
    {
        var before = new BankRig(present: Node(true, Seen.Noon));
        for (var i = 0; i < 3; i++) before.Wait(10).See(Node(false, before.Now)).Wait(10).See(Node(true, before.Now));

        var after = new BankRig(known: [new KnownEpisode(before.Signals[0], false)], present: Node(false, Seen.Noon)).Wait(60);
        Assert.Empty(after.See(Node(true, after.Now)).Wait(TimeSpan.FromMinutes(10)).Signals);
    }

    [Fact]
    public void After_a_restart_what_ended_well_and_does_not_say_since_when_it_is_there_is_no_new_fault_until_it_was_away()
    {
        var stuck = Seen.Workload(TargetKinds.StatefulSet, "db", updated: 1, ready: 2);
        var before = new BankRig(present: []).See(stuck).Wait(601).Signals[0];

        var after = new BankRig(known: [new KnownEpisode(before, true)], present: stuck);
        Assert.Empty(after.Wait(TimeSpan.FromMinutes(30)).Signals);

        after.See(Seen.Workload(TargetKinds.StatefulSet, "db")).Wait(130);
        Assert.Equal(["rollout-stuck resolved", "rollout-stuck firing"], after.See(stuck).Wait(601).Said);
        Assert.NotEqual(before.Id, after.Signals[1].Id);
    }

    [Fact]
    public void After_a_restart_a_volume_that_was_full_when_it_was_measured_first_is_what_was_told_and_one_that_fills_is_not()
    {
        var before = new BankRig(present: []).See(Seen.Claim(Seen.Noon, 0.95)).Signals[0];

        var after = new BankRig(known: [new KnownEpisode(before, true)], present: []).Wait(30);
        Assert.Empty(after.See(Seen.Claim(after.Now, 0.96)).Wait(TimeSpan.FromMinutes(20)).Signals);

        after.See(Seen.Claim(after.Now, 0.5)).Wait(TimeSpan.FromMinutes(6));
        Assert.Equal(["volume-filling resolved", "volume-filling firing"], after.See(Seen.Claim(after.Now, 0.95)).Wait(60).Said);
    }

    [Fact]
    public void After_a_restart_a_known_volume_is_not_ended_before_it_was_measured_often_enough()
    {
        var full = new BankRig(present: []).See(Seen.Claim(Seen.Noon, 0.95)).Signals[0];
        var filling = new BankRig(present: []);
        for (var i = 0; i < 12; i++) filling.See(Seen.Claim(filling.Now, 0.4 + (i * 0.02))).Wait(30);
        Assert.Equal("PVRunwayShort", filling.Signals[0].Alert.Name);
        var unmeasured = Seen.Claim(Seen.Noon, 0) with { MeasuredAt = null, CapacityBytes = 0 };

        var afterFull = new BankRig(known: [new KnownEpisode(full, false)], present: unmeasured);
        Assert.Empty(afterFull.Wait(TimeSpan.FromMinutes(30)).See(Seen.Claim(afterFull.Now, 0.96)).Wait(60).Signals);
        Assert.Equal(["volume-filling resolved"], afterFull.See(Seen.Claim(afterFull.Now, 0.2)).Wait(TimeSpan.FromMinutes(6)).Said);

        var afterTrend = new BankRig(known: [new KnownEpisode(filling.Signals[0], false)], present: unmeasured);
        Assert.Empty(afterTrend.See(Seen.Claim(afterTrend.Now, 0.7)).Wait(TimeSpan.FromMinutes(20)).Signals);
        Assert.Equal(["volume-filling resolved"], afterTrend.See(Seen.Claim(afterTrend.Now, 0.2)).Wait(TimeSpan.FromMinutes(6)).Said);

        // Whom nobody measures any more is not kept for ever.
        var gone = new BankRig(known: [new KnownEpisode(full, false)], present: unmeasured).Wait(TimeSpan.FromHours(3));
        Assert.Equal(["volume-filling resolved"], gone.Said);
    }

    [Fact]
    public void After_a_restart_known_kills_for_memory_are_not_ended_because_a_container_shows_its_last_end_only()
    {
        var settings = new DetectorSettings { OutOfMemory = { Kills = 2 } };
        ObservedPod Killed(DateTimeOffset at) =>
            Seen.Pod(containers: Seen.Container(restarts: 3, exit: new ObservedExit(137, "OOMKilled", at)));

        var before = new BankRig(settings: settings, present: Shop).See(Killed(Seen.Noon.AddMinutes(-1))).See(Killed(Seen.Noon));

        var after = new BankRig(settings: settings, known: [new KnownEpisode(Assert.Single(before.Signals), false)],
            present: [.. Shop, Killed(Seen.Noon)]);

        Assert.Empty(after.Wait(TimeSpan.FromMinutes(9)).Signals);
        Assert.Equal(["out-of-memory resolved"], after.Wait(TimeSpan.FromMinutes(4)).Said);
    }

    [Fact]
    public void A_clock_that_is_behind_the_clusters_makes_no_hold_longer()
    {
        var rig = new BankRig(present: Node(true, Seen.Noon)).See(Node(false, Seen.Noon.AddMinutes(30)));
        Assert.Empty(rig.Wait(14).Signals);

        // It stays told while it lasts, whenever it is looked at again.
        Assert.Equal(["node-not-ready firing"], rig.Wait(TimeSpan.FromMinutes(10)).Said);
    }

    [Fact]
    public void What_has_not_come_yet_is_not_over()
    {
        var before = new BankRig(present: Shop).See(Seen.CrashLoop()).Signals[0];
        var bank = new DetectorBank(
            [.. DetectorCatalogue.All(new DetectorSettings()).Select(row => row.Detector)], Seen.Everything);
        bank.Adopt([new KnownEpisode(before, false)]);

        Assert.Empty(bank.Synced(Seen.Noon, isComplete: false));
        Assert.Empty(bank.Tick(Seen.Noon.AddHours(1)));
        bank.Complete(Seen.Noon.AddHours(1));
        Assert.Empty(bank.Tick(Seen.Noon.AddHours(1)));
        Assert.Equal(AlertStatus.Resolved, Assert.Single(bank.Tick(Seen.Noon.AddHours(1) + BankLimits.Adoption)).Alert.Status);
    }

    [Fact]
    public void A_fault_that_comes_back_before_it_counts_as_over_is_sent_once_more()
    {
        var rig = new BankRig(present: Shop).See(Seen.CrashLoop()).Gone(Seen.CrashLoop()).Wait(60);

        rig.See(Seen.CrashLoop("web-1-b", at: rig.Now));

        Assert.Equal(["crash-loop firing", "crash-loop firing"], rig.Said);
        Assert.NotEqual(rig.Signals[0].Id, rig.Signals[1].Id);
    }

    [Fact]
    public void Flapping_is_damped_and_what_waited_is_sent_when_there_is_room()
    {
        var rig = new BankRig(present: Shop);
        for (var i = 0; i < 100; i++)
        {
            rig.See(Seen.CrashLoop(at: rig.Now)).Wait(10).See(Seen.Pod()).Wait(10);
        }

        Assert.Equal(BankLimits.SignalsPerHour, rig.Signals.Count);
        Assert.All(rig.Signals.Zip(rig.Signals.Skip(1)), pair =>
            Assert.True(pair.Second.ReceivedAt - pair.First.ReceivedAt >= BankLimits.BetweenSignals));

        rig.See(Seen.CrashLoop(at: rig.Now)).Wait(TimeSpan.FromHours(1));
        Assert.Equal(BankLimits.SignalsPerHour + 1, rig.Signals.Count);
    }

    [Fact]
    public void Only_what_is_in_scope_is_sent()
    {
        var closed = new WatchScope(false, new HashSet<string>(), false);
        Observed marked = new ObservedNamespace(Seen.Info(TargetKinds.Namespace, Seen.Space) with { IsMarked = true }, false);
        var workload = Seen.Workload();
        workload = workload with { Info = workload.Info with { IsMarked = true } };

        Assert.Empty(new BankRig(closed, present: Shop).See(Seen.CrashLoop(), Seen.Node(ready: false)).Wait(60).Signals);
        var named = new WatchScope(false, new HashSet<string> { Seen.Space }, false);
        Assert.Single(new BankRig(named, present: Shop).See(Seen.CrashLoop()).Signals);
        Assert.Single(new BankRig(closed, present: [.. Shop, marked]).See(Seen.CrashLoop()).Signals);
        Assert.Single(new BankRig(closed, present: [.. Shop, workload]).See(Seen.CrashLoop()).Signals);
        // A mark that comes later puts into scope what is there already.
        Assert.Single(new BankRig(closed, present: [.. Shop, Seen.CrashLoop()]).See(marked).Signals);
    }

    [Fact]
    public void A_marked_workload_that_comes_after_its_pods_brings_them_into_scope_whatever_comes_last()
    {
        var closed = new WatchScope(false, new HashSet<string>(), false);
        var pod = Seen.Pod() with
        {
            Node = null, Phase = "Pending", Conditions = [Seen.Condition("PodScheduled", false, Seen.Noon, "Unschedulable", "no room")],
        };
        var marked = Seen.Workload();
        marked = marked with { Info = marked.Info with { IsMarked = true } };

        Assert.Equal(["unschedulable firing"], new BankRig(closed, present: [pod, Seen.ReplicaSet()]).See(marked).Wait(120).Said);
        Assert.Equal(["unschedulable firing"], new BankRig(closed, present: [pod, marked]).See(Seen.ReplicaSet()).Wait(120).Said);
        Assert.Empty(new BankRig(closed, present: [pod, Seen.ReplicaSet()]).See(Seen.Workload()).Wait(120).Said);
    }

    [Fact]
    public void Maintenance_is_no_fault_until_it_ends()
    {
        var until = Seen.Noon.AddMinutes(10);
        var kept = Seen.Workload();
        kept = kept with { Info = kept.Info with { MaintenanceUntil = until } };
        Observed space = new ObservedNamespace(Seen.Info(TargetKinds.Namespace, Seen.Space), IsTerminating: true);

        var rig = new BankRig(present: [kept, Seen.ReplicaSet()]).See(Seen.CrashLoop()).Wait(TimeSpan.FromMinutes(9));
        Assert.Empty(rig.Signals);
        Assert.Equal(["crash-loop firing"], rig.Wait(TimeSpan.FromMinutes(2)).Said);
        Assert.Empty(new BankRig(present: [.. Shop, space]).See(Seen.CrashLoop()).Wait(600).Signals);
    }

    [Fact]
    public void A_fault_that_goes_on_under_the_same_time_after_an_end_is_not_taken_for_a_copy()
    {
        var node = Seen.Node(ready: false);
        var kept = node with { Info = node.Info with { MaintenanceUntil = Seen.Noon.AddMinutes(10) } };

        var rig = new BankRig(present: []).See(node).Wait(20).See(kept).Wait(TimeSpan.FromMinutes(12));

        Assert.Equal(["node-not-ready firing", "node-not-ready resolved", "node-not-ready firing"], rig.Said);
        Assert.Equal(3, rig.Signals.Select(signal => signal.Id).Distinct().Count());
    }

    [Fact]
    public void Nothing_is_kept_of_objects_that_are_gone()
    {
        var rig = new BankRig(present: [Seen.Workload(), Seen.ReplicaSet()]);
        for (var i = 0; i < 500; i++)
        {
            var pod = Seen.CrashLoop($"web-1-{i}", at: rig.Now);
            rig.See(pod).Wait(1).Gone(pod);
        }

        rig.Wait(TimeSpan.FromHours(3));

        Assert.Equal((2, 0), (rig.Bank.Cluster.Count, rig.Bank.Remembered));
        Assert.Null(rig.Bank.NextDue);
    }

    [Fact]
    public void A_detector_that_fails_on_an_object_is_told_once_and_the_others_go_on()
    {
        IDetector[] detectors = [new Broken(), .. DetectorCatalogue.All(new DetectorSettings()).Select(row => row.Detector)];

        var rig = new BankRig(detectors: detectors, present: Shop).See(Seen.CrashLoop(), Seen.CrashLoop("web-1-b"));

        Assert.Equal(["crash-loop firing"], rig.Said);
        Assert.Equal(["broken on Pod shop/web-1-a: no such luck"], rig.Faults);
    }

    [Fact]
    public void Evidence_is_bounded_and_without_control_characters()
    {
        var pod = Seen.Pod() with
        {
            Node = null,
            Conditions =
            [
                Seen.Condition("PodScheduled", false, Seen.Noon.AddHours(-1), "Unschedulable", "\u001b[31m" + new string('x', 9_000)),
            ],
        };

        var text = Assert.Single(new BankRig(present: Shop).See(pod).Signals).Alert.Annotations;

        Assert.All(text.Values, value => Assert.True(value.Length <= BankLimits.EvidenceLength && !value.Contains('\u001b')));
    }

    private static ObservedNode Node(bool ready, DateTimeOffset since) =>
        Seen.Node() with { Conditions = [Seen.Condition("Ready", ready, since)] };
    /// <summary>Fails on whatever it sees.</summary>
    private sealed class Broken : IDetector
    {
        public DetectorInfo Info { get; } = new("broken", "None", [TargetKinds.Pod], "", "");

        public TimeSpan ClearAfter => TimeSpan.FromMinutes(1);

        public Judgement Judge(Observed current, Look look) => throw new InvalidOperationException("no such luck");
    }
}

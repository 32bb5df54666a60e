namespace Heal.Healing.Tests;

/// <summary>What a domain shows, and what is concluded from it.</summary>
public sealed class MachineJudgementTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TargetReference Target = new("hv1", TargetKinds.VirtualMachine, "", "web");

    [Theory]
    [InlineData("destroyed", "", StopKind.Intended)]
    [InlineData("shutdown", "", StopKind.Intended)]
    [InlineData("saved", "", StopKind.Intended)]
    [InlineData("migrated", "", StopKind.Intended)]
    [InlineData("crashed", "stopped failed", StopKind.Killed)]
    [InlineData("crashed", "stopped crashed, crashed panicked", StopKind.Panicked)]
    [InlineData("crashed", "", StopKind.Unseen)]
    [InlineData("crashed", "started booted, crashed panicked", StopKind.Unseen)]
    [InlineData("failed", "stopped failed", StopKind.FailedToStart)]
    [InlineData("daemon", "", StopKind.Unseen)]
    [InlineData("destroyed", "stopped destroyed, watchdog poweroff", StopKind.Watchdog)]
    [InlineData("unknown", "", StopKind.Unseen)]
    [InlineData("unknown", "stopped failed", StopKind.Killed)]
    public void How_a_guest_stopped_is_told_from_libvirts_reason_and_what_was_heard(string reason, string events, StopKind expected) =>
        Assert.Equal(expected, StopPolicy.Judge(Off(reason, events)).Kind);

    [Fact]
    public void A_guest_that_should_be_off_is_off_by_intent_however_it_stopped() =>
        Assert.Equal(StopKind.Intended, StopPolicy.Judge(Off("crashed", "stopped failed", desired: "stopped")).Kind);

    [Fact]
    public void A_guests_own_poweroff_is_a_fault_where_the_settings_say_so_and_it_should_run()
    {
        var strict = new MachineThresholds { GuestPowerOffIsIntent = false };

        Assert.Equal(StopKind.NotStarted, StopPolicy.Judge(Off("shutdown", "") with { Thresholds = strict }).Kind);
        Assert.Equal(StopKind.Intended, StopPolicy.Judge(Off("shutdown", "", desired: null) with { Thresholds = strict }).Kind);
    }

    [Fact]
    public void A_stop_that_an_operation_of_ours_ordered_is_no_fault()
    {
        var off = Off("destroyed", "stopped destroyed, watchdog pause");
        var ours = off with { Domain = off.Domain! with { Operation = new OperationMark("incident-1/1/1", 4, true) } };

        Assert.Equal(StopKind.Intended, StopPolicy.Judge(ours).Kind);
        Assert.Contains("incident-1/1/1", StopPolicy.Judge(ours).Reason);
    }

    [Theory]
    [InlineData("destroyed", "stopped destroyed", 1, StopKind.Intended)]
    [InlineData("destroyed", "stopped destroyed", 10, StopKind.NotStarted)]
    [InlineData("destroyed", "", 10, StopKind.NotStarted)]
    [InlineData("unknown", "stopped destroyed", 10, StopKind.NotStarted)]
    [InlineData("saved", "stopped saved", 10, StopKind.Intended)]
    [InlineData("crashed", "stopped failed", 1, StopKind.Killed)]
    public void A_restart_of_ours_that_was_given_up_half_way_is_nobodys_intent(string reason, string events, int minutes, StopKind expected)
    {
        var off = Off(reason, events, minutes: minutes);
        var half = off with { Domain = off.Domain! with { Operation = new OperationMark("incident-1/1/1", 4, true, Restarts: true) } };
        var another = half with { Domain = half.Domain! with { LastRunId = 5 } };

        Assert.Equal(expected, StopPolicy.Judge(half).Kind);
        Assert.NotEqual(StopKind.NotStarted, StopPolicy.Judge(another).Kind);
        Assert.Equal(StopKind.Intended, StopPolicy.Judge(half with { Domain = half.Domain! with { Desired = "stopped" } }).Kind);
    }

    [Fact]
    public void A_stop_that_was_seen_to_be_meant_stays_so_after_libvirt_forgot_why()
    {
        var off = Off("unknown", "");

        Assert.False(StopPolicy.Judge(off with { Domain = off.Domain! with { StoppedBy = "somebody ended it (destroyed)" } }).IsFault);
        Assert.Equal(StopKind.NotStarted, StopPolicy.Judge(off with { Domain = off.Domain! with { RanAt = null } }).Kind);
        Assert.Equal(StopKind.Intended, StopPolicy.Judge(Off("unknown", "", desired: null)).Kind);
    }

    [Theory]
    [InlineData("running", "booted", DetectionVerdict.Healthy)]
    [InlineData("paused", "user", DetectionVerdict.Healthy)]
    [InlineData("paused", "migration", DetectionVerdict.Healthy)]
    [InlineData("paused", "watchdog", DetectionVerdict.Faulty)]
    [InlineData("paused", "io-error", DetectionVerdict.Faulty)]
    [InlineData("crashed", "panicked", DetectionVerdict.Faulty)]
    public void A_state_is_judged_with_its_reason(string state, string reason, DetectionVerdict expected) =>
        Assert.Equal(expected, MachineHealth.Judge(Target, Of(state, reason, "started booted")).Verdict);

    [Fact]
    public void What_is_faulty_is_always_explained_with_evidence_and_what_was_not_is_rejected_with_a_reason()
    {
        var machine = Off("crashed", "stopped failed");

        var diagnosis = MachineDiagnostician.Diagnose(Target, machine, []);

        Assert.Equal(MachineCauses.GuestKilled, Assert.Single(diagnosis.Hypotheses).Cause);
        Assert.Equal(["domain/web", "event/0"], diagnosis.Hypotheses[0].Evidence);
        Assert.Equal(14, diagnosis.Rejected.Count);
        Assert.All(diagnosis.Rejected, item => Assert.NotEmpty(item.Reason));
    }

    [Fact]
    public void Want_of_space_and_a_broken_image_are_told_apart()
    {
        var paused = Of("paused", "io-error", "started booted");
        var disk = new DiskEvidence("disk/vda", "vda", "/pool/web.qcow2", true, "unspecified", "pool/data", 10, 10);
        var pool = new PoolEvidence("pool/data", "data", true, "running", "/pool", 1L << 30, 1L << 30, 0);

        Assert.Equal(MachineCauses.DiskBroken, Leading(paused with { Disks = [disk] }));
        Assert.Equal(MachineCauses.PausedOnIoError, Leading(paused with { Disks = [disk], Pools = [pool] }));
        Assert.Equal(MachineCauses.PausedOnIoError, Leading(paused with { Disks = [disk with { Error = "no-space" }] }));
    }

    [Fact]
    public void An_agent_that_went_silent_is_a_hint_and_with_vcpus_that_stand_still_a_reason()
    {
        var silent = Of("running", "booted", "agent disconnected, agent connected, started booted", minutes: 5);
        var still = silent with { Domain = silent.Domain! with { Progress = new GuestProgress(0, 0, 0, 0, 0, TimeSpan.FromSeconds(1)) } };

        Assert.Equal(0.5, MachineDiagnostician.Diagnose(Target, silent, []).Leading()!.Confidence);
        Assert.Equal(0.8, MachineDiagnostician.Diagnose(Target, still, []).Leading()!.Confidence);
        Assert.Null(MachineBank.FaultOf(Target, "uid", silent));
    }

    [Theory]
    [InlineData(null, 100, 2L << 20, null, true)]
    [InlineData(null, 100, 4096L, 0L, false)]
    [InlineData(null, 100, 4096L, 300L, true)]
    [InlineData(null, 100, null, null, true)]
    [InlineData(null, 0, 2L << 20, 300L, false)]
    [InlineData(true, 0, null, null, true)]
    public void A_guest_is_up_by_its_agent_or_by_more_than_firmware_does(bool? agent, long vcpu, long? block, long? sent, bool expected) =>
        Assert.Equal(expected, GuestProof.Judge(agent, new GuestProgress(vcpu, 0, 0, block, sent, TimeSpan.FromSeconds(1))).Proven);

    [Fact]
    public void A_guest_that_shows_nothing_else_is_up_when_its_kernel_reports_its_memory_in_this_boot()
    {
        var silent = new GuestProgress(100, 0, 0, null, null, TimeSpan.FromSeconds(1)) { TellsMemory = true };
        var told = silent with { MemoryToldAt = 1_000 };

        Assert.False(GuestProof.Judge(null, silent).Proven);
        Assert.True(GuestProof.Judge(null, told).Proven);
        Assert.False(GuestProof.Judge(null, told.Since(told)).Proven);
    }

    [Theory]
    [InlineData("<vm desired='running' autonomy='act'/>", "running", null)]
    [InlineData("<vm desired='later'/>", null, "desired")]
    [InlineData("<other/>", null, "expected the element vm")]
    [InlineData("<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><vm desired='&a;'/>", null, "no XML element")]
    [InlineData("<vm", null, "no XML element")]
    public void A_mark_is_read_or_its_fault_is_named(string xml, string? desired, string? fault)
    {
        var mark = MachineMark.Read(xml)!;

        Assert.Equal(desired, mark.Desired);
        if (fault is null) Assert.Null(mark.Fault);
        else Assert.Contains(fault, mark.Fault);
        if (fault is not null) Assert.Equal(Autonomy.Observe, mark.Setting("web")!.Level);
    }

    [Fact]
    public void A_mark_of_an_operation_comes_back_as_it_was_written()
    {
        var mark = new OperationMark("incident-<&>/1", 7, true);
        var half = mark with { Restarts = true, IsDone = false };

        Assert.Equal(mark, OperationMark.Read(mark.ToXml()));
        Assert.Equal(half, OperationMark.Read(half.ToXml()));
        Assert.Null(OperationMark.Read("<operation/>"));
    }

    private static string Leading(MachineEvidence machine) => MachineDiagnostician.Diagnose(Target, machine, []).Leading()!.Cause;

    [Theory]
    [InlineData(true, true, StopKind.Intended, MachineCauses.LeftCopy)]
    [InlineData(true, false, StopKind.Intended, null)]
    [InlineData(null, null, StopKind.Intended, null)]
    [InlineData(false, false, StopKind.Killed, MachineCauses.GuestKilled)]
    public void A_guest_that_was_restarted_elsewhere_is_not_started_here_unless_it_is_not_there(
        bool? isThere, bool? runsThere, StopKind stop, string? cause)
    {
        var off = Off("crashed", "stopped failed");
        var moved = off with { Domain = off.Domain! with { Moved = new MoveEvidence("hv2", Now.AddMinutes(-9), isThere, runsThere) } };

        Assert.Equal(stop, StopPolicy.Judge(moved).Kind);
        Assert.Equal(cause, MachineDiagnostician.Diagnose(Target, moved, []).Hypotheses is [var first, ..] ? first.Cause : null);
    }

    [Fact]
    public void A_guest_that_runs_on_two_hosts_is_for_people_to_decide()
    {
        var here = Of("running", "booted", "started booted");
        var twice = here with { Domain = here.Domain! with { Moved = new MoveEvidence("hv2", Now.AddMinutes(-9), true, true) } };

        Assert.Equal(MachineCauses.GuestRunsTwice, MachineDiagnostician.Diagnose(Target, twice, []).Leading()!.Cause);
    }

    [Fact]
    public void A_host_on_which_somebody_works_is_neither_down_nor_overcommitted()
    {
        var host = new TargetReference("hv1", TargetKinds.Hypervisor, "", "hv1");
        var silent = new MachineEvidence(Now, new HypervisorEvidence(
            "host/hv1", "hv1", false, "no route", Now.AddMinutes(-9), null, null, null, null, 0, 0, null));
        var full = new MachineEvidence(Now, new HypervisorEvidence(
            "host/hv1", "hv1", true, null, Now, null, 8, 1L << 30, 0, 3, 3, 1L << 34));
        var maintenance = new MaintenanceEvidence("ann", "disks", Now.AddHours(-1), null);

        foreach (var (seen, cause) in new[] { (silent, MachineCauses.HypervisorDown), (full, MachineCauses.HypervisorOvercommitted) })
        {
            Assert.Equal(cause, MachineDiagnostician.Diagnose(host, seen, []).Leading()!.Cause);
            var quiet = MachineDiagnostician.Diagnose(host, seen with { Host = seen.Host with { Maintenance = maintenance } }, []);
            Assert.Empty(quiet.Hypotheses);
            Assert.Contains(quiet.Rejected, item => item.Reason.Contains("by ann: disks", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_mark_that_asks_for_something_else_than_a_restart_allows_nothing()
    {
        Assert.Equal("restart", MachineMark.Read("<vm ha='restart' autonomy='act'/>")!.Ha);
        Assert.Contains("ha: expected restart or none", MachineMark.Read("<vm ha='yes' autonomy='act'/>")!.Fault, StringComparison.Ordinal);
        Assert.Null(MachineMark.Read("<vm ha='yes' autonomy='act'/>")!.Ha);
    }

    private static MachineEvidence Off(string reason, string events, string? desired = "running", int minutes = 0)
    {
        var off = Of("shutoff", reason, events, minutes);
        return off with { Domain = off.Domain! with { RunId = null, Desired = desired } };
    }

    // Events as "kind detail, kind detail", the newest first.
    private static MachineEvidence Of(string state, string reason, string events, int minutes = 0) => new(
        Now, new HypervisorEvidence("host/hv1", "hv1", true, null, Now, "9.0.0", 8, 1L << 34, 1L << 33, 1, 1, 1L << 30))
    {
        Domain = new DomainEvidence(
            "domain/web", "00000000-0000-0000-0000-000000000001", "web", state, reason, 4, true, "running", "destroy", 1, 1024, 1024, 4,
            Now.AddHours(-1), null, null),
        Events =
        [
            .. events.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select((text, index) => new MachineEvent(
                $"event/{index}", Now.AddMinutes(-minutes - index), text.Split(' ')[0], text.Split(' ')[1])),
        ],
    };
}

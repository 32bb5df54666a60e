using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>From a fault of a guest to its end: what is heard, what is concluded, what is done, and what the guest is like after
/// it.</summary>
public sealed class MachineFaultTests(MachineStore store) : IClassFixture<MachineStore>
{
    [Theory]
    [InlineData("kill", "LibvirtDomainCrashed", MachineCauses.GuestKilled, "vm_start")]
    [InlineData("panic", "LibvirtDomainCrashed", MachineCauses.GuestPanicked, "vm_start")]
    [InlineData("panic-kept", "LibvirtDomainCrashed", MachineCauses.GuestPanicked, "vm_restart")]
    [InlineData("watchdog-pause", "LibvirtDomainWatchdog", MachineCauses.GuestWatchdog, "vm_restart")]
    [InlineData("watchdog-none", "LibvirtDomainWatchdog", MachineCauses.GuestWatchdog, "vm_reset")]
    [InlineData("watchdog-poweroff", "LibvirtDomainWatchdog", MachineCauses.GuestWatchdog, "vm_start")]
    public async Task A_guest_that_failed_is_signalled_explained_and_up_again(string fault, string alert, string cause, string action)
    {
        var rig = new MachineRig(store);
        var guest = rig.Guest();
        await rig.LookAsync();

        var signal = Assert.Single(await rig.HearAsync(() => Break(rig, fault)));
        var evidence = await rig.CollectAsync();
        var detection = DetectionPolicy.Judge(evidence);
        var diagnosis = Diagnostician.Diagnose(evidence, detection);
        var request = rig.Request(action);
        var refusal = rig.Action(action).Refusal(evidence, request.Parameters);
        ActionResult? result = null;
        await rig.HearAsync(async () => result = await rig.Action(action).RunAsync(request, CancellationToken.None));
        var look = await rig.Action(action).LookAsync(request.Key, request.Target, CancellationToken.None);

        Assert.Equal((alert, rig.Host.Name, "web"), (signal.Alert.Name, signal.Target!.Host, signal.Target.Name));
        Assert.Equal(DetectionVerdict.Faulty, detection.Verdict);
        Assert.Equal(cause, diagnosis.Leading()!.Cause);
        Assert.NotEmpty(diagnosis.Leading()!.Evidence);
        Assert.NotEmpty(diagnosis.Rejected);
        Assert.Null(refusal);
        Assert.True(result!.IsApplied, result.Detail);
        Assert.Equal(VerificationVerdict.Healthy, look.Verdict);
        Assert.Equal((2, true), (guest.Boot, guest.IsUp));
        Assert.Equal(DetectionVerdict.Healthy, DetectionPolicy.Judge(await rig.CollectAsync()).Verdict);
    }

    [Fact]
    public async Task A_guest_that_died_while_libvirtd_was_down_is_found_when_it_is_back_and_started()
    {
        var rig = new MachineRig(store);
        var guest = rig.Guest();
        await rig.LookAsync();
        rig.Host.StopDaemon();
        Assert.Empty(await rig.LookAsync());
        rig.Host.Guests.Kill("web");
        rig.Host.StartDaemon();

        var signal = Assert.Single(await rig.LookAsync());
        var evidence = await rig.CollectAsync();
        var result = await rig.Action("vm_start").RunAsync(rig.Request("vm_start"), CancellationToken.None);

        Assert.Equal("LibvirtDomainUnexpectedShutoff", signal.Alert.Name);
        Assert.Equal(MachineCauses.StoppedWhileHostDaemonDown,
            Diagnostician.Diagnose(evidence, DetectionPolicy.Judge(evidence)).Leading()!.Cause);
        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal(2, guest.Boot);
    }

    [Fact]
    public async Task A_guest_that_died_while_the_healer_was_down_is_found_by_the_next_one_once()
    {
        var rig = new MachineRig(store);
        rig.Guest();
        await rig.LookAsync();
        rig.Host.Guests.Kill("web");

        await rig.RestartAsync();
        var found = await rig.LookAsync();
        var again = await rig.LookAsync();

        Assert.Equal("LibvirtDomainUnexpectedShutoff", Assert.Single(found).Alert.Name);
        Assert.Empty(again);
    }

    [Theory]
    [InlineData("destroy")]
    [InlineData("poweroff")]
    public async Task What_a_person_or_the_guest_itself_stopped_is_no_fault_even_after_libvirt_forgot_the_reason(string how)
    {
        var rig = new MachineRig(store);
        var guest = rig.Guest();
        await rig.LookAsync();

        var heard = await rig.HearAsync(() => Break(rig, how));
        guest.Reason = "unknown";
        await rig.RestartAsync();
        var after = await rig.LookAsync();
        var detection = DetectionPolicy.Judge(await rig.CollectAsync());

        Assert.Empty(heard);
        Assert.Empty(after);
        Assert.Equal(DetectionVerdict.Healthy, detection.Verdict);
        Assert.NotNull(rig.Action("vm_start").Refusal(await rig.CollectAsync(), rig.Request("vm_start").Parameters));
    }

    [Fact]
    public async Task A_guest_without_a_mark_is_not_acted_on_when_the_settings_say_observe()
    {
        var rig = new MachineRig(store);
        rig.Options.Autonomy = Autonomy.Observe;
        rig.Host.Guests.Add("web");
        await rig.LookAsync();

        var heard = await rig.HearAsync(() => rig.Host.Guests.Kill("web"));

        Assert.Empty(heard);
        Assert.Equal(Autonomy.Observe, (await rig.CollectAsync()).Autonomy.Level);
    }

    [Fact]
    public async Task A_mark_that_cannot_be_read_allows_nothing_and_says_why()
    {
        var rig = new MachineRig(store);
        rig.Guest("<vm desired='running' autonomy='everything'/>");

        var autonomy = (await rig.CollectAsync()).Autonomy;

        Assert.Equal(Autonomy.Observe, autonomy.Level);
        Assert.Contains("everything", autonomy.Source);
    }

    [Fact]
    public async Task A_guest_that_found_no_space_runs_on_only_once_there_is_some()
    {
        var rig = new MachineRig(store);
        var pool = rig.Host.Pools.Add("data", capacity: 1L << 30);
        rig.Host.Pools.AddVolume("data", "web.qcow2", 1L << 28);
        var guest = rig.Host.Guests.Add("web", xml: Some.Domain("web", "/pools/data/web.qcow2"));
        await rig.LookAsync();

        var heard = Assert.Single(await rig.HearAsync(() => rig.Host.Guests.RunOutOfSpace("web")));
        var full = await rig.CollectAsync();
        var refused = rig.Action("vm_resume_after_io").Refusal(full, rig.Request("vm_resume_after_io").Parameters);
        pool.UncountedBytes = -pool.OtherBytes;
        rig.Time.Leap(TimeSpan.FromMinutes(1));
        var news = Assert.Single(await rig.LookAsync(), signal => signal.Alert.Status == AlertStatus.Firing);
        var result = await rig.Action("vm_resume_after_io").RunAsync(rig.Request("vm_resume_after_io"), CancellationToken.None);

        Assert.Equal("LibvirtDomainPausedIOError", heard.Alert.Name);
        Assert.Equal(MachineCauses.PausedOnIoError, Diagnostician.Diagnose(full, DetectionPolicy.Judge(full)).Leading()!.Cause);
        Assert.Contains("bytes left", refused);
        Assert.NotEqual(heard.Id, news.Id);
        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal((1, true), (guest.Boot, guest.IsUp));
    }

    [Fact]
    public async Task A_broken_image_is_told_apart_from_want_of_space_and_nothing_is_done()
    {
        var rig = new MachineRig(store);
        rig.Guest();
        await rig.LookAsync();
        await rig.HearAsync(() => rig.Host.Guests.BreakImage("web"));

        var evidence = await rig.CollectAsync();
        var diagnosis = Diagnostician.Diagnose(evidence, DetectionPolicy.Judge(evidence));

        Assert.Equal(MachineCauses.DiskBroken, diagnosis.Leading()!.Cause);
        Assert.Contains(diagnosis.Rejected, item => item.Cause == MachineCauses.PausedOnIoError);
        Assert.NotNull(rig.Action("vm_resume_after_io").Refusal(evidence, rig.Request("vm_resume_after_io").Parameters));
    }

    [Fact]
    public async Task A_guest_whose_disk_is_gone_is_not_started_and_the_disk_is_named()
    {
        var rig = new MachineRig(store);
        rig.Guest();
        await rig.LookAsync();
        rig.Host.Guests.MissingFiles.Add("/images/web.qcow2");
        await rig.HearAsync(() => rig.Host.Guests.Kill("web"));

        var evidence = await rig.CollectAsync();
        var diagnosis = Diagnostician.Diagnose(evidence, DetectionPolicy.Judge(evidence));
        var result = await rig.Action("vm_start").RunAsync(rig.Request("vm_start"), CancellationToken.None);

        Assert.Equal(MachineCauses.BootFailure, diagnosis.Leading()!.Cause);
        Assert.Contains("/images/web.qcow2", diagnosis.Leading()!.Statement);
        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Equal(0, rig.Host.Calls("Start"));
    }

    [Fact]
    public async Task A_start_that_brings_no_guest_up_is_said_to_have_no_effect()
    {
        var rig = new MachineRig(store);
        var guest = rig.Guest();
        await rig.LookAsync();
        guest.Boots = false;
        await rig.HearAsync(() => rig.Host.Guests.Kill("web"));
        var request = rig.Request("vm_start");

        await Assert.ThrowsAsync<EffectPendingException>(() => rig.Action("vm_start").RunAsync(request, CancellationToken.None));
        rig.Time.Leap(TimeSpan.FromMinutes(5));
        var result = await rig.Action("vm_start").RunAsync(request, CancellationToken.None);

        Assert.Equal(ActionStatus.NoEffect, result.Status);
        Assert.Contains("stand still", result.Detail);
        Assert.Equal(2, guest.Boot);
    }

    [Theory]
    [InlineData(true, "/vm_detach_disk of the healer took device plugged-vdb")]
    [InlineData(false, "device plugged-vdb was taken from the guest: by somebody, or by the guest itself")]
    public async Task A_device_that_is_removed_is_a_signal_that_says_whether_an_operation_of_ours_did_it(bool ours, string expected)
    {
        const string Disk = "<disk type='file' device='disk'><source file='/images/more.qcow2'/><target dev='vdb' bus='virtio'/></disk>";
        var rig = new MachineRig(store);
        var guest = rig.Guest();
        await rig.Host.Guests.AttachDeviceAsync(guest.Uuid, Disk);
        await rig.LookAsync();

        var signal = Assert.Single(await rig.HearAsync(async () =>
        {
            if (ours)
            {
                var request = rig.Request("vm_detach_disk", parameters: [("device", "vdb"), ("path", "/images/more.qcow2")]);
                var result = await rig.Action("vm_detach_disk").RunAsync(request, CancellationToken.None);
                Assert.True(result.IsApplied, result.Detail);
            }
            else
            {
                await rig.Host.Guests.DetachDeviceAsync(guest.Uuid, Disk);
            }
        }));

        Assert.Equal(("LibvirtDomainEvent", "web", "info"),
            (signal.Alert.Name, signal.Target!.Name, signal.Alert.Label("severity")));
        Assert.Contains(expected, signal.Alert.Annotations["summary"]);
        Assert.Contains("device-removed plugged-vdb", signal.Alert.Annotations["evidence"]);
        Assert.Equal(DetectionVerdict.Healthy, DetectionPolicy.Judge(await rig.CollectAsync()).Verdict);
    }

    [Fact]
    public async Task Notes_of_a_guest_that_tells_without_end_are_bounded_and_a_fault_is_told_all_the_same()
    {
        var rig = new MachineRig(store);
        var guest = rig.Guest();
        await rig.LookAsync();

        var notes = await rig.HearAsync(() =>
        {
            for (var i = 0; i < 2 * BankLimits.NotesPerHour; i++)
            {
                rig.Host.Raise(new Heal.Drivers.Libvirt.RebootEvent(rig.Time.GetUtcNow().AddMilliseconds(i), guest.Uuid, guest.Name));
            }
        });
        var fault = await rig.HearAsync(() => rig.Host.Guests.Kill("web"));

        Assert.Equal(BankLimits.NotesPerHour, notes.Select(note => note.Id).Distinct().Count());
        Assert.Equal("LibvirtDomainCrashed", Assert.Single(fault).Alert.Name);
    }

    [Theory]
    [InlineData("kill")]
    [InlineData("panic")]
    [InlineData("panic-kept")]
    public async Task A_guest_that_dies_again_after_its_start_is_said_to_have_failed_anew_at_once(string how)
    {
        var rig = new MachineRig(store);
        rig.Guest();
        await rig.LookAsync();
        await rig.HearAsync(() => rig.Host.Guests.Kill("web"));
        var request = rig.Request("vm_start");
        var started = await rig.Action("vm_start").RunAsync(request, CancellationToken.None);
        var up = await rig.Action("vm_start").LookAsync(request.Key, request.Target, CancellationToken.None);
        await rig.HearAsync(() => Break(rig, how));
        var again = await rig.Action("vm_start").LookAsync(request.Key, request.Target, CancellationToken.None);

        Assert.True(started.IsApplied, started.Detail);
        Assert.Equal(VerificationVerdict.Healthy, up.Verdict);
        Assert.Equal(VerificationVerdict.BrokenAgain, again.Verdict);
        Assert.Contains(how == "kill" ? "its emulator died" : "panicked", again.Detail);
    }

    [Fact]
    public async Task A_guest_that_somebody_ends_after_its_start_has_not_failed_anew()
    {
        var rig = new MachineRig(store);
        rig.Guest();
        await rig.LookAsync();
        await rig.HearAsync(() => rig.Host.Guests.Kill("web"));
        var request = rig.Request("vm_start");
        await rig.Action("vm_start").RunAsync(request, CancellationToken.None);
        await rig.HearAsync(() => Break(rig, "destroy"));

        var look = await rig.Action("vm_start").LookAsync(request.Key, request.Target, CancellationToken.None);

        Assert.Equal(VerificationVerdict.NotHealthy, look.Verdict);
    }

    [Fact]
    public async Task A_host_that_is_silent_for_seconds_is_no_fault_and_one_that_stays_so_is()
    {
        var rig = new MachineRig(store);
        rig.Guest();
        await rig.LookAsync();
        rig.Host.StopDaemon();
        rig.Inventory.Hear(new Heal.Drivers.Libvirt.DisconnectedEvent(rig.Time.GetUtcNow(), "eof"));

        var first = await rig.LookAsync();
        var early = DetectionPolicy.Judge(await rig.CollectAsync());
        rig.Time.Leap(TimeSpan.FromSeconds(31));
        var later = Assert.Single(await rig.LookAsync());

        Assert.Empty(first);
        Assert.Equal(DetectionVerdict.TooEarly, early.Verdict);
        Assert.Equal(("LibvirtdUnresponsive", TargetKinds.Hypervisor), (later.Alert.Name, later.Target!.Kind));
    }

    [Fact]
    public async Task An_emulator_that_hangs_beside_a_guest_hides_its_counters_and_is_no_fault_of_guest_or_host()
    {
        var rig = new MachineRig(store);
        rig.Guest();
        await rig.LookAsync();
        rig.Time.Leap(TimeSpan.FromMinutes(1));
        rig.Host.TimeOut("GetStats");

        var evidence = await rig.CollectAsync();
        var again = await rig.CollectAsync();

        Assert.True(evidence.Machine!.Host.Reachable);
        Assert.Contains(evidence.Gaps, gap => gap.StartsWith("counters: GetStats was not answered", StringComparison.Ordinal));
        Assert.Equal(DetectionVerdict.Healthy, DetectionPolicy.Judge(evidence).Verdict);
        Assert.True(again.Machine!.Domain!.Progress!.Moves);
        Assert.Empty(await rig.LookAsync());
    }

    [Theory]
    [InlineData("名前-ψ-🦀")]
    [InlineData("'; virsh destroy all; '")]
    [InlineData("$(reboot) `reboot` ${HOME} %s {0}")]
    [InlineData("a\"b&c<d>")]
    public async Task A_strange_name_is_only_a_name_from_the_signal_to_the_ledger(string name)
    {
        var rig = new MachineRig(store);
        var guest = rig.Host.Guests.Add(name, xml: Some.Domain(System.Security.SecurityElement.Escape(name), "/images/x.qcow2"));
        await rig.LookAsync();

        var signal = Assert.Single(await rig.HearAsync(() => rig.Host.Guests.Kill(name)));
        var target = (await new MachineResolver(rig.Tools).ResolveAsync(signal.Target!, CancellationToken.None)).Target!;
        var request = rig.Request("vm_start", target);
        var result = await rig.Action("vm_start").RunAsync(request, CancellationToken.None);

        Assert.Equal(name, target.Name);
        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal(2, guest.Boot);
        Assert.Equal(target.Key, (await rig.LedgerAsync(request))!.TargetKey);
    }

    [Fact]
    public async Task The_end_of_a_fault_is_told_and_a_second_crash_is_a_fault_of_its_own()
    {
        var rig = new MachineRig(store);
        rig.Guest();
        await rig.LookAsync();
        var first = Assert.Single(await rig.HearAsync(() => rig.Host.Guests.Kill("web")));
        await rig.HearAsync(() => rig.Host.Guests.StartByOperator("web"));
        rig.Time.Leap(TimeSpan.FromSeconds(31));

        var end = Assert.Single(await rig.LookAsync());
        var second = Assert.Single(await rig.HearAsync(() => rig.Host.Guests.Kill("web")));

        Assert.Equal((AlertStatus.Resolved, first.Alert.Fingerprint), (end.Alert.Status, end.Alert.Fingerprint));
        Assert.Equal(AlertStatus.Firing, second.Alert.Status);
        Assert.NotEqual(first.Id, second.Id);
    }

    private static void Break(MachineRig rig, string fault)
    {
        var guests = rig.Host.Guests;
        switch (fault)
        {
            case "kill":
                guests.Kill("web");
                break;
            case "panic":
                guests.Panic("web");
                break;
            case "panic-kept":
                guests["web"].Live!.SetElementValue("on_crash", "preserve");
                guests.Panic("web");
                break;
            case "destroy":
                guests.DestroyByOperator("web");
                break;
            case "poweroff":
                guests.PowerOff("web");
                break;
            default:
                guests["web"].Hangs = true;
                guests.Watchdog("web", fault["watchdog-".Length..]);
                break;
        }
    }
}

using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>A process that dies at any point of an action, and an answer of libvirt that never came: the action ends once, all the
/// same.</summary>
public sealed class MachineKillTests(MachineStore store) : IClassFixture<MachineStore>
{
    public static TheoryData<string, string> Points
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var action in new[] { "vm_start", "vm_restart", "vm_reset", "vm_shutdown", "vm_snapshot", "vm_balloon" })
            {
                foreach (var point in new[] { "before intend", "after intend", "before confirm", "after confirm" }) data.Add(action, point);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Points))]
    public async Task A_kill_between_the_ledger_and_libvirt_leaves_one_effect(string action, string point)
    {
        var (rig, guest, request) = await ArrangeAsync(action);
        await Assert.ThrowsAsync<KilledException>(() =>
            rig.Action(action, new KilledStore(store.Store, point)).RunAsync(request, CancellationToken.None));

        var result = await rig.Action(action).RunAsync(request, CancellationToken.None);
        var again = await rig.Action(action).RunAsync(request, CancellationToken.None);

        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal(result.Detail, again.Detail);
        AssertOnce(rig, guest, action);
    }

    [Theory]
    [InlineData("vm_start", "Start")]
    [InlineData("vm_restart", "Destroy")]
    [InlineData("vm_restart", "Start")]
    [InlineData("vm_reset", "Suspend")]
    [InlineData("vm_reset", "Resume")]
    [InlineData("vm_shutdown", "Shutdown")]
    [InlineData("vm_snapshot", "CreateSnapshot")]
    [InlineData("vm_balloon", "SetMemory")]
    public async Task An_answer_of_libvirt_that_never_came_is_not_asked_for_twice(string action, string call)
    {
        var (rig, guest, request) = await ArrangeAsync(action);
        rig.Host.TimeOut(call, afterEffect: true);
        await Assert.ThrowsAsync<LibvirtTimeoutException>(() => rig.Action(action).RunAsync(request, CancellationToken.None));

        var result = await rig.Action(action).RunAsync(request, CancellationToken.None);

        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal(1, rig.Host.Calls(call));
        AssertOnce(rig, guest, action);
    }

    [Fact]
    public async Task A_reset_whose_answer_never_came_is_pressed_again_while_the_guest_is_held_and_boots_it_once()
    {
        var (rig, guest, request) = await ArrangeAsync("vm_reset");
        rig.Host.TimeOut("Reset", afterEffect: true);
        await Assert.ThrowsAsync<LibvirtTimeoutException>(() => rig.Action("vm_reset").RunAsync(request, CancellationToken.None));
        var boots = guest.Boot;

        var result = await rig.Action("vm_reset").RunAsync(request, CancellationToken.None);

        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal((1, 2, 2), (boots, guest.Boot, rig.Host.Calls("Reset")));
    }

    [Fact]
    public async Task A_guest_that_somebody_let_go_while_it_was_held_is_not_reset_any_more()
    {
        var (rig, guest, request) = await ArrangeAsync("vm_reset");
        rig.Host.Fail("Suspend", new KilledException("Suspend"), afterEffect: true);
        await Assert.ThrowsAsync<KilledException>(() => rig.Action("vm_reset").RunAsync(request, CancellationToken.None));
        rig.Host.Fail("Reset", new KilledException("Reset"));
        await Assert.ThrowsAsync<KilledException>(() => rig.Action("vm_reset").RunAsync(request, CancellationToken.None));
        await rig.Host.Guests.ResumeAsync(guest.Uuid);

        var result = await rig.Action("vm_reset").RunAsync(request, CancellationToken.None);

        Assert.Equal(ActionStatus.ChangedByOther, result.Status);
        Assert.Equal((1, DomainState.Running), (guest.Boot, guest.State));
        await rig.Host.Guests.SuspendAsync(guest.Uuid);
        Assert.Null((await rig.CollectAsync()).Machine!.Hold);
    }

    [Fact]
    public async Task A_guest_that_may_not_be_reset_is_let_go_again()
    {
        var (rig, guest, request) = await ArrangeAsync("vm_reset");
        rig.Host.Fail("Reset", new LibvirtForbiddenException(rig.Host.Name, 88, 0, "access denied"));

        var result = await rig.Action("vm_reset").RunAsync(request, CancellationToken.None);

        Assert.Equal(ActionStatus.NotPermitted, result.Status);
        Assert.Equal((1, DomainState.Running, "unpaused"), (guest.Boot, guest.State, guest.Reason));
    }

    [Theory]
    [InlineData("Suspend", true)]
    [InlineData("Reset", false)]
    [InlineData("Reset", true)]
    [InlineData("Resume", false)]
    public async Task A_guest_that_a_reset_left_paused_is_no_persons_pause_and_the_next_reset_lets_it_go(string call, bool afterEffect)
    {
        var (rig, guest, request) = await ArrangeAsync("vm_reset");
        rig.Host.Fail(call, new KilledException(call), afterEffect: afterEffect);
        var atOnce = await rig.HearAsync(() =>
            Assert.ThrowsAsync<KilledException>(() => rig.Action("vm_reset").RunAsync(request, CancellationToken.None)));
        var early = DetectionPolicy.Judge(await rig.CollectAsync());

        rig.Time.Leap(TimeSpan.FromMinutes(6));
        var signal = Assert.Single(await rig.LookAsync(), signal => signal.Alert.Status == AlertStatus.Firing);
        var seen = await rig.CollectAsync();
        rig.Time.Leap(RecipeAction.BusyFor);
        var next = request with { Key = $"{request.Key}/next", IncidentId = $"{request.IncidentId}/next" };
        var refusal = rig.Action("vm_reset").Refusal(seen, next.Parameters);
        var result = await rig.Action("vm_reset").RunAsync(next, CancellationToken.None);

        Assert.DoesNotContain(atOnce, item => item.Alert.Name == "LibvirtDomainLeftPaused");
        Assert.Equal(DetectionVerdict.TooEarly, early.Verdict);
        Assert.Contains(request.Key, early.Reason);
        Assert.Equal("LibvirtDomainLeftPaused", signal.Alert.Name);
        Assert.Equal(MachineCauses.GuestLeftPaused, Diagnostician.Diagnose(seen, DetectionPolicy.Judge(seen)).Leading()!.Cause);
        Assert.Null(refusal);
        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal((2, true), (guest.Boot, guest.IsUp));
        Assert.Equal(DetectionVerdict.Healthy, DetectionPolicy.Judge(await rig.CollectAsync()).Verdict);
    }

    [Fact]
    public async Task A_guest_that_a_person_paused_is_theirs_though_a_reset_of_ours_never_wrote_its_end()
    {
        var (rig, guest, request) = await ArrangeAsync("vm_reset");
        rig.Host.Fail("Resume", new KilledException("Resume"), afterEffect: true);
        await rig.HearAsync(() =>
            Assert.ThrowsAsync<KilledException>(() => rig.Action("vm_reset").RunAsync(request, CancellationToken.None)));
        rig.Time.Leap(TimeSpan.FromMinutes(7));
        await rig.HearAsync(() => rig.Host.Guests.SuspendAsync(guest.Uuid));

        var seen = await rig.CollectAsync();

        Assert.Equal((DetectionVerdict.Healthy, true),
            (DetectionPolicy.Judge(seen).Verdict, rig.Action("vm_reset").Refusal(seen, request.Parameters) is not null));
        Assert.Empty(await rig.LookAsync());
    }

    [Fact]
    public async Task A_guest_that_somebody_started_meanwhile_is_theirs()
    {
        var (rig, guest, request) = await ArrangeAsync("vm_start");
        await Assert.ThrowsAsync<KilledException>(() =>
            rig.Action("vm_start", new KilledStore(store.Store, "after intend")).RunAsync(request, CancellationToken.None));
        rig.Host.Guests.StartByOperator("web");

        var result = await rig.Action("vm_start").RunAsync(request, CancellationToken.None);

        Assert.Equal(ActionStatus.ChangedByOther, result.Status);
        Assert.Equal(2, guest.Boot);
    }

    [Fact]
    public async Task A_run_that_began_since_is_never_ended()
    {
        var (rig, guest, request) = await ArrangeAsync("vm_restart");
        await Assert.ThrowsAsync<KilledException>(() =>
            rig.Action("vm_restart", new KilledStore(store.Store, "after intend")).RunAsync(request, CancellationToken.None));
        rig.Host.Guests.DestroyByOperator("web");
        rig.Host.Guests.StartByOperator("web");

        var result = await rig.Action("vm_restart").RunAsync(request, CancellationToken.None);

        Assert.Equal(ActionStatus.ChangedByOther, result.Status);
        Assert.Equal((2, true, 0), (guest.Boot, guest.IsUp, rig.Host.Calls("Destroy")));
    }

    [Theory]
    [InlineData("Start", false)]
    [InlineData("Destroy", true)]
    public async Task A_restart_whose_incident_ended_half_way_is_a_fault_after_a_while_and_the_guest_is_started(
        string call, bool afterEffect)
    {
        var (rig, guest, request) = await ArrangeAsync("vm_restart");
        rig.Host.Fail(call, new KilledException(call), afterEffect: afterEffect);
        var atOnce = await rig.HearAsync(() =>
            Assert.ThrowsAsync<KilledException>(() => rig.Action("vm_restart").RunAsync(request, CancellationToken.None)));
        var early = rig.Action("vm_start").Refusal(await rig.CollectAsync(), rig.Request("vm_start").Parameters);

        // libvirt forgets why it is off when it is restarted, the mark stays
        guest.Reason = "unknown";
        rig.Time.Leap(TimeSpan.FromMinutes(6));
        var signal = Assert.Single(await rig.LookAsync(), signal => signal.Alert.Status == AlertStatus.Firing);
        rig.Time.Leap(RecipeAction.BusyFor);
        var next = rig.Request("vm_start") with { Key = $"{request.Key}/next", IncidentId = $"{request.IncidentId}/next" };
        var result = await rig.Action("vm_start").RunAsync(next, CancellationToken.None);

        Assert.DoesNotContain(atOnce, item => item.Alert.Name == "LibvirtDomainUnexpectedShutoff");
        Assert.Contains("restarts it", early);
        Assert.Equal("LibvirtDomainUnexpectedShutoff", signal.Alert.Name);
        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal((2, true), (guest.Boot, guest.IsUp));
    }

    [Fact]
    public async Task The_kill_switch_keeps_libvirt_from_being_asked()
    {
        var (rig, guest, request) = await ArrangeAsync("vm_start");

        var result = await rig.Action("vm_start", safety: new Rig.Forbidden()).RunAsync(request, CancellationToken.None);

        Assert.Equal(ActionStatus.Blocked, result.Status);
        Assert.Equal((1, 0), (guest.Boot, rig.Host.Calls("SetMetadata")));
    }

    [Fact]
    public async Task A_connection_that_may_only_read_is_a_missing_permission()
    {
        var (rig, _, request) = await ArrangeAsync("vm_start");
        rig.Host.Fail("SetMetadata", new LibvirtForbiddenException(rig.Host.Name, 29, 0, "read only access prevents this call"));

        var result = await rig.Action("vm_start").RunAsync(request, CancellationToken.None);

        Assert.Equal(ActionStatus.NotPermitted, result.Status);
        Assert.Contains(rig.Host.Name, result.Detail);
    }

    [Fact]
    public async Task A_dry_run_changes_nothing()
    {
        var (rig, guest, request) = await ArrangeAsync("vm_restart");

        var result = await rig.Action("vm_restart").DryRunAsync(request, CancellationToken.None);

        Assert.Equal(ActionStatus.Rehearsed, result.Status);
        Assert.Equal((1, 0, 0), (guest.Boot, rig.Host.Calls("Destroy"), rig.Host.Calls("SetMetadata")));
        Assert.Null(await rig.LedgerAsync(request));
    }

    private async Task<(MachineRig Rig, FakeGuest Guest, ActionRequest Request)> ArrangeAsync(string action)
    {
        var rig = new MachineRig(store);
        rig.Host.Pools.Add("data", capacity: 1L << 34);
        rig.Host.Pools.AddVolume("data", "web.qcow2", 1L << 28);
        var guest = rig.Host.Guests.Add("web", xml: Some.Domain("web", "/pools/data/web.qcow2"));
        await rig.LookAsync();
        await rig.HearAsync(() =>
        {
            if (action == "vm_start") rig.Host.Guests.Kill("web");
            guest.Hangs = action is "vm_restart" or "vm_reset";
            if (action != "vm_restart") return;
            rig.Host.Guests.Watchdog("web", "pause");
        });
        return (rig, guest, rig.Request(action));
    }

    private static void AssertOnce(MachineRig rig, FakeGuest guest, string action)
    {
        switch (action)
        {
            case "vm_shutdown":
                Assert.Equal((1, DomainState.ShutOff), (guest.Boot, guest.State));
                break;
            case "vm_snapshot":
                Assert.Single(guest.Snapshots);
                break;
            case "vm_balloon":
                Assert.Equal((1, 1), (guest.Boot, rig.Host.Calls("SetMemory")));
                break;
            default:
                Assert.Equal((2, true), (guest.Boot, guest.IsUp));
                break;
        }
    }
}

using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Workflows.Tests;

/// <summary>Deletion and switching, with what goes wrong on the way.</summary>
public sealed class DeleteVmTests
{
    [Fact]
    public async Task A_machine_is_shut_down_and_nothing_of_it_is_left()
    {
        var saga = await MadeAsync();
        var guest = saga.Host.Guests["web-1"];
        await saga.Host.Guests.CreateSnapshotAsync(guest.Uuid, "<domainsnapshot><name>s</name></domainsnapshot>");

        var outcome = await saga.DeleteAsync();

        Assert.Equal(VmOutcomeKind.Deleted, outcome.Kind);
        Assert.Equal((1, 0), (saga.Host.Calls("Shutdown"), saga.Host.Calls("Destroy")));
        Gone(saga);
    }

    [Fact]
    public async Task Deleting_twice_is_deleting_once()
    {
        var saga = await MadeAsync();
        await saga.DeleteAsync();
        Assert.Equal(VmOutcomeKind.NotThere, (await saga.DeleteAsync()).Kind);
    }

    [Fact]
    public async Task A_guest_that_does_not_hear_stays_as_it_was_unless_force_is_allowed()
    {
        var saga = await MadeAsync();
        saga.Host.Guests["web-1"].ObeysShutdown = false;
        var begun = saga.Now;

        var outcome = await saga.DeleteAsync();

        Assert.Equal(VmOutcomeKind.StillRunning, outcome.Kind);
        Assert.InRange(saga.Now - begun, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(70));
        Assert.True(saga.Host.Calls("Shutdown") is >= 3 and <= 4); // asked again: a guest that boots hears nothing
        saga.AssertMade();

        Assert.Equal(VmOutcomeKind.Deleted, (await saga.DeleteAsync(force: true)).Kind);
        Assert.Equal(1, saga.Host.Calls("Destroy"));
        Gone(saga);
    }

    [Fact]
    public async Task A_paused_guest_cannot_hear_and_is_ended_at_once_when_that_is_allowed()
    {
        var saga = await MadeAsync();
        saga.Host.Guests.RunOutOfSpace("web-1");
        var begun = saga.Now;

        Assert.Equal(VmOutcomeKind.Deleted, (await saga.DeleteAsync(force: true)).Kind);
        Assert.True(saga.Now - begun < TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Volumes_stay_when_asked_and_the_next_machine_of_this_id_has_them_again()
    {
        var saga = await MadeAsync();
        Assert.Equal(VmOutcomeKind.Deleted, (await saga.DeleteAsync(keep: true)).Kind);
        Assert.False(saga.Host.Guests.Has("web-1"));
        Assert.Equal(3, saga.Host.Pools[VmSaga.Pool].Files.Count);

        await saga.CreateAsync();
        saga.AssertMade();
        await saga.DeleteAsync();
        Gone(saga);
    }

    [Fact]
    public async Task Only_what_carries_the_mark_is_taken_overlays_of_snapshots_included()
    {
        var saga = await MadeAsync();
        saga.Host.Pools.AddVolume(VmSaga.Pool, "web-1.vda.qcow2", 1);
        saga.Host.Pools.AddVolume(VmSaga.Pool, "web-10.qcow2", 1);
        var overlay = VmSaga.Blueprint().Disks[0].Volume.Replace(".qcow2", ".snap1", StringComparison.Ordinal);
        saga.Host.Pools.AddVolume(VmSaga.Pool, overlay, 1, known: false);

        Assert.Equal(VmOutcomeKind.Deleted, (await saga.DeleteAsync()).Kind);

        Assert.Equal(["web-1.vda.qcow2", "web-10.qcow2"], saga.Host.Pools[VmSaga.Pool].Files.Keys.Order());
    }

    [Fact]
    public async Task A_domain_that_has_lost_its_mark_is_not_touched()
    {
        var saga = await MadeAsync();
        var guest = saga.Host.Guests["web-1"];
        await saga.Host.Guests.SetMetadataAsync(guest.Uuid, VmMark.Namespace, "heal", null);

        Assert.Equal(VmOutcomeKind.Refused, (await saga.DeleteAsync(force: true)).Kind);
        Assert.True(guest.Runs);
        Assert.Equal(3, saga.Host.Pools[VmSaga.Pool].Files.Count);
    }

    [Fact]
    public async Task Volumes_without_a_domain_are_taken_too()
    {
        var saga = await MadeAsync();
        saga.Host.Guests.DestroyByOperator("web-1");
        await saga.Host.Guests.UndefineAsync(VmIdentity.Uuid("web-1"));

        Assert.Equal(VmOutcomeKind.Deleted, (await saga.DeleteAsync()).Kind);
        Assert.Empty(saga.Host.Pools[VmSaga.Pool].Files);
    }

    [Fact]
    public async Task Where_it_may_be_on_a_host_that_does_not_answer_nobody_claims_that_it_is_gone()
    {
        var lost = new FakeLibvirtHost("kvm-b");
        lost.StopDaemon();
        var outcome = await new VmSaga(more: lost).DeleteAsync();
        Assert.Equal(VmOutcomeKind.Failed, outcome.Kind);
        Assert.Contains("kvm-b", outcome.Detail);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killed_before_or_after_whatever_call_it_is_gone_in_the_end(bool afterEffect)
    {
        for (var at = 1; ; at++)
        {
            var made = new VmSaga();
            await made.CreateAsync();
            var plan = new HookedHost.Plan(() => new KilledException(), at, afterEffect);
            var outcome = await made.Hooked(plan).DeleteAsync();

            if (plan.Struck is null) return;
            Assert.True(outcome.Kind == VmOutcomeKind.Deleted, $"call {at} ({plan.Struck}): {outcome.Kind}, {outcome.Detail}");
            Gone(made);
        }
    }

    [Fact]
    public async Task Whatever_write_libvirt_refuses_is_said_and_nothing_is_claimed()
    {
        var seen = new List<string>();
        for (var at = 1; ; at++)
        {
            var made = new VmSaga();
            await made.CreateAsync();
            var plan = new HookedHost.Plan(() => new LibvirtForbiddenException("kvm-a", 29, 0, "access denied"), at, writesOnly: true);
            var outcome = await made.Hooked(plan).DeleteAsync();

            if (plan.Struck is null) break;
            seen.Add(plan.Struck);
            if (outcome.Kind == VmOutcomeKind.Deleted) Gone(made); // the next round got through
            else Assert.Contains("access denied", outcome.Detail + string.Join(' ', outcome.LeftBehind));
        }

        Assert.Contains("UndefineAsync", seen);
        Assert.Contains("DeleteVolumeAsync", seen);
    }

    [Fact]
    public async Task Stopping_and_starting_change_the_wish_with_the_state()
    {
        var saga = await MadeAsync();
        Assert.Equal(VmOutcomeKind.Stopped, (await saga.SwitchAsync(VmDesired.Stopped)).Kind);
        Assert.Equal((DomainState.ShutOff, VmDesired.Stopped, Autonomy.Act),
            (saga.Host.Guests["web-1"].State, saga.Mark().Desired, saga.Mark().Autonomy));

        Assert.Equal(VmOutcomeKind.Started, (await saga.SwitchAsync(VmDesired.Running)).Kind);
        Assert.Equal((DomainState.Running, VmDesired.Running), (saga.Host.Guests["web-1"].State, saga.Mark().Desired));
    }

    [Fact]
    public async Task A_guest_that_does_not_stop_keeps_its_wish()
    {
        var saga = await MadeAsync();
        saga.Host.Guests["web-1"].ObeysShutdown = false;
        Assert.Equal(VmOutcomeKind.StillRunning, (await saga.SwitchAsync(VmDesired.Stopped)).Kind);
        saga.AssertMade();
    }

    private static async Task<VmSaga> MadeAsync()
    {
        var saga = new VmSaga();
        Assert.Equal(VmOutcomeKind.Created, (await saga.CreateAsync()).Kind);
        return saga;
    }

    // The network stays: a deletion does not know who needs it.
    private static void Gone(VmSaga saga)
    {
        Assert.False(saga.Host.Guests.Has("web-1"));
        Assert.Empty(saga.Host.Pools[VmSaga.Pool].Files);
        Assert.True(saga.Host.Guests["neighbour"].Runs);
        Assert.Equal("debian.qcow2", Assert.Single(saga.Host.Pools["images"].Files.Keys));
    }
}

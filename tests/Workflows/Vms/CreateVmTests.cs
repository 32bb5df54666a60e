using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Workflows.Tests;

/// <summary>Creation, with every failure and every kill that a host in memory can be put through.</summary>
public sealed class CreateVmTests
{
    [Fact]
    public async Task A_machine_is_made_with_its_disks_seed_network_and_wish()
    {
        var saga = new VmSaga();
        var outcome = await saga.CreateAsync();

        Assert.Equal((VmOutcomeKind.Created, "kvm-a"), (outcome.Kind, outcome.Host));
        saga.AssertMade();
        Assert.Equal(3L << 30, saga.Host.Pools[VmSaga.Pool].Files.Values.Max(volume => volume.Capacity)); // as large as its image
        Assert.Contains(saga.Statuses, status => status is VmProgress { Step: "define" });
    }

    [Fact]
    public async Task Twice_is_once()
    {
        var saga = new VmSaga();
        await saga.CreateAsync();
        var writes = Writes(saga);

        var again = await saga.CreateAsync();

        Assert.Equal(VmOutcomeKind.AlreadyThere, again.Kind);
        Assert.Equal(writes, Writes(saga));
        saga.AssertMade();
    }

    [Fact]
    public async Task A_stopped_machine_is_made_and_not_started()
    {
        var saga = new VmSaga();
        var outcome = await saga.CreateAsync(VmSaga.Blueprint(VmSaga.Web.Replace("\"vcpus\"", "\"desired\": \"stopped\", \"vcpus\"")));
        Assert.Equal(VmOutcomeKind.Created, outcome.Kind);
        Assert.Equal(0, saga.Host.Guests["web-1"].Boot);
        Assert.Equal(VmDesired.Stopped, saga.Mark().Desired);
    }

    [Fact]
    public async Task Whatever_write_libvirt_refuses_nothing_is_left_behind()
    {
        var writes = await CountAsync(writesOnly: true);
        Assert.Equal(9, writes); // three volumes, seed, network, define, start, mark, autostart
        for (var at = 1; at <= writes; at++)
        {
            var saga = new VmSaga(new HookedHost.Plan(() =>
                new LibvirtException("kvm-a", 38, 18, "No space left on device"), at, writesOnly: true));
            var outcome = await saga.CreateAsync();

            Assert.True(outcome.Kind == VmOutcomeKind.RolledBack, $"write {at} ({saga.Plan.Struck}): {outcome.Kind}, {outcome.Detail}");
            Assert.Contains("No space left on device", outcome.Detail);
            saga.AssertUntouched();
        }
    }

    [Fact]
    public async Task Whatever_write_takes_effect_and_is_refused_all_the_same_nothing_is_left_behind()
    {
        var writes = await CountAsync(writesOnly: true);
        for (var at = 1; at <= writes; at++)
        {
            var plan = new HookedHost.Plan(() =>
                new LibvirtException("kvm-a", 1, 0, "internal error"), at, afterEffect: true, writesOnly: true);
            var saga = new VmSaga(plan);
            var outcome = await saga.CreateAsync();

            // a step that is seen to be done is done, whatever was answered
            if (outcome.Kind == VmOutcomeKind.Created) saga.AssertMade();
            else
            {
                Assert.True(outcome.Kind == VmOutcomeKind.RolledBack, $"write {at} ({plan.Struck}): {outcome.Kind}, {outcome.Detail}");
                saga.AssertUntouched();
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killed_before_or_after_whatever_call_it_is_made_once(bool afterEffect)
    {
        var calls = await CountAsync(writesOnly: false);
        Assert.InRange(calls, 30, 200);
        for (var at = 1; at <= calls; at++)
        {
            var saga = new VmSaga(new HookedHost.Plan(() => new KilledException(), at, afterEffect));
            var outcome = await saga.CreateAsync();

            Assert.True(outcome.Kind == VmOutcomeKind.Created, $"call {at} ({saga.Plan.Struck}): {outcome.Kind}, {outcome.Detail}");
            saga.AssertMade();
        }
    }

    [Fact]
    public async Task Killed_after_every_activity_before_it_is_written_down_it_is_made_once()
    {
        var saga = new VmSaga(twice: true);
        Assert.Equal(VmOutcomeKind.Created, (await saga.CreateAsync()).Kind);
        saga.AssertMade();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killed_at_whatever_call_of_the_undoing_nothing_is_left_behind(bool afterEffect)
    {
        for (var at = 1; ; at++)
        {
            var saga = new VmSaga(new HookedHost.Plan(() => new KilledException(), at, afterEffect));
            saga.Host.Fail("Start", new LibvirtException("kvm-a", 1, 10, "qemu unexpectedly closed the monitor"));
            var outcome = await saga.CreateAsync();

            if (saga.Plan.Struck is null) return;
            if (outcome.Kind == VmOutcomeKind.Created)
            {
                saga.AssertMade(); // the kill was in the start itself, and the next attempt got through
                continue;
            }

            Assert.True(outcome.Kind == VmOutcomeKind.RolledBack, $"call {at} ({saga.Plan.Struck}): {outcome.Kind}, {outcome.Detail}");
            saga.AssertUntouched();
        }
    }

    [Fact]
    public async Task A_guest_that_falls_over_within_seconds_is_not_called_made()
    {
        var saga = new VmSaga();
        var killed = false;
        saga.OnTimer(() =>
        {
            if (!killed) saga.Host.Guests.Kill("web-1");
            killed = true;
        });

        var outcome = await saga.CreateAsync();

        Assert.Equal(VmOutcomeKind.RolledBack, outcome.Kind);
        Assert.Contains("does not run: shut-off (crashed)", outcome.Detail);
        saga.AssertUntouched();
    }

    [Fact]
    public async Task An_agent_that_never_answers_fails_the_creation_in_the_end()
    {
        var saga = new VmSaga();
        var begun = saga.Now;
        var outcome = await saga.CreateAsync(VmSaga.Blueprint(VmSaga.Web.Replace("\"vcpus\"", "\"guestAgent\": true, \"vcpus\"")));

        Assert.Equal(VmOutcomeKind.RolledBack, outcome.Kind);
        Assert.Contains("agent has not answered", outcome.Detail);
        Assert.InRange(saga.Now - begun, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(6));
        saga.AssertUntouched();
    }

    [Fact]
    public async Task Objections_stop_it_before_anything_is_made()
    {
        var saga = new VmSaga();
        saga.Host.Guests.Add("web-1", running: false);
        saga.Host.Pools[VmSaga.Pool].OtherBytes = 95L << 30;
        var outcome = await saga.CreateAsync();

        Assert.Equal(VmOutcomeKind.Refused, outcome.Kind);
        Assert.Equal(2, outcome.Objections.Count);
        Assert.Equal(["CheckVm"], saga.Calls);
        Assert.True(saga.Host.Guests.Has("web-1")); // theirs
    }

    [Fact]
    public async Task What_was_there_before_a_failed_creation_stays()
    {
        var saga = new VmSaga();
        var kept = VmSaga.Blueprint().Disks[1].Volume;
        saga.Host.Pools.AddVolume(VmSaga.Pool, kept, 1 << 20, 1L << 30);
        saga.Host.Pools.AddVolume(VmSaga.Pool, "somebody-elses.qcow2", 1 << 20);
        saga.Host.Fail("Define", new LibvirtException("kvm-a", 92, 20, "XML document failed to validate against schema"));

        Assert.Equal(VmOutcomeKind.RolledBack, (await saga.CreateAsync()).Kind);

        Assert.Equal(new[] { kept, "somebody-elses.qcow2" }.Order(), saga.Host.Pools[VmSaga.Pool].Files.Keys.Order());
    }

    [Fact]
    public async Task A_network_that_somebody_uses_by_now_is_not_stopped_again()
    {
        var saga = new VmSaga();
        saga.Host.Fail("Start", new LibvirtException("kvm-a", 1, 10, "no"));
        saga.Host.Guests.Add("other", xml: """
            <domain type='qemu'><name>other</name><uuid>11111111-0000-0000-0000-000000000001</uuid>
            <memory unit='KiB'>1024</memory><vcpu>1</vcpu>
            <devices><interface type='network'><mac address='52:54:00:00:00:99'/><source network='default'/></interface></devices></domain>
            """);

        Assert.Equal(VmOutcomeKind.RolledBack, (await saga.CreateAsync()).Kind);

        Assert.True(Assert.Single(await saga.Host.Nets.ListAsync()).IsActive);
    }

    [Fact]
    public async Task An_unfinished_machine_of_an_ended_orchestration_is_finished()
    {
        var saga = new VmSaga();
        saga.Host.Fail("Start", new LibvirtException("kvm-a", 1, 10, "no"));
        await saga.CreateAsync();
        saga.AssertUntouched();

        // as if the orchestration had been terminated after the definition
        var stopped = VmSaga.Blueprint(VmSaga.Web.Replace("\"vcpus\"", "\"desired\": \"stopped\", \"vcpus\""));
        await saga.CreateAsync(stopped);
        Assert.Equal(stopped.Digest, VmSaga.Blueprint().Digest);

        Assert.Equal(VmOutcomeKind.Created, (await saga.CreateAsync()).Kind);
        saga.AssertMade();
    }

    [Fact]
    public async Task A_machine_that_exists_is_not_removed_when_its_start_fails()
    {
        var saga = new VmSaga();
        await saga.CreateAsync(VmSaga.Blueprint(VmSaga.Web.Replace("\"vcpus\"", "\"desired\": \"stopped\", \"vcpus\"")));
        saga.Host.Fail("Start", new LibvirtException("kvm-a", 1, 10, "no"));

        Assert.Equal(VmOutcomeKind.RolledBack, (await saga.CreateAsync()).Kind);

        Assert.True(saga.Host.Guests.Has("web-1"));
        Assert.Equal(3, saga.Host.Pools[VmSaga.Pool].Files.Count);
        Assert.Equal(VmDesired.Stopped, saga.Mark().Desired);
    }

    [Fact]
    public async Task A_host_that_does_not_answer_is_waited_for_and_then_named()
    {
        var lost = new FakeLibvirtHost("kvm-b");
        lost.StopDaemon();
        var saga = new VmSaga(more: lost);
        var begun = saga.Now;

        var outcome = await saga.CreateAsync();

        Assert.Equal(VmOutcomeKind.Refused, outcome.Kind);
        Assert.Equal("host 'kvm-b'", Assert.Single(outcome.Objections).Subject);
        Assert.True(saga.Now - begun >= TimeSpan.FromMinutes(4));
        saga.AssertUntouched();
    }

    [Fact]
    public async Task What_cannot_be_taken_away_again_is_named()
    {
        var saga = new VmSaga();
        saga.Host.Fail("Start", new LibvirtException("kvm-a", 1, 10, "no"));
        saga.Host.Fail("DeleteVolume", new LibvirtForbiddenException("kvm-a", 29, 18, "access denied"), times: 100);

        var outcome = await saga.CreateAsync();

        Assert.Equal(VmOutcomeKind.LeftBehind, outcome.Kind);
        Assert.Contains(outcome.LeftBehind, item => item.StartsWith("volume default/web-1.vda.", StringComparison.Ordinal));
        Assert.Contains(outcome.LeftBehind, item => item.Contains("access denied", StringComparison.Ordinal));
    }

    private static int Writes(VmSaga saga) =>
        new[] { "CreateVolume", "Upload", "StartNetwork", "Define", "Start", "SetMetadata", "SetAutostart" }.Sum(saga.Host.Calls);

    private static async Task<int> CountAsync(bool writesOnly)
    {
        var saga = new VmSaga(new HookedHost.Plan(null, writesOnly: writesOnly));
        Assert.Equal(VmOutcomeKind.Created, (await saga.CreateAsync()).Kind);
        return saga.Plan.Calls;
    }
}

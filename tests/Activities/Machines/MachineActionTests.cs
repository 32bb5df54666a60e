using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>The other actions on libvirt hosts: what they do, what they refuse, and what takes them back.</summary>
public sealed class MachineActionTests(MachineStore store) : IClassFixture<MachineStore>
{
    [Fact]
    public async Task A_live_migration_leaves_one_copy_and_the_way_back_brings_it_home()
    {
        var other = new FakeLibvirtHost("other-of-migration");
        var rig = new MachineRig(store, other);
        rig.Guest();
        var request = rig.Request("vm_live_migrate");

        var result = await rig.Action("vm_live_migrate").RunAsync(request, CancellationToken.None);
        var (there, here) = (other.Guests["web"].State, rig.Host.Guests["web"].State);
        var undone = await rig.Action("vm_live_migrate").UndoAsync(Undo(request), CancellationToken.None);

        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal((DomainState.Running, DomainState.ShutOff), (there, here));
        Assert.True(undone.IsApplied, undone.Detail);
        Assert.Equal((DomainState.ShutOff, DomainState.Running), (other.Guests["web"].State, rig.Host.Guests["web"].State));
    }

    [Fact]
    public async Task A_migration_is_refused_where_memory_or_cpu_do_not_suffice_and_says_which()
    {
        var small = new FakeLibvirtHost("a-small") { Info = new FakeLibvirtHost().Info with { FreeMemoryBytes = 1 } };
        var old = new FakeLibvirtHost("b-old") { Cpu = CpuComparison.Incompatible };
        var rig = new MachineRig(store, small, old);
        rig.Guest();

        var result = await rig.Action("vm_live_migrate").RunAsync(rig.Request("vm_live_migrate"), CancellationToken.None);

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("a-small has 1 bytes free", result.Detail);
        Assert.Contains("b-old", result.Detail);
    }

    [Fact]
    public async Task A_resize_changes_the_definition_and_its_inverse_puts_it_back()
    {
        var rig = new MachineRig(store);
        var guest = rig.Guest(running: false);
        var request = rig.Request("vm_resize", null, ("vcpus", "2"), ("memory", "256Mi"));

        var result = await rig.Action("vm_resize").RunAsync(request, CancellationToken.None);
        var (vcpus, memory) = (guest.Record.Vcpus, guest.Record.MaxMemoryKib);
        var undone = await rig.Action("vm_resize").UndoAsync(Undo(request), CancellationToken.None);

        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal((2, 262144L), (vcpus, memory));
        Assert.True(undone.IsApplied, undone.Detail);
        Assert.Equal((1, 131072L), (guest.Record.Vcpus, guest.Record.MaxMemoryKib));
    }

    [Theory]
    [InlineData(140_000, 131_072, ActionStatus.Applied)]
    [InlineData(131_072, 200_000, ActionStatus.ChangedByOther)]
    public async Task A_balloon_that_still_shrinks_after_a_boot_is_nobodys_doing_and_one_that_was_set_to_more_is(
        long seen, long then, ActionStatus expected)
    {
        var rig = new MachineRig(store);
        var guest = rig.Host.Guests.Add("web", xml: Some.Domain("web", "/images/web.qcow2"));
        guest.Live!.SetElementValue("currentMemory", seen);
        var request = rig.Request("vm_balloon", null, ("memory", "160Mi"));
        await Assert.ThrowsAsync<KilledException>(() => rig.Action("vm_balloon", new KilledStore(store.Store, "after intend"))
            .RunAsync(request, CancellationToken.None));
        guest.Live.SetElementValue("currentMemory", then);

        var result = await rig.Action("vm_balloon").RunAsync(request, CancellationToken.None);

        Assert.True(result.Status == expected, $"{result.Status}: {result.Detail}");
    }

    [Fact]
    public async Task A_disk_is_attached_only_when_nobody_else_uses_its_image_and_detached_again()
    {
        var rig = new MachineRig(store);
        rig.Host.Pools.Add("data");
        rig.Host.Pools.AddVolume("data", "more.qcow2", 1 << 20);
        rig.Host.Pools.AddVolume("data", "used.qcow2", 1 << 20);
        var guest = rig.Guest();
        rig.Host.Guests.Add("other", xml: Some.Domain("other", "/pools/data/used.qcow2"));
        var request = rig.Request("vm_attach_disk", null, ("device", "vdb"), ("path", "/pools/data/more.qcow2"));
        var used = rig.Request("vm_attach_disk", null, ("device", "vdc"),
            ("path", "/pools/data/used.qcow2")) with { Key = $"{request.Key}/used" };

        var refused = await rig.Action("vm_attach_disk").RunAsync(used, CancellationToken.None);
        var result = await rig.Action("vm_attach_disk").RunAsync(request, CancellationToken.None);
        var disks = guest.Disks().Count();
        var undone = await rig.Action("vm_attach_disk").UndoAsync(Undo(request), CancellationToken.None);

        Assert.Equal(ActionStatus.Refused, refused.Status);
        Assert.Contains("domain other", refused.Detail);
        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal(2, disks);
        Assert.True(undone.IsApplied, undone.Detail);
        Assert.Single(guest.Disks());
    }

    [Fact]
    public async Task A_revert_brings_the_snapshot_back_once()
    {
        var rig = new MachineRig(store);
        rig.Host.Pools.Add("images", 1L << 34, "/images");
        rig.Host.Pools.AddVolume("images", "web.qcow2", 1 << 20);
        var guest = rig.Guest();
        await rig.Action("vm_snapshot").RunAsync(rig.Request("vm_snapshot"), CancellationToken.None);
        var request = rig.Request("vm_revert");
        rig.Host.TimeOut("RevertToSnapshot", afterEffect: true);
        await Assert.ThrowsAsync<LibvirtTimeoutException>(() => rig.Action("vm_revert").RunAsync(request, CancellationToken.None));

        var result = await rig.Action("vm_revert").RunAsync(request, CancellationToken.None);

        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal((2, 1), (guest.Boot, rig.Host.Calls("RevertToSnapshot")));
    }

    [Fact]
    public async Task A_pool_is_reclaimed_of_what_the_settings_name_and_nothing_uses()
    {
        var rig = new MachineRig(store);
        rig.Host.Pools.Add("data", capacity: 1000);
        rig.Host.Pools.AddVolume("data", "old-1.tmp", 500);
        rig.Host.Pools.AddVolume("data", "used.tmp", 300);
        rig.Host.Pools.AddVolume("data", "keep.qcow2", 150);
        rig.Host.Guests.Add("other", xml: Some.Domain("other", "/pools/data/used.tmp"));
        var target = new TargetReference(rig.Host.Name, TargetKinds.StoragePool, "", "data");
        var request = rig.Request("storage_pool_reclaim", target);
        var evidence = await rig.CollectAsync(target);

        var refused = await rig.Action("storage_pool_reclaim").RunAsync(request, CancellationToken.None);
        rig.Options.Reclaim[$"{rig.Host.Name}/data"] = ["*.tmp"];
        var result = await rig.Action("storage_pool_reclaim").RunAsync(request, CancellationToken.None);

        Assert.Equal(MachineCauses.StoragePoolFilling, Diagnostician.Diagnose(evidence, DetectionPolicy.Judge(evidence)).Leading()!.Cause);
        Assert.Equal(ActionStatus.Refused, refused.Status);
        Assert.Contains("Heal:Machines:Reclaim", refused.Detail);
        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal(["keep.qcow2", "used.tmp"], rig.Host.Pools["data"].Files.Keys.Order());
    }

    [Fact]
    public async Task Libvirtd_is_restarted_only_where_it_does_not_answer_and_a_command_is_configured()
    {
        var rig = new MachineRig(store);
        rig.Guest();
        await rig.LookAsync();
        var target = new TargetReference(rig.Host.Name, TargetKinds.Hypervisor, "", rig.Host.Name);
        var request = rig.Request("restart_libvirtd", target);

        var answers = await Run();
        rig.Host.StopDaemon();
        var forbidden = await Run();
        rig.Options.RestartCommands[rig.Host.Name] = ["restart-it"];
        var result = await Run();

        Assert.Contains("answers", answers.Detail);
        Assert.Contains("RestartCommands", forbidden.Detail);
        Assert.True(result.IsApplied, result.Detail);
        Assert.Contains("the 1 guests that ran are running", result.Detail);

        Task<ActionResult> Run() => new RecipeAction(
            MachineRecipes.Find("restart_libvirtd"),
            new ActionTools(
                new AbsentCluster(), store.Store, new Rig.Allowed(), rig.Time, null, rig.Tools with { Commands = new Restarts(rig.Host) }))
            .RunAsync(request, CancellationToken.None);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public async Task A_command_whose_process_died_is_given_its_time_and_run_again_only_where_libvirt_stays_silent(bool worked, int runs)
    {
        var rig = new MachineRig(store);
        rig.Guest();
        await rig.LookAsync();
        rig.Host.StopDaemon();
        rig.Options.RestartCommands[rig.Host.Name] = ["restart-it"];
        var request = rig.Request("restart_libvirtd", new TargetReference(rig.Host.Name, TargetKinds.Hypervisor, "", rig.Host.Name));
        var restarts = new Restarts(rig.Host) { Dies = true };
        var action = new RecipeAction(
            MachineRecipes.Find("restart_libvirtd"),
            new ActionTools(
                new AbsentCluster(), store.Store, new Rig.Allowed(), rig.Time, null, rig.Tools with { Commands = restarts }));
        await Assert.ThrowsAsync<KilledException>(() => action.RunAsync(request, CancellationToken.None));
        restarts.Dies = false;

        await Assert.ThrowsAsync<EffectPendingException>(() => action.RunAsync(request, CancellationToken.None));
        var meanwhile = restarts.Runs;
        if (worked) rig.Host.StartDaemon();
        else rig.Time.Leap(TimeSpan.FromMinutes(1));
        var result = await action.RunAsync(request, CancellationToken.None);

        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal((1, runs), (meanwhile, restarts.Runs));
    }

    [Fact]
    public async Task A_migration_that_does_not_end_is_aborted_and_the_guest_stays()
    {
        var rig = new MachineRig(store);
        var guest = rig.Guest();
        guest.Job = new DomainJob("migration-out", TimeSpan.FromMinutes(20), null, 100, 10, 90);
        var evidence = await rig.CollectAsync();

        var result = await rig.Action("vm_abort_migration").RunAsync(rig.Request("vm_abort_migration"), CancellationToken.None);

        Assert.Equal(MachineCauses.MigrationStuck, Diagnostician.Diagnose(evidence, DetectionPolicy.Judge(evidence)).Leading()!.Cause);
        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal((1, 1, true), (rig.Host.Calls("AbortJob"), guest.Boot, guest.IsUp));
    }

    private static UndoRequest Undo(ActionRequest request) =>
        new($"{request.Key}/undo", request.Key, request.IncidentId, request.ActionId, request.Target);

    private sealed class Restarts(FakeLibvirtHost host) : IHostCommands
    {
        /// <summary>The process that runs it, as soon as it has begun.</summary>
        public bool Dies { get; set; }

        public int Runs { get; private set; }

        public Task<(int ExitCode, string Said)> RunAsync(IReadOnlyList<string> command, TimeSpan limit,
            CancellationToken cancellationToken)
        {
            Assert.Equal(["restart-it"], command);
            Runs++;
            if (Dies) throw new KilledException("during the command");
            host.StartDaemon();
            return Task.FromResult((0, ""));
        }
    }
}

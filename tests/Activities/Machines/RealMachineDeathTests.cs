using System.Diagnostics;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>
/// Every action on real guests of real hosts, in processes that SIGKILL ends one after the other: before the intent, after it, between
/// libvirt's answer to each call and whatever comes next, and before the confirmation. Libvirt's own shell counts what came of it.
/// </summary>
/// <remarks>
/// What may be made twice, because libvirt keeps no trace of it, and is therefore not killed right after its call: the power button of
/// <c>vm_shutdown</c> (which has a test of its own here that says what the second one costs), and the look of <c>storage_pool_refresh</c>.
/// The reset of a guest that is held paused is made twice here, and nobody can tell. Not here:
/// <c>host_evacuate</c>, which needs a host that is dead and has its deaths in <see cref="RealEvacuationTests"/>.
/// </remarks>
[Trait("Category", "Libvirt")]
[Collection(nameof(RealHosts))]
public sealed class RealMachineDeathTests(RealMachines real) : IClassFixture<RealMachines>, IAsyncLifetime
{
    private const string Up = "GUEST-USERSPACE";
    private const string Button = "GUEST-POWER-BUTTON";
    private const string Started = "Started Booted";
    private const string Kernel = "Linux version";
    private const string Destroyed = "Stopped Destroyed";

    private LibvirtEvents _events = null!;

    public async Task InitializeAsync()
    {
        await real.AnswersAsync();
        _events = await LibvirtEvents.ListenAsync(LibvirtRig.Uri);
    }

    public async Task DisposeAsync() => await _events.DisposeAsync();

    [Fact]
    public async Task A_guest_that_was_killed_is_started_once()
    {
        var boots = await BootsAsync();
        await real.LookAsync();
        await LibvirtRig.FailAsync("kill-qemu", 1, real.Guest);
        await StatesAsync("shut off (crashed)");

        await real.OverKillsAsync(real.Request("vm_start"), "StartAsync");

        await LibvirtRig.SeesOnConsoleAsync(real.Guest, Up, boots + 1);
        Assert.Equal((1, 0), (await _events.CountAsync(real.Guest, Started), await _events.CountAsync(real.Guest, Destroyed)));
        Assert.Equal(boots + 1, await BootsAsync());
    }

    [Fact]
    public async Task A_restart_ends_one_run_and_begins_one()
    {
        await real.OverKillsAsync(real.Request("vm_restart"), "DestroyAsync", "StartAsync");

        Assert.Equal((1, 1), (await _events.CountAsync(real.Guest, Started), await _events.CountAsync(real.Guest, Destroyed)));
    }

    [Fact]
    public async Task A_guest_is_ended_once_and_its_inverse_starts_it_once()
    {
        var destroy = await real.OverKillsAsync(real.Request("vm_destroy"), "DestroyAsync");
        Assert.Equal((0, 1), (await _events.CountAsync(real.Guest, Started), await _events.CountAsync(real.Guest, Destroyed)));

        await real.UndoneAsync(destroy);
        await StatesAsync("running (booted)");
        Assert.Equal((1, 1), (await _events.CountAsync(real.Guest, Started), await _events.CountAsync(real.Guest, Destroyed)));
    }

    [Fact]
    public async Task A_reset_boots_the_guest_once_over_a_death_after_each_call()
    {
        // QEMU tells of one reset two or three times; the guest's kernel says once that it begins
        var (kernels, run) = (await KernelsAsync(), await RealMachines.VirshAsync("domid", real.Guest));

        await real.OverKillsAsync(real.Request("vm_reset"), "SuspendAsync", "ResetAsync", "ResumeAsync");

        await real.AnswersAsync();
        Assert.Equal(kernels + 1, await KernelsAsync());
        Assert.Equal((0, 0), (await _events.CountAsync(real.Guest, Started), await _events.CountAsync(real.Guest, "Stopped")));
        Assert.Equal((run, 1), (await RealMachines.VirshAsync("domid", real.Guest), await _events.CountAsync(real.Guest, "Suspended")));
    }

    [Fact]
    public async Task A_reset_that_died_over_and_over_between_the_answer_and_the_mark_boots_the_guest_once_over_a_restart_of_libvirtd_too()
    {
        var kernels = await KernelsAsync();
        var request = real.Request("vm_reset");
        await real.Doomed(request, "after ResetAsync").DieAsync();
        await real.Doomed(request, "after ResetAsync").DieAsync();
        await LibvirtRig.FailAsync("restart-daemon", 1);
        var (held, still) = (await RealMachines.VirshAsync("domstate", "--reason", real.Guest), await KernelsAsync());
        await real.Doomed(request, "after ResetAsync").DieAsync();

        await real.AppliedAsync(request);

        await real.AnswersAsync();
        Assert.Equal(("paused (user)", kernels), (held, still));
        Assert.Equal(kernels + 1, await KernelsAsync());
    }

    [Theory]
    [InlineData("after SuspendAsync")]
    [InlineData("after ResetAsync")]
    [InlineData("after ResumeAsync")]
    public async Task A_healer_that_stood_still_in_a_reset_does_nothing_when_it_wakes_after_another_reset_the_guest(string at)
    {
        var kernels = await KernelsAsync();
        var overtaken = real.Request("vm_reset") with { IncidentId = $"closed {at}" };
        await using var stopped = await real.Doomed(overtaken, at).StopAsync();

        // the first one's own reset, where it had let the guest go, and the second one's
        var own = at == "after ResumeAsync" ? 1 : 0;
        await LibvirtRig.SeesOnConsoleAsync(real.Guest, Kernel, kernels + own);
        await real.CloseAsync(overtaken.IncidentId);
        await real.AppliedAsync(real.Request("vm_reset") with { IncidentId = $"next {at}" });
        var booted = await KernelsAsync();

        await stopped.GoOnAsync();

        await real.AnswersAsync();
        Assert.Equal(kernels + own + 1, booted);
        Assert.Equal(booted, await KernelsAsync());
        Assert.NotEqual(OperationState.Intended, (await real.LedgerAsync(overtaken.Key))!.State);
    }

    [Fact]
    public async Task A_guest_is_asked_once_to_power_off_is_resized_and_is_started_by_the_inverse()
    {
        var (boots, pressed) = (await BootsAsync(), await LibvirtRig.CountOnConsoleAsync(real.Guest, Button));

        var shutdown = await real.OverKillsAsync(real.Request("vm_shutdown"));
        Assert.Equal((1, 0), (await _events.CountAsync(real.Guest, "Stopped Shutdown"), await _events.CountAsync(real.Guest, Destroyed)));
        Assert.Equal(pressed + 1, await LibvirtRig.CountOnConsoleAsync(real.Guest, Button));

        var resize = await real.OverKillsAsync(
            real.Request("vm_resize", ("vcpus", "2"), ("memory", "192Mi")), "SetMemoryAsync", "SetMaxMemoryAsync", "SetVcpusAsync");
        Assert.Equal(("2", "196608 KiB"), (await InfoAsync("CPU(s)"), await InfoAsync("Max memory")));

        await real.UndoneAsync(resize);
        await real.UndoneAsync(shutdown);
        await LibvirtRig.SeesOnConsoleAsync(real.Guest, Up, boots + 1);
        Assert.Equal(1, await _events.CountAsync(real.Guest, Started));
    }

    [Fact]
    public async Task A_guest_whose_healer_died_between_the_answer_and_the_mark_is_off_and_no_other_run_of_it_is_asked()
    {
        var boots = await BootsAsync();
        var request = real.Request("vm_shutdown");
        await real.Doomed(request, "after ShutdownAsync").DieAsync();

        await real.AppliedAsync(request);

        Assert.Equal((1, 0), (await _events.CountAsync(real.Guest, "Stopped Shutdown"), await _events.CountAsync(real.Guest, Started)));
        await real.UndoneAsync(request);
        await LibvirtRig.SeesOnConsoleAsync(real.Guest, Up, boots + 1);
    }

    [Fact]
    public async Task A_balloon_is_let_out_once_and_let_in_again()
    {
        var request = await real.OverKillsAsync(
            real.Request("vm_balloon", ("memory", "160Mi"), ("hostFree", "1Mi")), "SetMemoryAsync");

        Assert.Equal("163840 KiB", await InfoAsync("Used memory"));
        await real.UndoneAsync(request);
        Assert.Equal(0, await _events.CountAsync(real.Guest, "Stopped"));
    }

    [Fact]
    public async Task A_disk_is_attached_once_and_detached_once()
    {
        (string, string)[] disk = [("device", "vdb"), ("path", await real.VolumeAsync())];

        await real.OverKillsAsync(real.Request("vm_attach_disk", disk), "AttachDeviceAsync");
        Assert.Equal((1, 0),
            (await _events.CountAsync(real.Guest, "'device-added'"), await _events.CountAsync(real.Guest, "'device-removed'")));

        await real.OverKillsAsync(real.Request("vm_detach_disk", disk), "DetachDeviceAsync");
        Assert.Equal((1, 1),
            (await _events.CountAsync(real.Guest, "'device-added'"), await _events.CountAsync(real.Guest, "'device-removed'")));
    }

    [Fact]
    public async Task A_snapshot_is_taken_once_reverted_to_once_and_deleted_once()
    {
        var snapshot = await real.OverKillsAsync(real.Request("vm_snapshot", ("minFree", "1Mi")), "CreateSnapshotAsync");
        Assert.Single(await SnapshotsAsync());

        await real.OverKillsAsync(real.Request("vm_revert"), "RevertToSnapshotAsync");
        Assert.Equal(1, await _events.CountAsync(real.Guest, "Started Snapshot"));

        await real.UndoneAsync(snapshot);
        Assert.Empty(await SnapshotsAsync());
    }

    [Fact]
    public async Task A_guest_paused_for_want_of_space_runs_on_once()
    {
        await RealMachines.VirshAsync("vol-create-as", "small", "heal-death", "64M", "--format", "qcow2");
        var disk = await RealMachines.VirshAsync("vol-path", "heal-death", "--pool", "small");
        var name = await real.BootAsync(new Guest { Disk = disk, ErrorPolicy = "enospace" });
        try
        {
            await LibvirtRig.TellAsync(name, "write 40");
            await StatesAsync("paused (I/O error)", name);
            await LibvirtRig.FailAsync("grow-small", 1);
            await RealMachines.VirshAsync("pool-refresh", "small");
            // a boot ends with one, too
            var resumed = await _events.CountAsync(name, "Resumed Unpaused");

            await real.OverKillsAsync(real.Request("vm_resume_after_io", RealMachines.Machine(name)), "ResumeAsync");

            await LibvirtRig.SeesOnConsoleAsync(name, "GUEST-WROTE 0");
            Assert.Equal((1, resumed + 1, 0), (
                await _events.CountAsync(name, "Suspended"), await _events.CountAsync(name, "Resumed Unpaused"),
                await _events.CountAsync(name, "Stopped")));
        }
        finally
        {
            await RealMachines.VirshAsync("destroy", name);
            await RealMachines.VirshAsync("vol-delete", "heal-death", "--pool", "small");
            await LibvirtRig.FailAsync("shrink-small", 1);
        }
    }

    [Fact]
    public async Task A_guest_moves_once_over_kills_in_the_middle_of_its_way_too_and_what_it_left_is_removed_once()
    {
        await using var there = await LibvirtEvents.ListenAsync(LibvirtRig.Uri2);
        // a guest that moves has no port for commands, which both hosts would hold
        var name = await real.BootAsync(new Guest { TakesCommands = false });
        await RealMachines.VirshAsync("migrate-setspeed", name, "16");
        var request = real.Request("vm_live_migrate", RealMachines.Machine(name));
        await real.Doomed(request, "during MigrateAsync").DieAsync();

        await real.AppliedAsync(request);

        Assert.Equal("running (migrated)", await RealMachines.VirshThereAsync("domstate", "--reason", name));
        Assert.Equal((1, 0), (await _events.CountAsync(name, "Stopped Migrated"), await _events.CountAsync(name, Destroyed)));
        // what the first process had brought there half, and libvirt took away again
        var halves = await there.CountAsync(name, Destroyed);

        var back = real.Request("vm_live_migrate", new TargetReference(RealMachines.There, TargetKinds.VirtualMachine, "", name));
        await real.OverKillsAsync(back, "MigrateAsync");

        Assert.Equal((1, halves), (await there.CountAsync(name, "Stopped Migrated"), await there.CountAsync(name, Destroyed)));
        Assert.Equal(1, await LibvirtRig.CountOnConsoleAsync(name, Up));

        await real.MovedAsync(name, RealMachines.There, RealMachines.Here);
        await real.OverKillsAsync(
            real.Request("vm_remove_copy", new TargetReference(RealMachines.There, TargetKinds.VirtualMachine, "", name)),
            "UndefineAsync");

        Assert.Equal(1, await there.CountAsync(name, "Undefined Removed"));
        Assert.Equal("running (migrated)", await RealMachines.VirshAsync("domstate", "--reason", name));
    }

    [Fact]
    public async Task A_migration_that_stands_still_is_aborted_though_every_process_that_does_it_dies()
    {
        var name = await real.BootAsync(new Guest { TakesCommands = false });
        real.Options.MigrationStuckAfter = TimeSpan.FromMilliseconds(1);
        await RealMachines.VirshAsync("migrate-setspeed", name, "1");
        using var migration = Process.Start(new ProcessStartInfo("virsh",
        [
            "-q", "-c", LibvirtRig.Uri, "migrate", "--live", name, LibvirtRig.Uri2, "--migrateuri",
            $"unix://{LibvirtRig.Guests}/{name}.sock",
        ]) { UseShellExecute = false })!;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!(await RealMachines.VirshAsync("domjobinfo", name)).Contains("Data processed", StringComparison.Ordinal))
        {
            Assert.False(migration.HasExited || patience.IsCancellationRequested, "the migration is not under way");
            await Task.Delay(50);
        }

        await LibvirtRig.FailAsync("freeze-qemu", 2, name);
        await real.OverKillsAsync(real.Request("vm_abort_migration", RealMachines.Machine(name)), "AbortJobAsync");

        // whoever began it waits for the other end, too
        await LibvirtRig.FailAsync("thaw-qemu", 2, name);
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await migration.WaitForExitAsync(end.Token);
        Assert.NotEqual(0, migration.ExitCode);
        Assert.Equal("running", await RealMachines.VirshAsync("domstate", name));
        Assert.Equal((1, 0), (await _events.CountAsync(name, Started), await _events.CountAsync(name, "Stopped")));
        await RealMachines.VirshAsync("shutdown", name);
        await LibvirtRig.SeesOnConsoleAsync(name, Button);
    }

    [Fact]
    public async Task A_pool_is_started_once_and_each_volume_is_deleted_once()
    {
        var pool = new TargetReference(RealMachines.Here, TargetKinds.StoragePool, "", "small");
        real.Options.Reclaim[$"{RealMachines.Here}/small"] = ["heal-reclaim-*"];
        foreach (var number in (string[])["1", "2"])
        {
            await RealMachines.VirshAsync("vol-create-as", "small", $"heal-reclaim-{number}", "7M", "--allocation", "7M");
        }

        await RealMachines.VirshAsync("vol-create-as", "small", "heal-keep", "1M", "--allocation", "1M");
        try
        {
            await real.OverKillsAsync(real.Request("storage_pool_reclaim", pool), "DeleteVolumeAsync", "DeleteVolumeAsync");
            Assert.StartsWith("heal-keep", await RealMachines.VirshAsync("vol-list", "small"), StringComparison.Ordinal);

            await RealMachines.VirshAsync("pool-destroy", "small");
            await real.OverKillsAsync(real.Request("storage_pool_refresh", pool), "StartPoolAsync");
            Assert.Contains("running", await RealMachines.VirshAsync("pool-info", "small"), StringComparison.Ordinal);
        }
        finally
        {
            await LibvirtRig.RunAsync("virsh", "-q", "-c", LibvirtRig.Uri, "pool-start", "small");
            foreach (var volume in (string[])["heal-reclaim-1", "heal-reclaim-2", "heal-keep"])
            {
                await LibvirtRig.RunAsync("virsh", "-q", "-c", LibvirtRig.Uri, "vol-delete", volume, "--pool", "small");
            }
        }
    }

    [Fact]
    public async Task A_maintenance_begins_once_and_ends_once()
    {
        var host = new TargetReference(RealMachines.Here, TargetKinds.Hypervisor, "", RealMachines.Here);

        var on = await real.OverKillsAsync(real.Request("host_maintenance_on", host, ("reason", "new disks")));
        var began = await real.MaintenanceAsync();
        await real.OverKillsAsync(real.Request("host_maintenance_off", host));

        Assert.Equal(on.Key, began?.Key);
        Assert.Null(await real.MaintenanceAsync());
    }

    [Theory]
    [InlineData("before intend", "during the command", "before confirm")]
    [InlineData("after intend", "after the command")]
    public async Task Libvirtd_is_restarted_by_one_command_and_its_guests_run_on(params string[] deaths)
    {
        var (run, boots) = (await RealMachines.VirshAsync("domid", real.Guest), await BootsAsync());
        var tally = Path.Combine(LibvirtRig.Guests, $"{real.Guest}.restarts");
        var host = new TargetReference(RealMachines.Here, TargetKinds.Hypervisor, "", RealMachines.Here);
        real.Options.RestartCommands[RealMachines.Here] =
            ["bash", "-c", $"echo run >>'{tally}'; exec '{LibvirtRig.FailScript}' restart-daemon 1 >/dev/null 2>&1"];
        await real.LookAsync();
        await LibvirtRig.FailAsync("kill-daemon", 1);
        try
        {
            var request = real.Request("restart_libvirtd", host);
            foreach (var death in deaths) await real.Doomed(request, death).DieAsync();

            var result = await real.AppliedAsync(request);

            Assert.Contains("that ran are running", result.Detail, StringComparison.Ordinal);
            Assert.Single(await File.ReadAllLinesAsync(tally));
            Assert.Equal((run, boots), (await RealMachines.VirshAsync("domid", real.Guest), await BootsAsync()));
            Assert.Equal(
                (OperationState.Confirmed, OperationState.Confirmed, null),
                ((await real.LedgerAsync(request.Key))?.State, (await real.LedgerAsync($"{request.Key}/run/1"))?.State,
                    (await real.LedgerAsync($"{request.Key}/run/2"))?.State));
        }
        finally
        {
            // does nothing but take a second where it worked
            await LibvirtRig.FailAsync("restart-daemon", 1);
            File.Delete(tally);
            real.Options.RestartCommands.Clear();
        }
    }

    [Theory]
    [InlineData("after intend")]
    [InlineData("after SetMetadataAsync")]
    [InlineData("after DestroyAsync")]
    public async Task Of_two_healers_one_acts_and_the_other_does_not_though_the_first_stands_still_meanwhile(string at)
    {
        var first = real.Request("vm_restart");
        var second = real.Request("vm_restart") with { IncidentId = "another" };
        string ended;
        ActionResult other;
        await using (var stopped = await real.Doomed(first, at).StopAsync())
        {
            other = await real.RunAsync(second);
            ended = await stopped.GoOnAsync();
        }

        // in the middle of a restart there is nothing that a second one could end, before that the first one's intent is in the way
        Assert.Equal(at == "after DestroyAsync" ? ActionStatus.Refused : ActionStatus.Busy, other.Status);
        Assert.Null(await real.LedgerAsync(second.Key));
        Assert.StartsWith("Applied", ended, StringComparison.Ordinal);
        Assert.Equal((1, 1), (await _events.CountAsync(real.Guest, Started), await _events.CountAsync(real.Guest, Destroyed)));
    }

    [Theory]
    [InlineData("after GetMetadataAsync")]
    [InlineData("after SetMetadataAsync")]
    public async Task A_healer_that_stood_still_while_its_incident_was_closed_and_another_acted_does_nothing_when_it_wakes(string at)
    {
        var overtaken = real.Request("vm_restart") with { IncidentId = $"closed {at}" };
        await using var stopped = await real.Doomed(overtaken, at).StopAsync();
        await real.CloseAsync(overtaken.IncidentId);
        var second = await real.AppliedAsync(real.Request("vm_restart") with { IncidentId = "next" });
        var run = await RealMachines.VirshAsync("domid", real.Guest);

        var ended = await stopped.GoOnAsync();

        Assert.Equal(ActionStatus.Applied, second.Status);
        Assert.DoesNotContain("Applied", ended, StringComparison.Ordinal);
        Assert.Equal(run, await RealMachines.VirshAsync("domid", real.Guest));
        Assert.Equal((1, 1), (await _events.CountAsync(real.Guest, Started), await _events.CountAsync(real.Guest, Destroyed)));
        Assert.NotEqual(OperationState.Intended, (await real.LedgerAsync(overtaken.Key))!.State);
    }

    private Task<int> KernelsAsync() => LibvirtRig.CountOnConsoleAsync(real.Guest, Kernel);

    private Task<int> BootsAsync() => LibvirtRig.CountOnConsoleAsync(real.Guest, Up);

    private async Task StatesAsync(string state, string? name = null)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await RealMachines.VirshAsync("domstate", "--reason", name ?? real.Guest) is var now && now != state)
        {
            Assert.False(patience.IsCancellationRequested, $"expected {state}, it is {now}:\n{_events}");
            await Task.Delay(50);
        }
    }

    private async Task<string> InfoAsync(string what) =>
        (await RealMachines.VirshAsync("dominfo", real.Guest)).Split('\n')
            .Single(line => line.StartsWith($"{what}:", StringComparison.Ordinal))[(what.Length + 1)..].Trim();

    private async Task<string[]> SnapshotsAsync() =>
        (await RealMachines.VirshAsync("snapshot-list", "--name", real.Guest)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}

using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>The actions on real guests of real hosts: each takes effect once though the process dies with it, and can be taken
/// back.</summary>
[Trait("Category", "Libvirt")]
[Collection(nameof(RealHosts))]
public sealed class RealMachineActionTests(RealMachines real) : IClassFixture<RealMachines>
{
    private const string Up = "GUEST-USERSPACE";

    [Fact]
    public async Task A_reset_boots_the_guest_once_within_its_run()
    {
        var (run, boots) = (await RunAsync(), await BootsAsync());

        await real.OnceAsync(real.Request("vm_reset"));

        await AnswersAsync();
        Assert.Equal((run, boots + 1), (await RunAsync(), await BootsAsync()));
    }

    [Fact]
    public async Task A_restart_ends_one_run_and_begins_one()
    {
        var (run, boots) = (await RunAsync(), await BootsAsync());

        await real.OnceAsync(real.Request("vm_restart"));

        await AnswersAsync();
        Assert.Equal((run + 1, boots + 1), (await RunAsync(), await BootsAsync()));
    }

    [Fact]
    public async Task A_guest_is_shut_down_by_its_power_button_resized_resized_back_and_started()
    {
        var (run, boots, pressed) = (await RunAsync(), await BootsAsync(),
            await LibvirtRig.CountOnConsoleAsync(real.Guest, "GUEST-POWER-BUTTON"));

        var shutdown = await real.OnceAsync(real.Request("vm_shutdown"));
        Assert.Equal("shut off", await RealMachines.VirshAsync("domstate", real.Guest));
        Assert.Equal(pressed + 1, await LibvirtRig.CountOnConsoleAsync(real.Guest, "GUEST-POWER-BUTTON"));

        var before = await SizesAsync();
        var resize = await real.OnceAsync(real.Request("vm_resize", ("vcpus", "2"), ("memory", "192Mi")));
        Assert.Equal(("2", "196608 KiB", "196608 KiB"), await SizesAsync());
        await real.UndoneAsync(resize);
        Assert.Equal(before, await SizesAsync());

        await real.UndoneAsync(shutdown);
        await LibvirtRig.SeesOnConsoleAsync(real.Guest, Up, boots + 1);
        Assert.Equal(run + 1, await RunAsync());
    }

    [Fact]
    public async Task A_balloon_lets_a_guest_have_more_for_a_while()
    {
        await HasAsync("131072 KiB");

        var request = await real.OnceAsync(real.Request("vm_balloon", ("memory", "160Mi"), ("hostFree", "1Mi")));
        await HasAsync("163840 KiB");
        await real.UndoneAsync(request);
        await HasAsync("131072 KiB");
    }

    [Fact]
    public async Task A_disk_is_attached_and_detached_and_either_is_taken_back()
    {
        var path = await real.VolumeAsync();
        (string, string)[] disk = [("device", "vdb"), ("path", path)];

        var attach = await real.OnceAsync(real.Request("vm_attach_disk", disk));
        Assert.Contains(path, await DisksAsync());
        await LibvirtRig.TellAsync(real.Guest, "disks");
        await LibvirtRig.SeesOnConsoleAsync(real.Guest, "/sys/block/vdb");

        var detach = await real.OnceAsync(real.Request("vm_detach_disk", disk));
        Assert.DoesNotContain(path, await DisksAsync());
        await real.UndoneAsync(detach);
        Assert.Contains(path, await DisksAsync());
        await real.UndoneAsync(attach);
        Assert.DoesNotContain(path, await DisksAsync());
    }

    [Fact]
    public async Task A_device_that_a_person_takes_away_and_one_that_an_action_takes_away_are_told_apart()
    {
        var path = await real.VolumeAsync();
        (string, string)[] disk = [("device", "vdb"), ("path", path)];
        await AttachAsync();
        ActionRequest? detach = null;

        var ours = await real.HearRemovalAsync(async () => detach = await real.OnceAsync(real.Request("vm_detach_disk", disk)));
        await AttachAsync();
        var theirs = await real.HearRemovalAsync(() => RealMachines.VirshAsync("detach-disk", real.Guest, "vdb", "--live", "--config"));

        Assert.Contains($"operation {detach!.Key} of the healer took device virtio-disk1", Note(ours), StringComparison.Ordinal);
        Assert.Contains("device virtio-disk1 was taken from the guest: by somebody", Note(theirs), StringComparison.Ordinal);

        async Task AttachAsync()
        {
            await real.AppliedAsync(real.Request("vm_attach_disk", disk));
            var seen = await LibvirtRig.CountOnConsoleAsync(real.Guest, "/sys/block/vdb");
            await LibvirtRig.TellAsync(real.Guest, "disks");
            await LibvirtRig.SeesOnConsoleAsync(real.Guest, "/sys/block/vdb", seen + 1);
        }

        string Note(IReadOnlyList<Signal> told) => Assert.Single(
            told, signal => signal.Alert.Name == MachineNotes.Alert && signal.Target!.Name == real.Guest).Alert.Annotations["summary"];
    }

    [Fact]
    public async Task A_snapshot_is_taken_once_reverted_to_once_and_deleted()
    {
        var snapshot = await real.OnceAsync(real.Request("vm_snapshot", ("minFree", "1Mi")));
        Assert.Single(await SnapshotsAsync());
        // what a guest has said before is not said again by a memory that came back
        var (run, boots) = (await RunAsync(), await BootsAsync());

        await real.OnceAsync(real.Request("vm_revert"));

        Assert.Equal("running (from snapshot)", await RealMachines.VirshAsync("domstate", "--reason", real.Guest));
        await AnswersAsync();
        Assert.Equal((run + 1, boots), (await RunAsync(), await BootsAsync()));
        await real.UndoneAsync(snapshot);
        Assert.Empty(await SnapshotsAsync());
    }

    [Fact]
    public async Task A_guest_moves_to_the_other_host_once_and_comes_back()
    {
        // a guest that moves has no port for commands, which both hosts would hold
        var name = await real.BootAsync(new Guest { TakesCommands = false });

        var request = await real.OnceAsync(real.Request("vm_live_migrate", RealMachines.Machine(name)));
        Assert.Equal("shut off (migrated)", await RealMachines.VirshAsync("domstate", "--reason", name));
        Assert.Equal("running (migrated)", await RealMachines.VirshThereAsync("domstate", "--reason", name));

        await real.UndoneAsync(request);
        Assert.Equal("running (migrated)", await RealMachines.VirshAsync("domstate", "--reason", name));
        Assert.Equal("shut off (migrated)", await RealMachines.VirshThereAsync("domstate", "--reason", name));
        await RealMachines.VirshAsync("shutdown", name);
        await LibvirtRig.SeesOnConsoleAsync(name, "GUEST-POWER-BUTTON");
        Assert.Equal(1, await LibvirtRig.CountOnConsoleAsync(name, Up));
    }

    [Fact]
    public async Task A_pool_is_started_looked_at_and_reclaimed_of_what_the_settings_name()
    {
        var pool = new TargetReference(RealMachines.Here, TargetKinds.StoragePool, "", "small");
        real.Options.Reclaim[$"{RealMachines.Here}/small"] = ["heal-reclaim-*"];
        await RealMachines.VirshAsync("vol-create-as", "small", "heal-reclaim-1", "14M", "--allocation", "14M");
        await RealMachines.VirshAsync("vol-create-as", "small", "heal-keep", "1M", "--allocation", "1M");
        try
        {
            await real.OnceAsync(real.Request("storage_pool_reclaim", pool));
            Assert.Equal(["heal-keep"], await VolumesAsync());

            await RealMachines.VirshAsync("pool-destroy", "small");
            await real.OnceAsync(real.Request("storage_pool_refresh", pool));
            Assert.Equal(["heal-keep"], await VolumesAsync());
        }
        finally
        {
            await LibvirtRig.RunAsync("virsh", "-q", "-c", LibvirtRig.Uri, "pool-start", "small");
            foreach (var volume in await VolumesAsync()) await RealMachines.VirshAsync("vol-delete", volume, "--pool", "small");
        }
    }

    [Fact]
    public async Task Libvirtd_is_restarted_where_it_is_down_and_its_guests_run_on()
    {
        var (run, boots) = (await RunAsync(), await BootsAsync());
        var target = new TargetReference(RealMachines.Here, TargetKinds.Hypervisor, "", RealMachines.Here);
        real.Options.RestartCommands[RealMachines.Here] = [LibvirtRig.FailScript, "restart-daemon", "1"];
        await real.LookAsync();
        await LibvirtRig.FailAsync("kill-daemon", 1);
        try
        {
            var result = await real.AppliedAsync(real.Request("restart_libvirtd", target));

            Assert.Contains("that ran are running", result.Detail, StringComparison.Ordinal);
            Assert.Equal(1, real.CommandsRun);
            Assert.Equal((run, boots), (await RunAsync(), await BootsAsync()));
        }
        finally
        {
            // does nothing but take a second where it worked
            await LibvirtRig.FailAsync("restart-daemon", 1);
        }
    }

    private async Task<int> RunAsync() =>
        int.Parse(await RealMachines.VirshAsync("domid", real.Guest), System.Globalization.CultureInfo.InvariantCulture);

    private Task<int> BootsAsync() => LibvirtRig.CountOnConsoleAsync(real.Guest, Up);

    // Its userspace takes commands: whatever was to boot it has ended.
    private async Task AnswersAsync()
    {
        var answers = await LibvirtRig.CountOnConsoleAsync(real.Guest, "GUEST-PONG");
        await LibvirtRig.TellAsync(real.Guest, "ping");
        await LibvirtRig.SeesOnConsoleAsync(real.Guest, "GUEST-PONG", answers + 1);
    }

    // A balloon follows in steps, after a boot too.
    private async Task HasAsync(string memory)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await InfoAsync("Used memory") is var now && now != memory)
        {
            Assert.False(patience.IsCancellationRequested, $"expected {memory}, it has {now}");
            await Task.Delay(50);
        }
    }

    private async Task<string> InfoAsync(string what) =>
        (await RealMachines.VirshAsync("dominfo", real.Guest)).Split('\n')
            .Single(line => line.StartsWith($"{what}:", StringComparison.Ordinal))[(what.Length + 1)..].Trim();

    private async Task<(string Vcpus, string Most, string Now)> SizesAsync() =>
        (await InfoAsync("CPU(s)"), await InfoAsync("Max memory"), await InfoAsync("Used memory"));

    private Task<string> DisksAsync() => RealMachines.VirshAsync("domblklist", real.Guest);

    private async Task<string[]> SnapshotsAsync() =>
        (await RealMachines.VirshAsync("snapshot-list", "--name", real.Guest)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static async Task<string[]> VolumesAsync() =>
        [
            .. (await RealMachines.VirshAsync("vol-list", "small")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Trim().Split(' ')[0]),
        ];
}

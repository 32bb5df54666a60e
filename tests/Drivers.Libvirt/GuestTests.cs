using Heal.Shared.Tests;

namespace Heal.Drivers.Libvirt.Tests;

/// <summary>Real guests: what is asked of them happens in them, and what happens to them is told within a second.</summary>
[Trait("Category", "Libvirt")]
[Collection(nameof(RealGuests))]
public sealed class GuestTests : IAsyncLifetime
{
    private static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1);

    private readonly RealHost _real = new();
    private HostWatch _watch = null!;

    private IDomains Domains => _real.Host.Domains;

    [Fact]
    public async Task A_guest_boots_and_shuts_down_by_its_power_button()
    {
        var (name, uuid) = await _real.BootAsync();
        Assert.Equal((DomainState.Running, "booted"), StateOf(await _real.FindAsync(uuid)));
        await Domains.ShutdownAsync(uuid);
        await _watch.SeesAsync(uuid, "stopped", "shutdown");
        await LibvirtRig.SeesOnConsoleAsync(name, "GUEST-POWER-BUTTON");
        Assert.Equal((DomainState.ShutOff, "shutdown"), StateOf(await _real.FindAsync(uuid)));
        await _watch.SeesAsync(uuid, "started", "booted");
    }

    [Fact]
    public async Task A_guest_is_paused_resumed_reset_and_destroyed()
    {
        var (name, uuid) = await _real.BootAsync();
        await Domains.SuspendAsync(uuid);
        await _watch.SeesAsync(uuid, "suspended", "paused", OneSecond);
        await Domains.ResumeAsync(uuid);
        await _watch.SeesAsync(uuid, "resumed", "unpaused", OneSecond);
        await LibvirtRig.TellAsync(name, "ping");
        await LibvirtRig.SeesOnConsoleAsync(name, "GUEST-PONG");
        await Domains.ResetAsync(uuid);
        await _watch.SeesAsync<RebootEvent>(e => e.Uuid == uuid);
        await LibvirtRig.SeesOnConsoleAsync(name, "GUEST-USERSPACE", times: 2);
        await Domains.DestroyAsync(uuid);
        await _watch.SeesAsync(uuid, "stopped", "destroyed", OneSecond);
        Assert.Equal((DomainState.ShutOff, "destroyed"), StateOf(await _real.FindAsync(uuid)));
    }

    [Fact]
    public async Task A_guest_that_ignores_its_power_button_runs_on_after_a_shutdown_was_asked_for()
    {
        var (name, uuid) = await _real.BootAsync(new Guest { Parameters = "heal.acpi=ignore" });
        await Domains.ShutdownAsync(uuid);
        await LibvirtRig.TellAsync(name, "ping");
        await LibvirtRig.SeesOnConsoleAsync(name, "GUEST-PONG");
        Assert.Equal(DomainState.Running, (await _real.FindAsync(uuid)).State);
        await Domains.DestroyAsync(uuid, graceful: true);
        Assert.Equal((DomainState.ShutOff, "destroyed"), StateOf(await _real.FindAsync(uuid)));
    }

    [Fact]
    public async Task A_killed_emulator_is_told_within_a_second()
    {
        var (name, uuid) = await _real.BootAsync();
        await LibvirtRig.FailAsync("kill-qemu", 1, name);
        // from when libvirt knows: a busy machine takes its time to end a process of this size
        await _real.BecomesAsync(uuid, DomainState.ShutOff);
        await _watch.SeesAsync(uuid, "stopped", "failed", OneSecond);
        Assert.Equal((DomainState.ShutOff, "crashed"), StateOf(await _real.FindAsync(uuid)));
    }

    [Theory]
    [InlineData("destroy", DomainState.ShutOff, "crashed")]
    [InlineData("preserve", DomainState.Crashed, "panicked")]
    public async Task A_panic_is_told_and_ends_as_the_definition_says(string onCrash, DomainState state, string reason)
    {
        var (name, uuid) = await _real.BootAsync(new Guest { OnCrash = onCrash });
        await LibvirtRig.TellAsync(name, "panic");
        await _watch.SeesAsync(uuid, "crashed", "panicked");
        await _real.BecomesAsync(uuid, state);
        Assert.Equal((state, reason), StateOf(await _real.FindAsync(uuid)));
    }

    [Fact]
    public async Task A_monitor_that_breaks_is_told_and_hides_no_other_guest_and_its_own_goes_on()
    {
        var (_, healthy) = await _real.BootAsync();
        var (name, uuid) = await _real.BootAsync();
        await LibvirtRig.FailAsync("break-monitor", 1, name);

        await _watch.SeesAsync<ControlErrorEvent>(e => e.Uuid == uuid, OneSecond);

        var told = Assert.Single(await Domains.GetStatsAsync(), domain => domain.Uuid == healthy || domain.Uuid == uuid);
        Assert.Equal(healthy, told.Uuid);
        Assert.NotNull(told.Whole("balloon.current"));
        await LibvirtRig.TellAsync(name, "ping");
        await LibvirtRig.SeesOnConsoleAsync(name, "GUEST-PONG");
        await Domains.DestroyAsync(uuid);
    }

    [Fact]
    public async Task An_agent_that_comes_and_goes_is_told()
    {
        const string Channel = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>";
        var (name, uuid) = await _real.BootAsync(new Guest { Devices = Channel });

        await LibvirtRig.TellAsync(name, "agent-comes");
        await LibvirtRig.SeesOnConsoleAsync(name, "GUEST-AGENT-THERE");
        await _watch.SeesAsync<AgentEvent>(e => e is { Connected: true, Reason: "channel" } && e.Uuid == uuid, OneSecond);
        await LibvirtRig.TellAsync(name, "agent-goes");
        await LibvirtRig.SeesOnConsoleAsync(name, "GUEST-AGENT-GONE");
        await _watch.SeesAsync<AgentEvent>(e => e is { Connected: false, Reason: "channel" } && e.Uuid == uuid, OneSecond);
    }

    [Fact]
    public async Task A_job_on_a_disk_is_told_with_its_end()
    {
        var disk = $"{Some.Name("job")}.qcow2";
        await LibvirtRig.VirshAsync(LibvirtRig.Uri, "vol-create-as", "default", disk, "64M", "--format", "qcow2");
        var path = await LibvirtRig.VirshAsync(LibvirtRig.Uri, "vol-path", disk, "--pool", "default");
        var (name, uuid) = await _real.BootAsync(new Guest { Disk = path });
        try
        {
            await LibvirtRig.VirshAsync(
                LibvirtRig.Uri, "snapshot-create-as", name, "over", "--disk-only", "--no-metadata", "--diskspec", $"vda,file={path}.over");
            await LibvirtRig.VirshAsync(LibvirtRig.Uri, "blockcommit", name, "vda", "--active", "--pivot", "--wait");

            await _watch.SeesAsync<BlockJobEvent>(e => e is { Type: "active-commit", Status: "ready" } && e.Uuid == uuid);
            await _watch.SeesAsync<BlockJobEvent>(e => e is { Type: "active-commit", Status: "completed" } && e.Uuid == uuid, OneSecond);
        }
        finally
        {
            await Domains.DestroyAsync(uuid);
            File.Delete($"{LibvirtRig.OnFirstHost(path)}.over");
            await LibvirtRig.VirshAsync(LibvirtRig.Uri, "vol-delete", disk, "--pool", "default");
        }
    }

    [Fact]
    public async Task A_full_pool_pauses_the_guest_with_the_reason_and_room_lets_it_go_on()
    {
        var volume = await _real.Host.Storage.CreateVolumeAsync("small", Some.Volume(Some.Name("disk"), 64 << 20));
        var (name, uuid) = await _real.BootAsync(new Guest { Disk = volume.Path, ErrorPolicy = "enospace" });
        try
        {
            await LibvirtRig.TellAsync(name, "write 40");
            var error = await _watch.SeesAsync<IoErrorEvent>(e => e.Uuid == uuid);
            Assert.Equal(("enospc", "pause", volume.Path), (error.Reason, error.Action, error.Path));
            await _watch.SeesAsync(uuid, "suspended", "io-error");
            Assert.Equal((DomainState.Paused, "io-error"), StateOf(await _real.FindAsync(uuid)));
            Assert.Equal(new DiskError("vda", "no-space"), Assert.Single(await Domains.GetDiskErrorsAsync(uuid)));
            var block = await Domains.GetBlockInfoAsync(uuid, "vda");
            Assert.Equal(64 << 20, block.Capacity);
            await LibvirtRig.FailAsync("grow-small", 1);
            await Domains.ResumeAsync(uuid);
            await LibvirtRig.SeesOnConsoleAsync(name, "GUEST-WROTE 0");
            // and QEMU's disk error stays until the next boot: state and counters tell, not this
            Assert.Equal(DomainState.Running, (await _real.FindAsync(uuid)).State);
        }
        finally
        {
            await Domains.DestroyAsync(uuid);
            await _real.Host.Storage.DeleteVolumeAsync("small", volume.Name);
            await LibvirtRig.FailAsync("shrink-small", 1);
        }
    }

    [Fact]
    public async Task A_watchdog_that_is_no_longer_kicked_is_told_and_pauses_the_guest()
    {
        var (name, uuid) = await _real.BootAsync(
            new Guest { Kernel = "full", Watchdog = "pause", Parameters = "heal.watchdog=kick", MemoryMib = 256 });
        await LibvirtRig.SeesOnConsoleAsync(name, "GUEST-WATCHDOG-KICKED");
        await LibvirtRig.TellAsync(name, "stop-kicking");
        await LibvirtRig.SeesOnConsoleAsync(name, "GUEST-WATCHDOG-NO-LONGER-KICKED");
        // the driver's heartbeat is 30 s
        var fired = await _watch.SeesAsync<WatchdogEvent>(e => e.Uuid == uuid, TimeSpan.FromSeconds(60));
        Assert.Equal("pause", fired.Action);
        await _real.BecomesAsync(uuid, DomainState.Paused);
        Assert.Equal("watchdog", (await _real.FindAsync(uuid)).Reason);
    }

    [Fact]
    public async Task A_boot_that_cannot_begin_is_refused_with_its_reason()
    {
        var (_, uuid) = await _real.DefineAsync(new Guest { Disk = "/nowhere/missing.qcow2" });
        var refused = await Assert.ThrowsAsync<LibvirtException>(() => Domains.StartAsync(uuid));
        Assert.Equal(38, refused.Code);
        Assert.Contains("/nowhere/missing.qcow2", refused.Reason, StringComparison.Ordinal);
        Assert.Equal(DomainState.ShutOff, (await _real.FindAsync(uuid)).State);
    }

    [Fact]
    public async Task Statistics_of_a_guest_move()
    {
        var (name, uuid) = await _real.BootAsync();
        var before = Assert.Single(await Domains.GetStatsAsync(), domain => domain.Uuid == uuid);
        Assert.Equal(name, before.Name);
        await LibvirtRig.TellAsync(name, "hang");
        await LibvirtRig.SeesOnConsoleAsync(name, "GUEST-HANGS");
        await Task.Delay(500);
        var after = Assert.Single(await Domains.GetStatsAsync(), domain => domain.Uuid == uuid);
        Assert.True(after.Whole("cpu.time") > before.Whole("cpu.time"));
        Assert.True(after.Whole("vcpu.0.time") > before.Whole("vcpu.0.time"));
        Assert.Equal(256 * 1024, after.Whole("balloon.maximum"));
    }

    [Fact]
    public async Task Size_and_devices_of_a_running_guest_change()
    {
        var (name, uuid) = await _real.BootAsync();
        await Domains.SetVcpusAsync(uuid, 2, DomainScope.Both);
        await LibvirtRig.TellAsync(name, "cpus");
        await LibvirtRig.SeesOnConsoleAsync(name, "GUEST-CPUS 2");
        await Domains.SetMemoryAsync(uuid, 192 * 1024, DomainScope.Both);
        Assert.Equal(2, (await _real.FindAsync(uuid)).Vcpus);
        var volume = await _real.Host.Storage.CreateVolumeAsync("default", Some.Volume(Some.Name("disk")));
        var device = $"<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{volume.Path}'/>"
            + "<target dev='sda' bus='usb'/></disk>";
        await Domains.AttachDeviceAsync(uuid, device);
        Assert.Contains(volume.Path, await Domains.GetXmlAsync(uuid, inactive: false), StringComparison.Ordinal);
        Assert.Contains(volume.Path, await Domains.GetXmlAsync(uuid, inactive: true), StringComparison.Ordinal);
        await Domains.DetachDeviceAsync(uuid, device);
        await _watch.SeesAsync<DeviceRemovedEvent>(e => e.Uuid == uuid);
        Assert.DoesNotContain(volume.Path, await Domains.GetXmlAsync(uuid, inactive: false), StringComparison.Ordinal);
        Assert.Null(await Domains.GetJobAsync(uuid));
        Assert.Null(await Domains.AskAgentAsync(uuid, "{\"execute\":\"guest-ping\"}", TimeSpan.FromSeconds(1)));
        await Domains.DestroyAsync(uuid);
        await _real.Host.Storage.DeleteVolumeAsync("default", volume.Name);
    }

    [Fact]
    public async Task A_seed_is_uploaded_byte_for_byte_and_a_volume_grows()
    {
        var name = Some.Name("seed");
        var content = new byte[300_000];
        new Random(7).NextBytes(content);
        var volume = await _real.Host.Storage.CreateVolumeAsync(
            "default",
            $"<volume><name>{name}</name><capacity unit='bytes'>{content.Length}</capacity><target><format type='raw'/></target></volume>");
        await _real.Host.Storage.UploadAsync("default", name, content);
        Assert.Equal(content, (await File.ReadAllBytesAsync(volume.Path))[..content.Length]);
        await _real.Host.Storage.ResizeVolumeAsync("default", name, 1 << 20);
        Assert.Equal(1 << 20, (await _real.Host.Storage.FindVolumeAsync("default", name))!.Capacity);
        await _real.Host.Storage.DeleteVolumeAsync("default", name);
        Assert.False(File.Exists(volume.Path));
    }

    [Fact]
    public async Task A_snapshot_of_a_running_guest_is_reverted_to_and_deleted()
    {
        var volume = await _real.Host.Storage.CreateVolumeAsync("default", Some.Volume(Some.Name("disk"), 64 << 20));
        var (_, uuid) = await _real.BootAsync(new Guest { Disk = volume.Path });
        await Domains.CreateSnapshotAsync(uuid, "<domainsnapshot><name>good</name></domainsnapshot>");
        await Domains.DestroyAsync(uuid);
        await Domains.RevertToSnapshotAsync(uuid, "good");
        Assert.Equal((DomainState.Running, "from-snapshot"), StateOf(await _real.FindAsync(uuid)));
        await Domains.DeleteSnapshotAsync(uuid, "good");
        Assert.Empty(await Domains.ListSnapshotsAsync(uuid));
        await Domains.DestroyAsync(uuid);
        await _real.Host.Storage.DeleteVolumeAsync("default", volume.Name);
    }

    [Fact]
    public async Task The_host_tells_its_uuid_memory_and_what_its_emulator_offers()
    {
        var info = await _real.Host.GetInfoAsync();
        Assert.Equal("heal-host1", info.Hostname);
        Assert.NotNull(info.HostUuid);
        Assert.Equal("QEMU", info.HypervisorType);
        Assert.True(info.KernelMemoryBytes > 0 && info.FreeMemoryBytes > 0);
        Assert.Equal(info.NumaNodes, info.FreeMemoryByNumaNode.Count);
        Assert.InRange(info.FreeMemoryByNumaNode.Sum(), 1, info.MemoryBytes);
        // the kernel's own word; what others stole from a virtual host is not in its CPUs' accounts
        var words = (await File.ReadAllTextAsync("/proc/uptime")).Split(' ');
        var up = double.Parse(words[0], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(info.Uptime!.Value.TotalSeconds, up / 2, up * 1.05);
        var offered = await _real.Host.GetDomainCapabilitiesAsync("x86_64", "q35", "qemu");
        Assert.Contains("<domainCapabilities", offered, StringComparison.Ordinal);
    }

    public async Task InitializeAsync()
    {
        _watch = new HostWatch(_real.Host);
        await _watch.SeesAsync<ConnectedEvent>();
    }

    public async Task DisposeAsync()
    {
        await _watch.DisposeAsync();
        await _real.DisposeAsync();
    }

    private static (DomainState State, string Reason) StateOf(DomainRecord domain) => (domain.State, domain.Reason);
}

using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Workflows.Tests;

/// <summary>Real guests on a real libvirtd of eng/libvirt: made, booted, taken away, with real failures in between.</summary>
[Trait("Category", "Libvirt")]
[Collection(nameof(RealVmTests))]
public sealed class RealVmTests : IAsyncLifetime
{
    private const string Network = "heal-vms-test";
    private readonly string _id = $"vm-{Guid.NewGuid():n}"[..16];
    private LiveVms _vms = null!;

    public async Task InitializeAsync()
    {
        _vms = await LiveVms.StartAsync(
            LibvirtRig.Uri, ("Heal:Vms:PoolOvercommit", "100"), ("Heal:Vms:PoolMarginPercent", "0"), ("Heal:Vms:HostMemoryReserveMib",
                "0"));
    }

    public async Task DisposeAsync()
    {
        await _vms.DeleteAsync(_id, force: true);
        if ((await _vms.Libvirt.Networks.ListAsync()).FirstOrDefault(network => network.Name == Network) is { } left)
        {
            if (!left.IsActive) await _vms.Libvirt.Networks.StartAsync(Network);
            await _vms.Libvirt.Networks.StopAsync(Network, undefine: true);
        }

        await _vms.DisposeAsync();
    }

    [Fact]
    public async Task A_machine_is_made_its_guest_boots_and_nothing_is_left_when_it_is_deleted()
    {
        await _vms.Libvirt.Networks.CreateAsync($"<network><name>{Network}</name><bridge name='heal-vmt0'/></network>");
        await _vms.Libvirt.Networks.StopAsync(Network, undefine: false);
        var vm = Blueprint($$"""
            , "cloudInit": { "userData": "#cloud-config\n{}\n" }, "disks": [{ "pool": "default", "size": "64MiB" },
              { "pool": "default", "size": "32MiB",
              "bus": "sata", "format": "raw" }], "interfaces": [{ "network": "{{Network}}" }], "pvpanic": true, "watchdog": "reset"
            """);

        var made = await _vms.CreateAsync(vm);
        Assert.True(made.Kind == VmOutcomeKind.Created, $"{made.Kind}: {made.Detail}\n{string.Join('\n', made.Objections)}");
        await LibvirtRig.SeesOnConsoleAsync(_id, "GUEST-USERSPACE");
        Assert.Equal(VmOutcomeKind.AlreadyThere, (await _vms.CreateAsync(vm)).Kind);
        Assert.True((await _vms.Libvirt.Networks.ListAsync()).Single(network => network.Name == Network).IsActive);

        // an internal snapshot needs qcow2 everywhere: only the metadata that undefine would stumble over
        var deleted = await _vms.DeleteAsync(_id);
        Assert.True(deleted.Kind == VmOutcomeKind.Deleted, $"{deleted.Kind}: {deleted.Detail} {string.Join(' ', deleted.LeftBehind)}");
        await LibvirtRig.SeesOnConsoleAsync(_id, "GUEST-POWER-BUTTON");
        await _vms.AssertNothingLeftAsync(_id);
    }

    [Fact]
    public async Task Snapshots_overlays_and_managed_save_go_with_the_machine()
    {
        var vm = Blueprint(""", "disks": [{ "pool": "default", "size": "64MiB" }]""");
        Assert.Equal(VmOutcomeKind.Created, (await _vms.CreateAsync(vm)).Kind);
        await LibvirtRig.SeesOnConsoleAsync(_id, "GUEST-USERSPACE");
        await _vms.Libvirt.Domains.CreateSnapshotAsync(vm.Uuid, "<domainsnapshot><name>memory</name></domainsnapshot>");
        await _vms.Libvirt.Domains.CreateSnapshotAsync(
            vm.Uuid, "<domainsnapshot><name>overlay</name></domainsnapshot>", SnapshotOptions.DiskOnly);

        var deleted = await _vms.DeleteAsync(_id, force: true);

        Assert.True(deleted.Kind == VmOutcomeKind.Deleted, $"{deleted.Kind}: {deleted.Detail} {string.Join(' ', deleted.LeftBehind)}");
        await _vms.AssertNothingLeftAsync(_id);
        var folder = (await _vms.Libvirt.Storage.FindPoolAsync("default"))!.Path!;
        Assert.DoesNotContain(Directory.EnumerateFiles(folder), file => Path.GetFileName(file).StartsWith(_id, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_pool_that_is_full_in_the_middle_fails_the_creation_and_nothing_is_left()
    {
        // What libvirt counted last may be from before others made room.
        await _vms.Libvirt.Storage.RefreshPoolAsync("small");
        var pool = (await _vms.Libvirt.Storage.FindPoolAsync("small"))!;
        const string Filler = "heal-vms-filler";
        var size = pool.Available - (600 << 10);
        await _vms.Libvirt.Storage.CreateVolumeAsync(
            "small", $"<volume><name>{Filler}</name><capacity>{size}</capacity><allocation>{size}</allocation></volume>");
        try
        {
            // the disk's 200 KiB fit, the seed's 1 MiB do not
            var outcome = await _vms.CreateAsync(Blueprint(""", "cloudInit": {}, "disks": [{ "pool": "small", "size": "4MiB" }]"""));

            Assert.Equal(VmOutcomeKind.RolledBack, outcome.Kind);
            Assert.Contains("libvirt refused", outcome.Detail);
            Assert.Contains("No space left on device", outcome.Detail);
            await _vms.AssertNothingLeftAsync(_id);
        }
        finally
        {
            await _vms.Libvirt.Storage.DeleteVolumeAsync("small", Filler);
        }
    }

    [Fact]
    public async Task A_guest_that_cannot_start_leaves_nothing_behind()
    {
        var vm = Blueprint(""", "disks": [{ "pool": "default", "size": "64MiB" }]""")
            with { Boot = new VmBoot("/nowhere/vmlinuz", null, null) };
        var outcome = await _vms.CreateAsync(vm);
        Assert.Equal(VmOutcomeKind.RolledBack, outcome.Kind);
        Assert.Contains("/nowhere/vmlinuz", outcome.Detail);
        await _vms.AssertNothingLeftAsync(_id);
    }

    [Fact]
    public async Task A_daemon_that_is_killed_and_comes_back_costs_time_and_nothing_else()
    {
        var vm = Blueprint(""", "disks": [{ "pool": "default", "size": "64MiB" }, { "pool": "default", "size": "64MiB" }]""");
        await LibvirtRig.FailAsync("kill-daemon", 1);
        await _vms.BeginAsync(vm);
        await LibvirtRig.FailAsync("restart-daemon", 1);

        var made = await _vms.EndAsync(_id);

        Assert.True(made.Kind == VmOutcomeKind.Created, $"{made.Kind}: {made.Detail}\n{string.Join('\n', made.Objections)}");
        await LibvirtRig.SeesOnConsoleAsync(_id, "GUEST-USERSPACE");
        Assert.Equal(VmOutcomeKind.Deleted, (await _vms.DeleteAsync(_id)).Kind);
        await _vms.AssertNothingLeftAsync(_id);
    }

    [Fact]
    public async Task What_the_host_cannot_do_is_objected_to_in_words()
    {
        var outcome = await _vms.CreateAsync(_vms.Blueprint(_id, """
            { "vcpus": 1, "memory": "128MiB", "type": "qemu", "machine": "pc-q35-99.9", "disks": [{ "pool": "default", "size": "1MiB" }] }
            """));
        Assert.Equal(VmOutcomeKind.Refused, outcome.Kind);
        Assert.Contains(outcome.Objections, fault =>
            fault.Subject == "host 'kvm-a' machine types" && fault.Found.Contains("q35", StringComparison.Ordinal));
    }

    private VmBlueprint Blueprint(string more) => _vms.Blueprint(_id, $$"""
        { "vcpus": 1, "memory": "128MiB", "type": "qemu", "consoleLog": "{{LibvirtRig.ConsoleOf(_id)}}",
          "boot": { "kernel": "{{LibvirtRig.Images}}/vmlinuz-cloud", "initrd": "{{LibvirtRig.Images}}/initrd-cloud.gz",
            "commandLine": "console=ttyS0 mitigations=off no_timer_check" } {{more}} }
        """);
}

/// <summary>One at a time: a guest needs a processor, and a killed daemon is everybody's.</summary>
[CollectionDefinition(nameof(RealVmTests), DisableParallelization = true)]
public sealed class RealVmCollection
{
}

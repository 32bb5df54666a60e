using System.Xml.Linq;

namespace Heal.Healing.Tests;

/// <summary>Which guests of a dead host can be started elsewhere.</summary>
public sealed class EvacuationPolicyTests
{
    private static readonly string[] Shared = ["/shared"];

    [Fact]
    public void A_guest_that_wants_it_ran_and_has_its_disks_on_shared_storage_can() =>
        Assert.Null(EvacuationPolicy.Objection(Guest(), Shared, disarms: false));

    [Theory]
    [InlineData("shutoff", "not running")]
    [InlineData("paused", "not running")]
    [InlineData("crashed", "not running")]
    public void What_did_not_run_stays_where_it_is(string state, string reason) =>
        Assert.Contains(reason, EvacuationPolicy.Objection(Guest() with { State = state }, Shared, disarms: false)!);

    [Fact]
    public void Nobody_is_moved_who_does_not_say_so_or_was_moved_already()
    {
        Assert.Contains("does not say", Objection(Guest() with { WantsRestart = false }), StringComparison.Ordinal);
        Assert.Contains("hv2 already", Objection(Guest() with { MovedTo = "hv2" }), StringComparison.Ordinal);
        Assert.Contains("not known", Objection(Guest() with { Xml = null }), StringComparison.Ordinal);
        Assert.Contains("cannot be read", Objection(Guest() with { Xml = "<domain" }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_that_would_start_its_own_copy_again_must_be_disarmed_by_a_witness()
    {
        var guest = Guest() with { Autostart = true };

        Assert.Contains("autostart", EvacuationPolicy.Objection(guest, Shared, disarms: false), StringComparison.Ordinal);
        Assert.Null(EvacuationPolicy.Objection(guest, Shared, disarms: true));
    }

    [Theory]
    [InlineData("<os><nvram>/var/lib/x</nvram></os>", "", "nvram")]
    [InlineData("", "<hostdev mode='subsystem'/>", "hostdev")]
    [InlineData("", "<filesystem type='mount'/>", "filesystem")]
    [InlineData("", "<tpm model='tpm-crb'/>", "TPM")]
    [InlineData("", "<graphics type='vnc' passwd='*****'/>", "password")]
    [InlineData("", "<disk type='file'><source file='/local/b'/><target dev='vdb' bus='virtio'/></disk>", "vdb (/local/b)")]
    [InlineData("", "<disk type='file'><source file='/shared/../b'/><target dev='vdb' bus='virtio'/></disk>", "vdb (/shared/../b)")]
    [InlineData("", "<disk type='file'><source file='/sharedby/b'/><target dev='vdb' bus='virtio'/></disk>", "vdb (/sharedby/b)")]
    [InlineData("", "<disk type='network'><source protocol='rbd' name='a/b'/><target dev='vdb' bus='virtio'/></disk>", "no file")]
    [InlineData("", "<disk type='file' device='cdrom'><source file='/iso/a'/><target dev='sda' bus='sata'/></disk>", "sda (/iso/a)")]
    [InlineData("", "<disk type='file'><source file='/shared/b'/><target dev='vdb' bus='virtio'/><shareable/></disk>", "shareable")]
    public void What_is_bound_to_its_host_stays(string os, string device, string reason) =>
        Assert.Contains(reason, Objection(Guest() with { Xml = Xml(os, device) }), StringComparison.Ordinal);

    [Fact]
    public void A_guest_that_should_be_off_is_not_started_elsewhere()
    {
        const string Off = "<metadata><heal:vm xmlns:heal='urn:heal:vm:1' desired='stopped'/></metadata>";

        Assert.Contains("should be off", Objection(Guest() with { Xml = Xml(Off) }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_definition_with_a_password_or_without_end_is_not_kept()
    {
        Assert.Contains("password", EvacuationPolicy.Unkeepable(Xml("", "<graphics type='vnc' passwd='*****'/>")));
        Assert.Contains("262144", EvacuationPolicy.Unkeepable(Xml(new string(' ', EvacuationPolicy.LongestDefinition))));
        Assert.Null(EvacuationPolicy.Unkeepable(Xml()));
    }

    [Fact]
    public void What_a_guest_only_reads_and_an_empty_drive_need_no_lock()
    {
        var document = XElement.Parse(Xml("", """
            <disk type='file' device='cdrom'><source file='/shared/a.iso'/><target dev='sda' bus='sata'/></disk>
            <disk type='file' device='cdrom'><target dev='sdb' bus='sata'/></disk>
            <disk type='file' device='disk'><source file='/shared/base'/><target dev='vdb' bus='virtio'/><readonly/></disk>
            """));

        Assert.Equal(["vda True", "sda False", "vdb False"],
            EvacuationPolicy.Disks(document).Select(disk => $"{disk.Device} {disk.IsWritten}"));
    }

    [Fact]
    public void A_document_becomes_a_blueprint_that_the_placement_judges()
    {
        var vm = EvacuationBlueprint.Of(XElement.Parse(Xml()), "hv2", [new DiskPlace("vda", "shared", "web.qcow2")], out var fault)!;
        var host = new HostFacts(
            "hv2", null, new Dictionary<string, long> { ["kernel"] = 8L << 30 }, 4, [],
            [new PoolFacts("shared", true, "dir", 1L << 40, 1L << 39,
                [new VolumeFacts("web.qcow2", "/shared/web.qcow2", "file", "qcow2", 1 << 20)])],
            [], null);

        Assert.Null(fault);
        Assert.Equal("hv2", PlacementPolicy.Decide(vm, [host], PlacementLimits.Default).Host);
        Assert.Contains("maintenance", Assert.Single(PlacementPolicy.Decide(
            vm, [host with { Maintenance = new MaintenanceEvidence("ann", "disks", DateTimeOffset.UnixEpoch, null) }],
            PlacementLimits.Default).Objections).Found, StringComparison.Ordinal);
        Assert.Contains("memory", Assert.Single(PlacementPolicy.Decide(
            vm with { MemoryKib = 16 << 20 }, [host], PlacementLimits.Default).Objections).Subject, StringComparison.Ordinal);
        Assert.Contains("no such volume", Assert.Single(PlacementPolicy.Decide(
            vm, [host with { Pools = [host.Pools[0] with { Volumes = [] }] }], PlacementLimits.Default).Objections).Found,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bus='virtio'", "bus='usb'", "bus 'usb'")]
    [InlineData("type='qcow2'", "type='vmdk'", "'vmdk'")]
    [InlineData("<domain type='qemu'>", "<domain type='lxc'>", "'lxc'")]
    public void What_the_placement_has_no_words_for_is_not_placed(string what, string by, string reason)
    {
        var document = XElement.Parse(Xml().Replace(what, by, StringComparison.Ordinal));

        Assert.Null(EvacuationBlueprint.Of(document, "hv2", [new DiskPlace("vda", "shared", "web.qcow2")], out var fault));
        Assert.Contains(reason, fault, StringComparison.Ordinal);
    }

    private static string Objection(GuestLeftBehind guest) => EvacuationPolicy.Objection(guest, Shared, disarms: false)!;

    private static GuestLeftBehind Guest() => new(
        "00000000-0000-0000-0000-000000000001", "web", "running", WantsRestart: true, Autostart: false, Xml(), null);

    private static string Xml(string os = "", string devices = "") => $"""
        <domain type='qemu'><name>web</name><uuid>00000000-0000-0000-0000-000000000001</uuid><memory unit='KiB'>262144</memory>
        <vcpu>1</vcpu>{os}<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/shared/web.qcow2'/>
        <target dev='vda' bus='virtio'/></disk>{devices}</devices></domain>
        """;
}

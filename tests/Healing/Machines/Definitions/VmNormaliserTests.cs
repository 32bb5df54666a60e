using System.Xml.Linq;

namespace Heal.Healing.Tests;

/// <summary>What a definition becomes when nothing is left open.</summary>
public sealed class VmNormaliserTests
{
    [Fact]
    public void A_copy_is_a_new_volume_of_its_own_and_leaves_the_digest_of_other_machines_as_it_was()
    {
        var disk = Assert.Single(Vm.Blueprint("""
            { "vcpus": 1, "memory": "1GiB", "disks": [{ "pool": "default", "format": "raw", "copyOf": { "volume": "golden" } }] }
            """).Disks);
        Assert.Equal((true, null, new BlueprintBacking("default", "golden")), (disk.IsMade, disk.Backing, disk.CopyOf));
        Assert.DoesNotContain("copyOf", System.Text.Json.JsonSerializer.Serialize(Vm.Blueprint().Disks[0], WithoutNulls),
            StringComparison.OrdinalIgnoreCase);
    }

    private static readonly System.Text.Json.JsonSerializerOptions WithoutNulls =
        new() { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull };

    private static readonly OsCatalogue Some = OsCatalogue.Of([XDocument.Parse("""
        <libosinfo>
          <os id="http://example.org/base/1"><short-id>base1</short-id><name>Base</name>
            <devices><device id="http://pcisig.com/pci/1af4/1001"/><device id="http://pcisig.com/pci/1af4/1000"/></devices>
            <resources arch="all"><minimum><ram>4294967296</ram><storage>21474836480</storage></minimum></resources></os>
          <os id="http://example.org/child/2"><short-id>child2</short-id><name>Child</name>
            <derives-from id="http://example.org/base/1"/></os>
          <os id="http://example.org/old/1"><short-id>old1</short-id><name>Old</name><derives-from id="http://example.org/child/2"/>
            <devices><device id="http://pcisig.com/pci/1af4/1001" removed="true"/>
            <device id="http://pcisig.com/pci/1af4/1000" removed="true"/></devices></os>
        </libosinfo>
        """)]);

    [Fact]
    public void The_same_id_is_the_same_machine_in_every_process()
    {
        // as any implementation of RFC 9562 computes it from our namespace; a change would make every machine another one
        Assert.Equal(new Guid("5c7de4bf-2fec-5910-8634-c22bf5fd4484"), VmIdentity.Uuid("web-1"));
        Assert.NotEqual(VmIdentity.Uuid("web-1"), VmIdentity.Uuid("web-2"));
        Assert.Equal('5', VmIdentity.Uuid("web-1").ToString("D")[14]);
        Assert.Equal(Vm.Blueprint().Digest, Vm.Blueprint().Digest);
        Assert.Matches("^52:54:00(:[0-9a-f]{2}){3}$", VmIdentity.Mac("web-1", 0));
        Assert.NotEqual(VmIdentity.Mac("web-1", 0), VmIdentity.Mac("web-1", 1));
    }

    [Fact]
    public void A_change_of_anything_but_the_place_is_another_machine()
    {
        var digest = Vm.Blueprint().Digest;
        Assert.NotEqual(digest, Vm.Blueprint(Vm.Web.Replace("2GiB", "3GiB")).Digest);
        Assert.NotEqual(digest, Vm.Blueprint(Vm.Web.Replace("\"vcpus\": 2", "\"vcpus\": 2, \"metadata\": { \"team\": \"shop\" }")).Digest);
        Assert.Equal(digest, Vm.Blueprint(Vm.Web.Replace("\"vcpus\": 2", "\"vcpus\": 2, \"host\": \"kvm-a\"")).Digest);
    }

    [Fact]
    public void Volumes_carry_the_mark_of_the_definition_and_only_those_count_as_its_own()
    {
        var name = Assert.Single(Vm.Blueprint().NewVolumes).Name;
        Assert.Matches(@"^web-1\.vda\.[0-9a-f]{10}\.qcow2$", name);
        Assert.True(VmIdentity.IsVolumeOf("web-1", name));
        Assert.False(VmIdentity.IsVolumeOf("web", name));
        Assert.False(VmIdentity.IsVolumeOf("web-1", "web-1.vda.qcow2"));
        Assert.False(VmIdentity.IsVolumeOf("web-1", name.Replace("web-1", "web-2")));
    }

    [Theory]
    [InlineData("base1", VmDiskBus.Virtio, VmNicModel.Virtio)]
    [InlineData("http://example.org/child/2", VmDiskBus.Virtio, VmNicModel.Virtio)]
    [InlineData("old1", VmDiskBus.Sata, VmNicModel.E1000)]
    public void Buses_and_models_are_those_that_the_operating_system_or_its_ancestors_know(string os, VmDiskBus bus, VmNicModel model)
    {
        var vm = Vm.Blueprint(Vm.Web.Replace("debian11", os), catalogue: Some);
        Assert.Equal((bus, model), (vm.Disks[0].Bus, vm.Interfaces[0].Model));
    }

    [Fact]
    public void An_unknown_operating_system_is_said_and_guessed_at()
    {
        var normal = VmNormaliser.Normalise(Vm.Definition(Vm.Web.Replace("debian11", "chld2")), Some);
        Assert.Contains("did you mean 'child2'", Assert.Single(normal.Warnings));
        Assert.Equal(VmDiskBus.Virtio, normal.Blueprint.Disks[0].Bus);

        var without = VmNormaliser.Normalise(Vm.Definition(), OsCatalogue.Empty);
        Assert.Contains("osinfo-db", Assert.Single(without.Warnings));
    }

    [Fact]
    public void Less_memory_or_disk_than_the_operating_system_wants_is_a_warning()
    {
        var warnings = VmNormaliser.Normalise(Vm.Definition(Vm.Web.Replace("debian11", "child2")), Some).Warnings;
        Assert.Equal(["Child wants at least 4GiB of memory, this machine gets 2GiB",
            "Child wants a disk of at least 20GiB, this machine gets 10GiB"],
            warnings);
    }

    [Fact]
    public void Disks_of_several_buses_and_the_seed_get_targets_of_their_own()
    {
        var vm = Vm.Blueprint("""
            { "vcpus": 1, "memory": "1GiB", "cloudInit": {}, "disks": [
              { "pool": "p", "size": "1GiB" }, { "pool": "p", "size": "1GiB", "bus": "sata" },
              { "pool": "p", "size": "1GiB", "bus": "scsi" },
              { "pool": "p", "volume": "old.qcow2" }] }
            """);
        Assert.Equal(["vda", "sda", "sdb", "vdb"], vm.Disks.Select(disk => disk.Target));
        Assert.Equal("vdc", vm.Seed!.Target);
        Assert.Equal(4, vm.NewVolumes.Count());
    }

    [Fact]
    public void The_real_database_of_operating_systems_is_understood()
    {
        const string Folder = "/usr/share/osinfo/os";
        Assert.True(Directory.Exists(Folder), "Debian package osinfo-db is missing");
        var catalogue = OsCatalogue.Of(Directory.EnumerateFiles(Folder, "*.xml", SearchOption.AllDirectories).Select(XDocument.Load));

        Assert.True(catalogue.Count > 400, $"{catalogue.Count} systems");
        var debian = catalogue.Find("debian11")!;
        Assert.Equal(("http://debian.org/debian/11", true, true), (debian.Id, debian.HasVirtioDisk, debian.HasVirtioNic));
        Assert.Equal(1L << 30, debian.MinimumMemoryBytes);
        Assert.False(catalogue.Find("win7")!.HasVirtioDisk);
    }
}

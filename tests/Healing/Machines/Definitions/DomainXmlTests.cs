using System.Diagnostics;
using System.Xml.Linq;
using System.Xml.XPath;

namespace Heal.Healing.Tests;

/// <summary>The documents that libvirt gets. Each is also held against libvirt's own schemas.</summary>
public sealed class DomainXmlTests
{
    private const string Full = """
        {
          "name": "Größe <&'\"> ]]> & Söhne", "vcpus": 4, "memory": "4GiB", "machine": "q35", "firmware": "uefi",
          "cpu": "host-passthrough",
          "disks": [
            { "pool": "default", "size": "10GiB", "backing": { "pool": "images", "volume": "debian.qcow2" } },
            { "pool": "default", "size": "1GiB", "format": "raw", "bus": "sata" },
            { "pool": "default", "size": "1GiB", "bus": "scsi" },
            { "pool": "data", "volume": "shared.raw", "format": "raw", "readOnly": true }],
          "interfaces": [{ "network": "default" }, { "bridge": "br0", "model": "e1000e" }, { "user": true, "mac": "52:54:00:AA:BB:CC" }],
          "watchdog": "reset", "pvpanic": true, "guestAgent": true, "consoleLog": "/var/log/vm/a&b.log", "onCrash": "preserve",
          "metadata": { "team": "<shop>", "\"quoted\"": "'x'" },
          "cloudInit": { "hostname": "web-1", "userData": "#cloud-config\npackages: [nginx]\n" },
          "autostart": true, "autonomy": "act"
        }
        """;

    [Fact]
    public void Values_arrive_as_they_were_written_whatever_characters_are_in_them()
    {
        var xml = XDocument.Parse(Vm.Xml(Vm.Blueprint(Full)).ToString()); // once through text, as libvirt gets it
        Assert.Equal("Größe <&'\"> ]]> & Söhne", xml.XPathSelectElement("/domain/name")!.Value);
        Assert.Equal("/var/log/vm/a&b.log", xml.XPathSelectElement("/domain/devices/serial/log")!.Attribute("file")!.Value);
        var mark = VmMark.Parse(xml.XPathSelectElement("/domain/metadata")!.Elements().First().ToString())!;
        Assert.Equal("<shop>", mark.Labels["team"]);
        Assert.Equal("'x'", mark.Labels["\"quoted\""]);
    }

    [Fact]
    public void The_uuid_is_always_there_and_the_mark_arrives_with_the_definition()
    {
        var vm = Vm.Blueprint(Full);
        var xml = Vm.Xml(vm);
        Assert.Equal(vm.Uuid.ToString("D"), xml.XPathSelectElement("/domain/uuid")!.Value);
        var mark = VmMark.Parse(xml.XPathSelectElement("/domain/metadata")!.Elements().First().ToString())!;
        Assert.Equal(("web-1", vm.Digest), (mark.Definition, mark.Digest));
        Assert.Equal((VmDesired.Stopped, Autonomy.Observe), (mark.Desired, mark.Autonomy)); // nobody heals what is still being made
    }

    [Fact]
    public void Memory_cpus_disks_interfaces_and_devices_are_those_of_the_definition()
    {
        var xml = Vm.Xml(Vm.Blueprint(Full));
        Assert.Equal("4194304", xml.XPathSelectElement("/domain/memory[@unit='KiB']")!.Value);
        Assert.Equal("4", xml.XPathSelectElement("/domain/vcpu")!.Value);
        Assert.NotNull(xml.XPathSelectElement("/domain/os[@firmware='efi']/type[@arch='x86_64'][@machine='q35']"));
        Assert.NotNull(xml.XPathSelectElement("/domain/cpu[@mode='host-passthrough']"));
        Assert.Equal(["vda", "sda", "sdb", "vdb", "vdc"], xml.XPathSelectElements("//disk/target").Select(item =>
            item.Attribute("dev")!.Value));
        Assert.NotNull(xml.XPathSelectElement("//disk[target/@dev='vdb']/readonly"));
        Assert.NotNull(xml.XPathSelectElement("//disk[target/@dev='vda']/driver[@type='qcow2'][@error_policy='stop']"));
        Assert.NotNull(xml.XPathSelectElement("//controller[@type='scsi'][@model='virtio-scsi']"));
        Assert.NotNull(xml.XPathSelectElement("//interface[@type='network']/source[@network='default']"));
        Assert.NotNull(xml.XPathSelectElement("//interface[@type='bridge'][model/@type='e1000e']/source[@bridge='br0']"));
        Assert.NotNull(xml.XPathSelectElement("//interface[@type='user']/mac[@address='52:54:00:aa:bb:cc']"));
        Assert.NotNull(xml.XPathSelectElement("//watchdog[@model='i6300esb'][@action='reset']"));
        Assert.NotNull(xml.XPathSelectElement("//panic[@model='isa']"));
        Assert.NotNull(xml.XPathSelectElement("//channel/target[@name='org.qemu.guest_agent.0']"));
        Assert.Equal("preserve", xml.XPathSelectElement("/domain/on_crash")!.Value);
    }

    [Fact]
    public void A_block_device_is_given_as_one()
    {
        var vm = Vm.Blueprint();
        var xml = DomainXml.Of(vm, [new VolumeLocation("default", vm.Disks[0].Volume, "/dev/vg/web", IsBlock: true)]);
        Assert.NotNull(xml.XPathSelectElement("//disk[@type='block']/source[@dev='/dev/vg/web']"));
    }

    [Fact]
    public void A_volume_without_a_place_is_a_fault_of_the_caller() =>
        Assert.Contains("has no location", Assert.Throws<ArgumentException>(() => DomainXml.Of(Vm.Blueprint(), [])).Message);

    [Fact]
    public void An_overlay_names_its_image_and_the_format_that_the_image_has()
    {
        var vm = Vm.Blueprint(Full);
        var xml = VolumeXml.Of(vm.NewVolumes.First(), 10L << 30, new VolumeLocation("images", "debian.qcow2", "/images/a&b.qcow2",
            false), "qcow2");
        Assert.Equal("/images/a&b.qcow2", xml.XPathSelectElement("/volume/backingStore/path")!.Value);
        Assert.NotNull(xml.XPathSelectElement("/volume/backingStore/format[@type='qcow2']"));
        Assert.Equal("10737418240", xml.XPathSelectElement("/volume/capacity[@unit='bytes']")!.Value);
        AssertValid(xml, "storagevol.rng");
    }

    public static TheoryData<string> Definitions => new(
        Full,
        Vm.Web,
        """{ "vcpus": 1, "memory": "512MiB", "type": "test", "disks": [{ "pool": "default-pool", "size": "1GiB" }] }""",
        """{ "vcpus": 1, "memory": "128MiB", "type": "qemu", "boot": { "kernel": "/k", "initrd": "/i", "commandLine": "quiet" } }""",
        """{ "vcpus": 1, "memory": "1GiB", "machine": "pc", "disks": [{ "pool": "p", "size": "1GiB", "bus": "ide" }], "cloudInit": {} }""",
        """{ "vcpus": 1, "memory": "1GiB", "architecture": "aarch64", "firmware": "uefi", "disks": [{ "pool": "p", "size": "1GiB" }] }""",
        """
        { "vcpus": 1, "memory": "1GiB", "type": "qemu", "cpu": "maximum", "watchdog": "pause", "disks": [{ "pool": "p", "size": "1GiB" }] }
        """);

    [Theory]
    [MemberData(nameof(Definitions))]
    public void Every_document_is_valid_by_the_schema_of_libvirt(string json)
    {
        var vm = Vm.Blueprint(json);
        AssertValid(Vm.Xml(vm), "domain.rng");
        foreach (var volume in vm.NewVolumes) AssertValid(VolumeXml.Of(volume, volume.SizeBytes ?? 1 << 20), "storagevol.rng");
    }

    [Fact]
    public void The_schema_does_refuse_what_is_wrong()
    {
        var xml = Vm.Xml(Vm.Blueprint());
        xml.Root!.Add(new XElement("bogus"));
        Assert.NotEqual(0, Validate(xml, "domain.rng").ExitCode);
    }

    private static void AssertValid(XDocument document, string schema)
    {
        var (exitCode, output) = Validate(document, schema);
        Assert.True(exitCode == 0, output + "\n" + document);
    }

    private static (int ExitCode, string Output) Validate(XDocument document, string schema)
    {
        var path = $"/usr/share/libvirt/schemas/{schema}";
        Assert.True(File.Exists(path), $"{path} is missing: it comes with the Debian package libvirt0");
        var start = new ProcessStartInfo("xmllint", ["--noout", "--nonet", "--relaxng", path, "-"])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException(
            "xmllint (Debian package libxml2-utils) is missing");
        process.StandardInput.Write(document.ToString());
        process.StandardInput.Close();
        var output = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}

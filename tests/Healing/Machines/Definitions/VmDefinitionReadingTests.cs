using System.Text;

namespace Heal.Healing.Tests;

/// <summary>What becomes of the JSON that somebody sends.</summary>
public sealed class VmDefinitionReadingTests
{
    [Fact]
    public void A_small_definition_is_read_with_safe_defaults()
    {
        var vm = Vm.Definition();

        Assert.Equal(("web-1", 2, 2L << 30), (vm.Id, vm.Vcpus, vm.MemoryBytes));
        Assert.Equal((VmDesired.Running, Autonomy.Observe, false), (vm.Desired, vm.Autonomy, vm.Autostart));
        Assert.Equal((VmType.Kvm, VmFirmware.Bios, VmOnCrash.Destroy), (vm.Platform.Type, vm.Platform.Firmware, vm.Devices.OnCrash));
    }

    [Fact]
    public void An_unknown_member_is_refused_with_its_path_and_the_known_name_that_is_nearest()
    {
        var faults = Vm.Read("""
            { "vcpu": 2, "vcpus": 2, "memory": "1GiB", "disks": [{ "pool": "default", "siez": "1GiB", "size": "1GiB" }], "colour": "red" }
            """).Faults;

        Assert.Contains(faults, fault => fault.Subject == "$.vcpu" && fault.Advice.Contains("\"vcpus\""));
        Assert.Contains(faults, fault => fault.Subject == "$.disks[0].siez" && fault.Advice.Contains("\"size\""));
        Assert.Contains(faults, fault => fault.Subject == "$.colour" && fault.Advice == "Remove it.");
        Assert.Equal(3, faults.Count);
    }

    [Fact]
    public void All_faults_are_reported_together_each_with_subject_found_expected_and_advice()
    {
        var faults = Vm.Read("""
            {
              "name": "a/b", "vcpus": 0, "memory": "2048", "host": "a", "placement": { "hosts": ["b"] }, "firmware": "uefo", "desired": 1,
              "disks": [{ "size": "1KiB" }, { "pool": "p", "volume": "x.qcow2", "size": "1GiB" }],
              "interfaces": [{ "network": "default", "user": true }, { "user": true, "mac": "01:00:5e:00:00:01" }],
              "watchdog": "bark", "metadata": { "team": 5 }, "consoleLog": "relative.log"
            }
            """).Faults;

        Assert.Equal(
            [
                "$.consoleLog", "$.desired", "$.disks[0].pool", "$.disks[0].size", "$.disks[1].size", "$.firmware", "$.interfaces[0]",
                "$.interfaces[1].mac", "$.memory", "$.metadata['team']", "$.name", "$.placement", "$.vcpus", "$.watchdog",
            ],
            faults.Select(fault => fault.Subject).Except(["$.disks[0]"]).Order(StringComparer.Ordinal));
        Assert.All(faults, fault => Assert.All(
            [fault.Found, fault.Expected, fault.Advice], text => Assert.False(string.IsNullOrWhiteSpace(text))));
        Assert.Contains("Did you mean \"uefi\"?", faults.Single(fault => fault.Subject == "$.firmware").Advice);
    }

    [Theory]
    [InlineData("not json", "not JSON")]
    [InlineData(" \r\n", "nothing")]
    [InlineData("[]", "a list of 0")]
    [InlineData("""{ "vcpus": 1, "vcpus": 2, "memory": "1GiB" }""", "not JSON")]
    [InlineData("""{ "name": "\ud800", "vcpus": 1, "memory": "1GiB" }""", "surrogate")]
    [InlineData("""{ "name": "a\u0000b", "vcpus": 1, "memory": "1GiB" }""", "\"a")]
    public void What_is_no_definition_at_all_is_refused_in_words(string json, string found) =>
        Assert.Contains(Vm.Read(json).Faults, fault => fault.Found.Contains(found, StringComparison.Ordinal));

    [Fact]
    public void What_is_no_object_is_one_fault_and_not_judged_further() =>
        Assert.Equal("$", Assert.Single(Vm.Read("[1]").Faults).Subject);

    [Fact]
    public void Deep_nesting_and_ten_megabytes_are_refused_without_being_read()
    {
        var deep = string.Concat(Enumerable.Repeat("{\"metadata\":", 50)) + "1" + new string('}', 50);
        Assert.Contains("levels deep", Assert.Single(Vm.Read(deep).Faults).Expected);

        var large = VmDefinitionReader.Read(new byte[10 << 20]);
        Assert.Contains($"{10 << 20} bytes", Assert.Single(large.Faults).Found);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Web")]
    [InlineData("-web")]
    [InlineData("web_1")]
    [InlineData("web-1\n")]
    [InlineData("../web")]
    [InlineData("web' or '1'='1")]
    public void An_id_that_could_be_more_than_a_name_is_refused(string id) =>
        Assert.Contains(Vm.Read(Vm.Web, id).Faults, fault => fault.Subject == "$.id");

    [Fact]
    public void The_id_in_the_text_must_be_that_of_the_address()
    {
        var fault = Assert.Single(Vm.Read("""
            { "id": "web-2", "vcpus": 1, "memory": "1GiB", "disks": [{ "pool": "p", "size": "1GiB" }] }
            """).Faults);
        Assert.Equal(("$.id", "\"web-2\""), (fault.Subject, fault.Found));
    }

    [Theory]
    [InlineData("""{ "disks": [] }""", "$.disks")]
    [InlineData("""{ "disks": [{ "pool": "p" }] }""", "$.disks[0]")]
    [InlineData("""{ "disks": [{ "pool": "p", "format": "raw", "backing": { "volume": "b" } }] }""", "$.disks[0].format")]
    [InlineData("""{ "disks": [{ "pool": "p", "volume": "../../etc/shadow" }] }""", "$.disks[0].volume")]
    [InlineData("""{ "disks": [{ "pool": "p", "copyOf": { "volume": "../c" } }] }""", "$.disks[0].copyOf.volume")]
    [InlineData("""{ "disks": [{ "pool": "p", "volume": "v", "copyOf": { "volume": "c" } }] }""", "$.disks[0].copyOf")]
    [InlineData("""{ "disks": [{ "pool": "p", "backing": { "volume": "b" }, "copyOf": { "volume": "c" } }] }""", "$.disks[0].copyOf")]
    [InlineData("""{ "disks": [{ "pool": "p", "volume": "v" }, { "pool": "p", "volume": "v" }] }""", "$.disks[1].volume")]
    [InlineData("""{ "disks": [{ "pool": "p", "size": "1GiB", "bus": "ide" }] }""", "$.disks[0].bus")]
    [InlineData("""{ "disks": [{ "pool": "p", "volume": "v", "bus": "sata", "readOnly": true }] }""", "$.disks[0].readOnly")]
    [InlineData("""{ "type": "qemu", "cpu": "host-passthrough" }""", "$.cpu")]
    [InlineData("""{ "architecture": "aarch64" }""", "$.firmware")]
    [InlineData("""{ "architecture": "vax" }""", "$.architecture")]
    [InlineData("""{ "boot": { "kernel": "/boot/../etc/passwd" } }""", "$.boot.kernel")]
    [InlineData("""{ "cloudInit": { "userData": "hello" } }""", "$.cloudInit.userData")]
    [InlineData("""{ "cloudInit": { "hostname": "a b" } }""", "$.cloudInit.hostname")]
    [InlineData("""{ "interfaces": [{ "user": true, "mac": "52:54:00:00:00:01" }, { "user": true, "mac": "52:54:00:00:00:01" }] }""",
        "$.interfaces[1].mac")]
    public void What_cannot_work_together_is_found_before_any_host_is_asked(string change, string subject)
    {
        var members = System.Text.Json.Nodes.JsonNode.Parse(change)!.AsObject();
        var json = System.Text.Json.Nodes.JsonNode.Parse(Vm.Web)!.AsObject();
        foreach (var (name, value) in members) json[name] = value!.DeepClone();

        Assert.Contains(Vm.Read(json.ToJsonString()).Faults, fault => fault.Subject == subject);
    }

    [Fact]
    public void A_place_with_a_fault_of_reading_is_not_judged_a_second_time()
    {
        var faults = Vm.Read("""{ "vcpus": 1, "memory": "1GiB", "disks": [{ "pool": 5, "size": "1GiB" }] }""").Faults;
        Assert.Equal("$.disks[0].pool", Assert.Single(faults).Subject);
    }

    [Fact]
    public void Faults_are_limited_in_number()
    {
        var many = "{" + string.Join(",", Enumerable.Range(0, 5000).Select(i => $"\"x{i}\":1")) + "}";
        Assert.Equal(VmLimits.Faults, VmDefinitionReader.Read(Encoding.UTF8.GetBytes(many)).Faults.Count);
    }
}

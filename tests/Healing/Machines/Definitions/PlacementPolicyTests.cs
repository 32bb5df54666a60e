namespace Heal.Healing.Tests;

/// <summary>Whether and where a machine may be made.</summary>
public sealed class PlacementPolicyTests
{
    private static readonly VmBlueprint Web = Vm.Blueprint();
    private static readonly PlacementLimits Limits = PlacementLimits.Default;

    [Fact]
    public void Of_several_hosts_the_one_with_the_most_memory_left_is_taken()
    {
        var decision = Decide(Web, Host("a"), Host("b", machines: [Machine("db", memory: 8L << 30)]), Host("c", memory: 64L << 30));
        Assert.Equal(("c", false), (decision.Host, decision.Existing));
    }

    [Fact]
    public void Named_hosts_are_taken_in_their_order()
    {
        var vm = Web with { Hosts = ["b", "c"] };
        Assert.Equal("b", Decide(vm, Host("a"), Host("b"), Host("c", memory: 64L << 30)).Host);
        Assert.Equal("c", Decide(vm, Host("a"), Host("b", memory: 2L << 30), Host("c")).Host);
    }

    [Fact]
    public void All_objections_are_told_together()
    {
        var vm = Vm.Blueprint("""
            { "vcpus": 64, "memory": "64GiB", "machine": "pc-9.9", "firmware": "uefi", "disks": [
              { "pool": "default", "size": "10TiB" }, { "pool": "none", "size": "1GiB" }, { "pool": "default", "volume": "gone.qcow2" }],
              "interfaces": [{ "network": "nowhere" }] }
            """);
        var decision = Decide(vm, Host("a", machines: [Machine("web-1")]));

        Assert.Null(decision.Host);
        Assert.Equal(
            [
                "host 'a' CPUs", "host 'a' domain 'web-1'", "host 'a' firmware", "host 'a' machine types", "host 'a' memory",
                "host 'a' network 'nowhere'", "host 'a' pool 'default'", "host 'a' pool 'default' volume 'gone.qcow2'",
                    "host 'a' pool 'none'",
                "host 'a' virtual CPUs",
            ],
            decision.Objections.Select(fault => fault.Subject).Order(StringComparer.Ordinal));
        Assert.False(decision.MayPass);
    }

    [Fact]
    public void The_smaller_source_of_memory_counts_less_what_is_promised_and_kept()
    {
        var host = Host("a") with { MemorySources = new Dictionary<string, long> { ["nodeinfo"] = 4L << 30, ["kernel"] = 24L << 30 } };
        Assert.Equal("a", Decide(Web, host).Host); // 4 - 1 kept = 3
        var promised = host with { Machines = [Machine("db", memory: 2L << 30)] };
        Assert.Contains("1024 MiB left of 4096 MiB (nodeinfo)", Assert.Single(Decide(Web, promised).Objections).Found);
        var stopped = host with { Machines = [Machine("db", memory: 2L << 30) with { IsPromised = false }] };
        Assert.Equal("a", Decide(Web, stopped).Host);
    }

    [Fact]
    public void A_pool_keeps_its_margin_free_and_what_is_there_already_needs_no_space()
    {
        var tight = Host("a") with { Pools = [Pool("default", capacity: 20L << 30, available: 11L << 30)] };
        Assert.Contains("of which 2048 MiB stay free", Assert.Single(Decide(Web, tight).Objections).Found);
        Assert.Equal("a", PlacementPolicy.Decide(Web, [tight], Limits with { PoolOvercommit = 2 }).Host);

        var made = tight with
        {
            Pools = [tight.Pools[0] with { Volumes = [new VolumeFacts(Web.Disks[0].Volume, "/p/x", "file", "qcow2", 10L << 30)] }],
        };
        Assert.Equal("a", Decide(Web, made).Host);
    }

    [Fact]
    public void A_name_or_an_address_on_any_host_is_a_conflict()
    {
        var mac = Web.Interfaces[0].Mac.ToUpperInvariant();
        var decision = Decide(Web with { Hosts = ["a"] }, Host("a"), Host("b", machines: [Machine("web-1"),
            Machine("x") with { Macs = [mac] }]));
        Assert.Equal(["the same name", $"the same MAC address {Web.Interfaces[0].Mac}"], decision.Objections.Select(fault => fault.Found));
    }

    [Fact]
    public void What_was_made_from_this_definition_is_found_on_whatever_host_it_is()
    {
        var ours = Machine("web-1") with { Uuid = Web.Uuid, Mark = VmMark.Of(Web) };
        var decision = Decide(Web, Host("a"), Host("b", machines: [ours]));
        Assert.Equal(("b", true, true, 0), (decision.Host, decision.Existing, decision.AsWished, decision.Objections.Count));

        var unfinished = Decide(Web, Host("b", machines: [ours with { Mark = ours.Mark!.AtRest() }]));
        Assert.Equal((true, false, 0), (unfinished.Existing, unfinished.AsWished, unfinished.Objections.Count));

        var other = Decide(Web, Host("b", machines: [ours with { Mark = ours.Mark with { Digest = "old" } }]));
        Assert.True(other.Existing);
        Assert.Contains("another version", Assert.Single(other.Objections).Found);

        var running = Decide(Web with { Desired = VmDesired.Stopped }, Host("b", machines: [ours]));
        Assert.Contains("a machine that runs", Assert.Single(running.Objections).Found);
    }

    [Fact]
    public void A_domain_with_our_uuid_and_without_our_mark_is_somebody_elses()
    {
        var decision = Decide(Web, Host("a", machines: [Machine("thing") with { Uuid = Web.Uuid }]));
        Assert.False(decision.Existing);
        Assert.Contains("without our mark", Assert.Single(decision.Objections).Found);
    }

    [Fact]
    public void Where_a_host_that_may_carry_it_does_not_answer_nothing_is_made()
    {
        var decision = Decide(Web, Host("a"), HostFacts.Lost("b", "connection refused"));
        Assert.Null(decision.Host);
        Assert.True(decision.MayPass);
        Assert.Contains("might be on it already", Assert.Single(decision.Objections).Advice);
    }

    [Fact]
    public void Where_another_host_does_not_answer_a_pinned_machine_is_made_with_a_warning()
    {
        var decision = Decide(Web with { Hosts = ["a"] }, Host("a"), HostFacts.Lost("b", "connection refused"));
        Assert.Equal("a", decision.Host);
        Assert.Contains("'b' did not answer", Assert.Single(decision.Warnings));
    }

    [Fact]
    public void A_disk_of_another_machine_is_not_taken()
    {
        var vm = Vm.Blueprint("""{ "vcpus": 1, "memory": "1GiB", "disks": [{ "pool": "default", "volume": "data.qcow2" }] }""");
        var host = Host("a", machines: [Machine("db") with { Disks = ["/p/data.qcow2"] }]) with
        {
            Pools = [Pool("default") with { Volumes = [new VolumeFacts("data.qcow2", "/p/data.qcow2", "file", "qcow2", 1 << 30)] }],
        };
        Assert.Contains("a disk of 'db'", Assert.Single(Decide(vm, host).Objections).Found);
    }

    [Fact]
    public void A_copy_needs_its_sources_room_and_a_source_that_nobody_writes_to()
    {
        var vm = Vm.Blueprint("""
            { "vcpus": 1, "memory": "1GiB", "disks": [{ "pool": "default", "copyOf": { "pool": "images", "volume": "golden.qcow2" } }] }
            """);
        var images = Pool("images") with { Volumes = [new VolumeFacts("golden.qcow2", "/i/golden", "file", "qcow2", 75L << 30)] };
        var host = Host("a") with { Pools = [Pool("default"), images] };
        Assert.Contains("76800 MiB for the new disks", Assert.Single(Decide(vm, host).Objections).Expected);

        var roomy = host with { Pools = [Pool("default", capacity: 200L << 30, available: 150L << 30), images] };
        Assert.Equal("a", Decide(vm, roomy).Host);
        var small = vm with { Disks = [vm.Disks[0] with { SizeBytes = 1L << 30 }] };
        Assert.Contains("an image of 76800 MiB", Assert.Single(Decide(small, roomy).Objections).Found);
        var busy = roomy with { Machines = [Machine("builder") with { Disks = ["/i/golden"] }] };
        Assert.Contains("a disk of 'builder', which runs", Assert.Single(Decide(vm, busy).Objections).Found);
        var gone = roomy with { Pools = [roomy.Pools[0]] };
        Assert.Equal("host 'a' pool 'images'", Assert.Single(Decide(vm, gone).Objections).Subject);
    }

    [Theory]
    [InlineData(0, 300)]
    [InlineData(10, 300 + 1024)]
    [InlineData(10_000, 12 * 3600)]
    public void A_copy_has_the_time_that_its_size_needs(long gibibytes, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), VmLimits.CopyDeadline(gibibytes << 30));

    [Fact]
    public void No_host_at_all_and_an_unknown_one_are_said()
    {
        Assert.Equal("hosts", Assert.Single(Decide(Web).Objections).Subject);
        Assert.Contains("one of a", Assert.Single(Decide(Web with { Hosts = ["z"] }, Host("a")).Objections).Expected);
    }

    [Fact]
    public void Capabilities_are_read_from_the_documents_of_libvirt()
    {
        var read = HostCapabilities.Parse(
            """
            <capabilities><guest><os_type>hvm</os_type><arch name='x86_64'><machine canonical='pc-q35-7.2' maxCpus='288'>q35</machine>
            <domain type='qemu'/><domain type='kvm'><machine>only-kvm</machine></domain></arch></guest></capabilities>
            """,
            """
            <domainCapabilities><os supported='yes'><enum name='firmware'><value>efi</value></enum></os>
            <cpu><mode name='host-passthrough' supported='no'/><mode name='host-model' supported='yes'/></cpu>
            <devices><disk supported='yes'><enum name='bus'><value>virtio</value></enum></disk></devices></domainCapabilities>
            """)!;
        Assert.Equal(["q35", "pc-q35-7.2"], read.Guests["x86_64/qemu"]);
        Assert.Equal(["only-kvm"], read.Guests["x86_64/kvm"]);
        Assert.Equal(["efi", "host-model", "virtio"], [.. read.Firmware!, .. read.CpuModes!, .. read.DiskBuses!]);
        Assert.Null(HostCapabilities.Parse("<!DOCTYPE a [<!ENTITY b 'c'>]><capabilities/>", null));
    }

    private static PlacementDecision Decide(VmBlueprint vm, params HostFacts[] hosts) => PlacementPolicy.Decide(vm, hosts, Limits);

    private static HostFacts Host(string name, long memory = 16L << 30, MachineFacts[]? machines = null) => new(
        name, null, new Dictionary<string, long> { ["nodeinfo"] = memory }, 8, machines ?? [], [Pool("default")],
        [new NetworkFacts("default", true)],
        new HostCapabilities(
            new Dictionary<string, IReadOnlyList<string>> { ["x86_64/kvm"] = ["q35", "pc"] }, [], ["host-model"], ["virtio", "sata"]));

    private static PoolFacts Pool(string name, long capacity = 100L << 30, long available = 80L << 30) =>
        new(name, true, "dir", capacity, available, []);

    private static MachineFacts Machine(string name, long memory = 1L << 30) =>
        new(Guid.NewGuid(), name, null, true, true, memory >> 10, 1, [], []);
}

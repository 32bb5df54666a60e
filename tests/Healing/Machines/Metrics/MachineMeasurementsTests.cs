namespace Heal.Healing.Tests;

/// <summary>From libvirt's counters to metrics under two names.</summary>
public sealed class MachineMeasurementsTests
{
    private static readonly DomainReading Web = new(
        Guid.NewGuid(), "web", 1, "booted", new VmMark("web-1", null, VmDesired.Running, null, new Dictionary<string, string>()), false,
        MaxMemoryKib: 2048, MemoryKib: 1024, Vcpus: 2,
        new Dictionary<string, long>
        {
            ["cpu.time"] = 2_500_000_000, ["vcpu.0.time"] = 1_000_000_000, ["vcpu.1.time"] = 500_000_000, ["balloon.rss"] = 100,
            ["block.count"] = 2, ["block.0.rd.bytes"] = 4096, ["block.0.wr.times"] = 1_500_000_000, ["block.1.rd.bytes"] = 7,
            ["net.0.rx.bytes"] = 99, ["state.state"] = 1,
        },
        new Dictionary<string, string> { ["block.0.name"] = "vda", ["block.0.path"] = "/p/a\"b\\c", ["block.1.name"] = "vda",
            ["net.0.name"] = "vnet0" },
        null);

    [Fact]
    public void Every_metric_has_one_name_of_the_project_and_one_of_the_exporters()
    {
        Assert.Equal(MachineMetric.All.Count, MachineMetric.All.Select(metric => metric.Name).Distinct().Count());
        Assert.Equal(MachineMetric.All.Count, MachineMetric.All.Select(metric => metric.ExporterName).Distinct().Count());
        Assert.All(MachineMetric.All, metric => Assert.Matches("^(libvirt|heal)_[a-z_]+$", metric.ExporterName));
        Assert.All(MachineMetric.All, metric => Assert.Matches("^heal\\.[a-z_.]+$", metric.Name));
    }

    [Fact]
    public void Units_are_seconds_and_bytes()
    {
        Assert.Equal(2.5, Value(MachineMetric.CpuTime));
        Assert.Equal(2048 * 1024, Value(MachineMetric.MaximumMemory));
        Assert.Equal(1.5, All().Single(item => item.Metric.Name == "heal.vm.disk.write.time").Value);
        Assert.Equal(100 * 1024, All().Single(item => item.Metric.Name == "heal.vm.memory.rss").Value);
    }

    [Fact]
    public void Each_device_has_its_series_and_a_backing_image_none()
    {
        Assert.Equal(["0", "1"], All().Where(item => item.Metric.Name == "heal.vm.vcpu.time").Select(item => Label(item, "vcpu")));
        var read = Assert.Single(All(), item => item.Metric.Name == "heal.vm.disk.read.bytes");
        Assert.Equal(("vda", 4096), (Label(read, "target_device"), read.Value));
    }

    [Fact]
    public void What_a_guest_does_not_tell_is_absent() =>
        Assert.DoesNotContain(All(), item => item.Metric.Name is "heal.vm.memory.usable" or "heal.vm.job.elapsed");

    [Fact]
    public void A_host_that_does_not_answer_is_down_and_tells_nothing_else()
    {
        var lost = MachineMeasurements.Of(HostReading.Lost("a", DateTimeOffset.UnixEpoch, "refused"));
        var only = Assert.Single(lost);
        Assert.Equal((MachineMetric.HostUp, 0), (only.Metric, only.Value));
    }

    [Fact]
    public void An_idle_pool_has_no_size() => Assert.DoesNotContain(
        MachineMeasurements.Of(Reading(Web) with { Pools = [new PoolReading("p", false, 5, 5, 5)] }), item =>
            item.Metric == MachineMetric.PoolCapacity);

    [Fact]
    public void A_thousand_devices_are_cut_to_what_is_sensible()
    {
        var many = Web with
        {
            Counters = Enumerable.Range(0, 1000).ToDictionary(i => $"net.{i}.rx.bytes", _ => 1L), Texts = new Dictionary<string, string>(),
        };
        Assert.Equal(MachineMeasurements.Devices, MachineMeasurements.Of(Reading(many)).Count(item =>
            item.Metric.Name == "heal.vm.network.receive.bytes"));
    }

    [Fact]
    public void The_text_is_what_prometheus_reads()
    {
        var text = PrometheusText.Of(All());
        Assert.Contains(
            "# TYPE libvirt_domain_info_state gauge\n"
            + "libvirt_domain_info_state{host=\"a\",domain=\"web\",state_desc=\"the domain is running\"} 1\n", text);
        Assert.Contains("# TYPE libvirt_domain_info_cpu_time_seconds_total counter\n", text);
        Assert.Contains("source_file=\"/p/a\\\"b\\\\c\"", text);
        Assert.Contains("heal_vm_desired_running{host=\"a\",domain=\"web\"} 1\n", text);
        PrometheusRulesTests.AssertReadable(text);
    }

    [Fact]
    public void A_hostile_name_of_a_domain_stays_a_value()
    {
        var text = PrometheusText.Of(MachineMeasurements.Of(Reading(Web with { Name = "a\"} 1\nfake{x=\"\ud800" })));
        Assert.DoesNotContain("\nfake", text);
        PrometheusRulesTests.AssertReadable(text);
    }

    private static HostReading Reading(DomainReading domain) => new(
        "a", DateTimeOffset.UnixEpoch, null, new HostSize(8, 1L << 34, null), [domain], [new PoolReading("p", true, 100, 40, 60)], false);

    private static IReadOnlyList<MachineMeasurement> All() => MachineMeasurements.Of(Reading(Web));

    private static double Value(MachineMetric metric) => Assert.Single(All(), item => item.Metric == metric).Value;

    private static string Label(MachineMeasurement item, string name) => item.Labels.Single(label => label.Key == name).Value;
}

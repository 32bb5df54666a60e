using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Inventory and counters of one host, with what goes wrong when it is asked.</summary>
public sealed class HostSamplerTests
{
    private readonly FakeLibvirtHost _host = new("a");
    private readonly HostSampler _sampler;

    public HostSamplerTests()
    {
        _host.Pools.Add("default", 100);
        _host.Guests.Add("web", vm: "<vm definition='web-1' desired='running'/>");
        _host.Guests.Add("off", running: false);
        _sampler = new HostSampler(_host, new ManualTime());
    }

    [Fact]
    public async Task Domains_pools_and_counters_are_told()
    {
        var reading = await _sampler.ReadAsync(default);

        Assert.Null(reading.Fault);
        Assert.Equal(["web", "off"], reading.Domains.Select(domain => domain.Name));
        Assert.Equal(VmDesired.Running, reading.Domains[0].Mark!.Desired);
        Assert.True(reading.Domains[0].Counters["vcpu.0.time"] > 0);
        Assert.Equal((5, 0), (reading.Domains[1].State, reading.Domains[1].Counters.Count));
        Assert.Equal(100, Assert.Single(reading.Pools).Capacity);
    }

    [Fact]
    public async Task The_smaller_source_of_memory_counts()
    {
        _host.Info = _host.Info with { MemoryBytes = 10, KernelMemoryBytes = 7 };
        Assert.Equal(7, (await _sampler.ReadAsync(default)).Size!.MemoryBytes);
    }

    [Fact]
    public async Task Numa_nodes_and_uptime_are_told_as_metrics_and_absent_where_the_host_does_not_tell()
    {
        var silent = MachineMeasurements.Of(await _sampler.ReadAsync(default)).Select(item => item.Metric).ToList();
        _host.Info = _host.Info with { NumaNodes = 2, FreeMemoryByNumaNode = [5, 6], Uptime = TimeSpan.FromHours(1) };

        var told = MachineMeasurements.Of(await _sampler.ReadAsync(default));

        Assert.DoesNotContain(MachineMetric.HostUptime, silent);
        Assert.DoesNotContain(MachineMetric.HostNumaFreeMemory, silent);
        Assert.Equal(3600, Assert.Single(told, item => item.Metric == MachineMetric.HostUptime).Value);
        Assert.Equal(2, Assert.Single(told, item => item.Metric == MachineMetric.HostNumaNodes).Value);
        Assert.Equal(
            [("0", 5d), ("1", 6d)],
            told.Where(item => item.Metric == MachineMetric.HostNumaFreeMemory)
                .Select(item => (item.Labels.Single(label => label.Key == "node").Value, item.Value)));
    }

    [Fact]
    public async Task A_host_that_is_away_is_said_to_be()
    {
        _host.StopDaemon();
        Assert.Contains("connect", (await _sampler.ReadAsync(default)).Fault);
        _host.StartDaemon();
        Assert.Null((await _sampler.ReadAsync(default)).Fault);
    }

    [Fact]
    public async Task Counters_that_do_not_come_in_time_leave_the_inventory_standing()
    {
        await _sampler.ReadAsync(default);
        _host.TimeOut("GetStats");

        var reading = await _sampler.ReadAsync(default);

        Assert.True(reading.CountersTimedOut);
        Assert.Equal([true, false], reading.Domains.Select(domain => domain.TimedOut));
        Assert.Equal(1, _host.Calls("GetJob")); // no emulator is asked more while one hangs

        Assert.False((await _sampler.ReadAsync(default)).Domains[0].TimedOut);
    }

    [Fact]
    public async Task A_job_is_told_and_one_that_does_not_answer_ends_the_asking()
    {
        _host.Guests["web"].Job = new DomainJob("migration-out", TimeSpan.FromSeconds(90), null, 10, 4, 6);
        Assert.Equal(("migration-out", 6L), ((await _sampler.ReadAsync(default)).Domains[0].Job is { } job ? (job.Operation,
            job.Remaining!.Value) : default));

        _host.Guests.Add("more");
        _host.TimeOut("GetJob");
        var before = _host.Calls("GetJob");
        Assert.Null((await _sampler.ReadAsync(default)).Fault);
        Assert.Equal(before + 1, _host.Calls("GetJob"));
    }

    [Fact]
    public async Task A_guest_that_was_started_anew_is_not_called_hanging_before_it_tells_anything()
    {
        await _sampler.ReadAsync(default);
        _host.Guests.Kill("web");
        _host.Guests["web"].Boots = false;
        _host.Guests.StartByOperator("web");
        Assert.False((await _sampler.ReadAsync(default)).Domains[0].TimedOut);
    }
}

namespace Heal.Healing;

/// <summary>One metric of hosts and machines, under both of its names.</summary>
/// <param name="Name">The project's, as OpenTelemetry writes names.</param>
/// <param name="Unit">UCUM: s, By, {cpu}, 1 ...</param>
/// <param name="IsCounter">Only rises while the machine runs.</param>
/// <param name="ExporterName">As the common libvirt exporters call it, so that existing dashboards and rules work; a name of ours where
/// they have none.</param>
public sealed record MachineMetric(string Name, string Unit, bool IsCounter, string ExporterName, string Help)
{
    private static MachineMetric Gauge(string name, string unit, string exporterName, string help) =>
        new(name, unit, false, exporterName, help);

    private static MachineMetric Counter(string name, string unit, string exporterName, string help) =>
        new(name, unit, true, exporterName, help);

    public static readonly MachineMetric HostUp = Gauge(
        "heal.hypervisor.up", "1", "libvirt_up", "1 when libvirt on the host answered the last time, else 0.");

    public static readonly MachineMetric HostMemory = Gauge(
        "heal.hypervisor.memory.size", "By", "heal_hypervisor_memory_bytes", "Memory of the host, the smallest of what the sources say.");

    public static readonly MachineMetric HostFreeMemory = Gauge(
        "heal.hypervisor.memory.free", "By", "heal_hypervisor_memory_free_bytes", "Free memory of the host.");

    public static readonly MachineMetric HostCpus = Gauge("heal.hypervisor.cpu.count", "{cpu}", "heal_hypervisor_cpus",
        "CPUs of the host.");

    public static readonly MachineMetric HostUptime = Gauge(
        "heal.hypervisor.uptime", "s", "heal_hypervisor_uptime_seconds", "Since the host was booted, as its CPUs count.");

    public static readonly MachineMetric HostNumaNodes = Gauge(
        "heal.hypervisor.numa.nodes", "{node}", "heal_hypervisor_numa_nodes", "NUMA nodes of the host.");

    public static readonly MachineMetric HostNumaFreeMemory = Gauge(
        "heal.hypervisor.numa.memory.free", "By", "heal_hypervisor_numa_memory_free_bytes", "Free memory of the NUMA node.");

    public static readonly MachineMetric HostDomains = Gauge("heal.hypervisor.domains", "{domain}", "libvirt_domains",
        "Domains of the host.");

    public static readonly MachineMetric HostTimedOut = Gauge(
        "heal.hypervisor.counters.timed_out", "1", "heal_hypervisor_counters_timed_out", "1 when the host told no counters in time.");

    public static readonly MachineMetric State = Gauge(
        "heal.vm.state", "1", "libvirt_domain_info_state",
        "State of the domain: 1 running, 2 blocked, 3 paused, 4 shutting down, 5 shut off, 6 crashed, 7 suspended.");

    public static readonly MachineMetric Reason = Gauge(
        "heal.vm.state.reason", "1", "heal_vm_state_reason", "1 for the reason that libvirt gives for the domain's state.");

    public static readonly MachineMetric Desired = Gauge(
        "heal.vm.desired_running", "1", "heal_vm_desired_running", "1 when the domain is marked to run, 0 when it is marked to be off.");

    public static readonly MachineMetric TimedOut = Gauge(
        "heal.vm.counters.timed_out", "1", "libvirt_domain_timed_out",
            "1 when the domain's emulator told no counters though it did before.");

    public static readonly MachineMetric MaximumMemory = Gauge(
        "heal.vm.memory.limit", "By", "libvirt_domain_info_maximum_memory_bytes", "Memory that the domain may have.");

    public static readonly MachineMetric Memory = Gauge(
        "heal.vm.memory.usage", "By", "libvirt_domain_info_memory_usage_bytes", "Memory that the domain has.");

    public static readonly MachineMetric Vcpus = Gauge(
        "heal.vm.cpu.count", "{cpu}", "libvirt_domain_info_virtual_cpus", "Virtual CPUs of the domain.");

    public static readonly MachineMetric CpuTime = Counter(
        "heal.vm.cpu.time", "s", "libvirt_domain_info_cpu_time_seconds_total", "CPU time that the domain has used.");

    public static readonly MachineMetric JobElapsed = Gauge(
        "heal.vm.job.elapsed", "s", "libvirt_domain_job_info_time_elapsed_seconds", "How long the domain's job, as a migration, has run.");

    public static readonly MachineMetric JobTotal = Gauge(
        "heal.vm.job.data.total", "By", "libvirt_domain_job_info_data_total_bytes", "What the job has to move.");

    public static readonly MachineMetric JobProcessed = Gauge(
        "heal.vm.job.data.processed", "By", "libvirt_domain_job_info_data_processed_bytes", "What the job has moved.");

    public static readonly MachineMetric JobRemaining = Gauge(
        "heal.vm.job.data.remaining", "By", "libvirt_domain_job_info_data_remaining_bytes", "What the job still has to move.");

    public static readonly MachineMetric PoolActive = Gauge(
        "heal.pool.active", "1", "heal_pool_active", "1 when the storage pool is active, else 0.");

    public static readonly MachineMetric PoolCapacity = Gauge(
        "heal.pool.capacity", "By", "libvirt_pool_info_capacity_bytes", "Size of the storage pool.");

    public static readonly MachineMetric PoolAllocation = Gauge(
        "heal.pool.allocation", "By", "libvirt_pool_info_allocation_bytes", "Used space of the storage pool.");

    public static readonly MachineMetric PoolAvailable = Gauge(
        "heal.pool.available", "By", "libvirt_pool_info_available_bytes", "Free space of the storage pool.");

    /// <summary>libvirt's counters that are mapped one to one: by name within their group, with the factor to the metric's unit.</summary>
    internal static readonly IReadOnlyList<MappedCounter> Vcpu =
    [
        new("time", 1e-9, Counter("heal.vm.vcpu.time", "s", "libvirt_domain_vcpu_time_seconds_total", "CPU time of the virtual CPU.")),
        new("wait", 1e-9, Counter("heal.vm.vcpu.wait", "s", "libvirt_domain_vcpu_wait_seconds_total", "Time that it waited for I/O.")),
        new("delay", 1e-9, Counter(
            "heal.vm.vcpu.delay", "s", "libvirt_domain_vcpu_delay_seconds_total", "Time that it waited for a CPU of the host.")),
    ];

    internal static readonly IReadOnlyList<MappedCounter> Block =
    [
        new("rd.bytes", 1, Disk("read.bytes", "By", "read_bytes_total", "Bytes read.")),
        new("rd.reqs", 1, Disk("read.requests", "{request}", "read_requests_total", "Requests to read.")),
        new("rd.times", 1e-9, Disk("read.time", "s", "read_time_seconds_total", "Time spent on reads.")),
        new("wr.bytes", 1, Disk("write.bytes", "By", "write_bytes_total", "Bytes written.")),
        new("wr.reqs", 1, Disk("write.requests", "{request}", "write_requests_total", "Requests to write.")),
        new("wr.times", 1e-9, Disk("write.time", "s", "write_time_seconds_total", "Time spent on writes.")),
        new("fl.reqs", 1, Disk("flush.requests", "{request}", "flush_requests_total", "Requests to flush.")),
        new("fl.times", 1e-9, Disk("flush.time", "s", "flush_time_seconds_total", "Time spent on flushes.")),
        new("capacity", 1, Gauge("heal.vm.disk.capacity", "By", "libvirt_domain_block_stats_capacity_bytes", "Size that the guest sees.")),
        new("allocation", 1, Gauge("heal.vm.disk.allocation", "By", "libvirt_domain_block_stats_allocation", "Highest byte in use.")),
        new("physical", 1, Gauge("heal.vm.disk.physical", "By", "libvirt_domain_block_stats_physicalsize_bytes", "Size on the host.")),
    ];

    internal static readonly IReadOnlyList<MappedCounter> Network =
    [
        new("rx.bytes", 1, Net("receive.bytes", "By", "receive_bytes_total", "Bytes received.")),
        new("rx.pkts", 1, Net("receive.packets", "{packet}", "receive_packets_total", "Packets received.")),
        new("rx.errs", 1, Net("receive.errors", "{error}", "receive_errors_total", "Errors when receiving.")),
        new("rx.drop", 1, Net("receive.drops", "{packet}", "receive_drops_total", "Packets dropped when receiving.")),
        new("tx.bytes", 1, Net("transmit.bytes", "By", "transmit_bytes_total", "Bytes sent.")),
        new("tx.pkts", 1, Net("transmit.packets", "{packet}", "transmit_packets_total", "Packets sent.")),
        new("tx.errs", 1, Net("transmit.errors", "{error}", "transmit_errors_total", "Errors when sending.")),
        new("tx.drop", 1, Net("transmit.drops", "{packet}", "transmit_drops_total", "Packets dropped when sending.")),
    ];

    internal static readonly IReadOnlyList<MappedCounter> Balloon =
    [
        new("current", 1024, Guest("balloon", "By", "actual_balloon_bytes", "What the balloon leaves to the guest.")),
        new("rss", 1024, Guest("rss", "By", "rss_bytes", "Memory of the emulator on the host.")),
        new("unused", 1024, Guest("unused", "By", "unused_bytes", "Memory that the guest does not use at all.")),
        new("available", 1024, Guest("available", "By", "available_bytes", "Memory that the guest sees.")),
        new("usable", 1024, Guest("usable", "By", "usable_bytes", "Memory that the guest could still use without swapping.")),
        new("disk_caches", 1024, Guest("disk_cache", "By", "disk_cache_bytes", "Memory that the guest caches disks in.")),
        new("swap_in", 1024, Counted("swap_in", "By", "swap_in_bytes", "Memory that the guest swapped in.")),
        new("swap_out", 1024, Counted("swap_out", "By", "swap_out_bytes", "Memory that the guest swapped out.")),
        new("major_fault", 1, Counted("major_faults", "{fault}", "major_fault_total", "Page faults that needed I/O.")),
        new("minor_fault", 1, Counted("minor_faults", "{fault}", "minor_fault_total", "Other page faults.")),
    ];

    /// <summary>All of them, each once.</summary>
    public static IReadOnlyList<MachineMetric> All { get; } =
    [
        HostUp, HostMemory, HostFreeMemory, HostUptime, HostNumaNodes, HostNumaFreeMemory, HostCpus, HostDomains, HostTimedOut,
        State, Reason, Desired, TimedOut, MaximumMemory, Memory, Vcpus,
        CpuTime, JobElapsed, JobTotal, JobProcessed, JobRemaining, PoolActive, PoolCapacity, PoolAllocation, PoolAvailable,
        .. Vcpu.Concat(Block).Concat(Network).Concat(Balloon).Select(mapped => mapped.Metric),
    ];

    private static MachineMetric Disk(string name, string unit, string exporterName, string help) =>
        Counter($"heal.vm.disk.{name}", unit, $"libvirt_domain_block_stats_{exporterName}", help);

    private static MachineMetric Net(string name, string unit, string exporterName, string help) =>
        Counter($"heal.vm.network.{name}", unit, $"libvirt_domain_interface_stats_{exporterName}", help);

    private static MachineMetric Guest(string name, string unit, string exporterName, string help) =>
        Gauge($"heal.vm.memory.{name}", unit, $"libvirt_domain_memory_stats_{exporterName}", help);

    private static MachineMetric Counted(string name, string unit, string exporterName, string help) =>
        Counter($"heal.vm.memory.{name}", unit, $"libvirt_domain_memory_stats_{exporterName}", help);
}

/// <param name="Factor">From libvirt's unit to the metric's.</param>
internal sealed record MappedCounter(string Name, double Factor, MachineMetric Metric);

/// <summary>One value of a metric.</summary>
/// <param name="Labels">In a fixed order.</param>
public sealed record MachineMeasurement(MachineMetric Metric, double Value, IReadOnlyList<KeyValuePair<string, string>> Labels);

using System.Globalization;

namespace Heal.Healing;

/// <summary>From what libvirt tells to the project's metrics. Pure. What a guest does not tell is absent, never zero.</summary>
public static class MachineMeasurements
{
    /// <summary>Of one kind of device per domain: more are left out, so that a broken document cannot flood the store of metrics.</summary>
    public const int Devices = 64;

    private static readonly string[] States =
        ["no state", "running", "blocked", "paused", "shutting down", "shut off", "crashed", "suspended"];

    public static IReadOnlyList<MachineMeasurement> Of(HostReading reading)
    {
        var all = new List<MachineMeasurement>();
        var host = new Labelled(all, [new("host", reading.Host)]);
        host.Add(MachineMetric.HostUp, reading.Fault is null ? 1 : 0);
        if (reading.Fault is not null) return all;

        host.Add(MachineMetric.HostDomains, reading.Domains.Count);
        host.Add(MachineMetric.HostTimedOut, reading.CountersTimedOut ? 1 : 0);
        host.Add(MachineMetric.HostCpus, reading.Size?.Cpus);
        host.Add(MachineMetric.HostMemory, reading.Size?.MemoryBytes);
        host.Add(MachineMetric.HostFreeMemory, reading.Size?.FreeMemoryBytes);
        host.Add(MachineMetric.HostUptime, reading.Size?.Uptime?.TotalSeconds);
        host.Add(MachineMetric.HostNumaNodes, reading.Size?.NumaNodes);
        foreach (var (node, free) in (reading.Size?.FreeMemoryByNumaNode ?? []).Index())
        {
            host.With("node", Text(node)).Add(MachineMetric.HostNumaFreeMemory, free);
        }

        foreach (var pool in reading.Pools) Pool(host.With("pool", pool.Name), pool);
        foreach (var domain in reading.Domains) Domain(host.With("domain", domain.Name), domain);
        return all;
    }

    private static void Pool(Labelled to, PoolReading pool)
    {
        to.Add(MachineMetric.PoolActive, pool.IsActive ? 1 : 0);
        if (!pool.IsActive) return; // its numbers are those of its last start
        to.Add(MachineMetric.PoolCapacity, pool.Capacity);
        to.Add(MachineMetric.PoolAllocation, pool.Allocation);
        to.Add(MachineMetric.PoolAvailable, pool.Available);
    }

    private static void Domain(Labelled to, DomainReading domain)
    {
        var state = domain.State >= 0 && domain.State < States.Length ? States[domain.State] : "unknown";
        to.With("state_desc", $"the domain is {state}").Add(MachineMetric.State, domain.State);
        to.With("state", state).With("reason", domain.Reason).Add(MachineMetric.Reason, 1);
        if (domain.Mark?.Desired is { } desired) to.Add(MachineMetric.Desired, desired == VmDesired.Running ? 1 : 0);
        to.Add(MachineMetric.TimedOut, domain.TimedOut ? 1 : 0);
        to.Add(MachineMetric.MaximumMemory, (double)domain.MaxMemoryKib * 1024);
        to.Add(MachineMetric.Memory, (double)domain.MemoryKib * 1024);
        to.Add(MachineMetric.Vcpus, domain.Vcpus);
        if (domain.Counters.TryGetValue("cpu.time", out var nanoseconds)) to.Add(MachineMetric.CpuTime, nanoseconds * 1e-9);

        Mapped(to, domain, "balloon", MachineMetric.Balloon);
        foreach (var i in Members(domain, "vcpu")) Mapped(to.With("vcpu", Text(i)), domain, $"vcpu.{i}", MachineMetric.Vcpu);
        foreach (var i in Members(domain, "block"))
        {
            var block = to.With("target_device", domain.Texts.GetValueOrDefault($"block.{i}.name", Text(i)))
                .With("source_file", domain.Texts.GetValueOrDefault($"block.{i}.path", ""));
            Mapped(block, domain, $"block.{i}", MachineMetric.Block);
        }

        foreach (var i in Members(domain, "net"))
        {
            Mapped(to.With("target_device", domain.Texts.GetValueOrDefault($"net.{i}.name", Text(i))), domain, $"net.{i}",
                MachineMetric.Network);
        }

        if (domain.Job is not { } job) return;
        var of = to.With("operation", job.Operation);
        of.Add(MachineMetric.JobElapsed, job.Elapsed.TotalSeconds);
        of.Add(MachineMetric.JobTotal, job.Total);
        of.Add(MachineMetric.JobProcessed, job.Processed);
        of.Add(MachineMetric.JobRemaining, job.Remaining);
    }

    private static void Mapped(Labelled to, DomainReading domain, string prefix, IReadOnlyList<MappedCounter> counters)
    {
        foreach (var (name, factor, metric) in counters)
        {
            if (domain.Counters.TryGetValue($"{prefix}.{name}", out var value)) to.Add(metric, value * factor);
        }
    }

    // The backing images of a disk come as further members with the same name: the first is the disk itself.
    private static List<int> Members(DomainReading domain, string group)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var prefix = group + ".";
        var numbers = domain.Counters.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal))
            .Select(key => key[prefix.Length..].Split('.', 2)[0])
            .Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1)
            .Where(number => number >= 0).Distinct().Order().Take(Devices);
        return numbers.Where(number => names.Add(domain.Texts.GetValueOrDefault($"{group}.{number}.name", Text(number)))).ToList();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed class Labelled(List<MachineMeasurement> all, IReadOnlyList<KeyValuePair<string, string>> labels)
    {
        public Labelled With(string name, string value) => new(all, [.. labels, new(name, value)]);

        public void Add(MachineMetric metric, double? value)
        {
            if (value is { } known) all.Add(new MachineMeasurement(metric, known, labels));
        }
    }
}

using System.Globalization;

namespace Heal.Healing;

/// <param name="Host">Where the machine goes, or is; null when nothing but objections was found.</param>
/// <param name="Existing">True when the machine is there already, made from a definition of this id.</param>
/// <param name="AsWished">It exists, and is what and as it should be: nothing is left to do.</param>
/// <param name="Objections">Why not, of every host that came into question.</param>
/// <param name="MayPass">The objections may be gone without anybody changing the definition: a host did not answer.</param>
/// <param name="Warnings">What does not stop it.</param>
public sealed record PlacementDecision(
    string? Host, bool Existing, bool AsWished, IReadOnlyList<VmFault> Objections, bool MayPass, IReadOnlyList<string> Warnings);

/// <summary>
/// Whether a host can carry a machine, and which one should. Pure; all objections together. A machine that exists under the definition's id
/// is found wherever it is, and is never made a second time.
/// </summary>
public static class PlacementPolicy
{
    /// <param name="hosts">All configured ones: a conflict elsewhere is a conflict.</param>
    public static PlacementDecision Decide(VmBlueprint vm, IReadOnlyList<HostFacts> hosts, PlacementLimits limits)
    {
        var warnings = new List<string>();
        if (FindExisting(vm, hosts) is { } existing) return existing;

        var objections = new List<VmFault>(Conflicts(vm, hosts));
        var wanted = vm.Hosts.Count == 0 ? [.. hosts.Select(host => host.Host)] : vm.Hosts;
        if (wanted.Count == 0)
        {
            objections.Add(new VmFault("hosts", "none", "at least one libvirt host", "Configure one under Heal:Libvirt:Hosts."));
        }

        var lost = hosts.Where(host => host.Unreachable is not null).ToList();
        foreach (var host in lost)
        {
            var isCandidate = wanted.Contains(host.Host);
            if (isCandidate) objections.Add(Unreachable(host, vm));
            else warnings.Add($"host '{host.Host}' did not answer ({host.Unreachable}): conflicts on it are not known");
        }

        // Where the machine may be anywhere, it may already be on the host that does not answer.
        var blocked = objections.Count > 0;
        var fitting = new List<HostFacts>();
        foreach (var name in wanted)
        {
            if (hosts.FirstOrDefault(host => host.Host == name) is not { } host)
            {
                objections.Add(new VmFault($"host '{name}'", "no such host", "one of " + string.Join(", ", hosts.Select(item => item.Host)),
                    "Correct the name, or configure the host under Heal:Libvirt:Hosts."));
                continue;
            }

            if (host.Unreachable is not null) continue;
            var own = HostObjections(vm, host, limits);
            if (own.Count == 0) fitting.Add(host);
            else objections.AddRange(own);
        }

        if (!blocked && fitting.Count > 0)
        {
            // Named hosts are in order of preference; of all, the one with the most memory left.
            var chosen = vm.Hosts.Count > 0
                ? fitting[0]
                : fitting.OrderByDescending(host => FreeMemory(host, limits)).ThenBy(host => host.Host, StringComparer.Ordinal).First();
            return new PlacementDecision(chosen.Host, Existing: false, AsWished: false, [], MayPass: false, warnings);
        }

        return new PlacementDecision(
            null, Existing: false, AsWished: false, objections, MayPass: lost.Any(host => wanted.Contains(host.Host)), warnings);
    }

    // Ours when uuid and mark agree. Anything else with this uuid is somebody's, and is not touched.
    private static PlacementDecision? FindExisting(VmBlueprint vm, IReadOnlyList<HostFacts> hosts)
    {
        foreach (var host in hosts)
        {
            if (host.Machines.FirstOrDefault(item => item.Uuid == vm.Uuid && item.Mark?.Definition == vm.Id) is not { } machine) continue;
            var subject = $"host '{host.Host}' domain '{machine.Name}'";
            var mark = machine.Mark!;
            var asWished = mark.Desired == vm.Desired && mark.Autonomy == vm.Autonomy
                && machine.IsActive == (vm.Desired == VmDesired.Running);
            VmFault? objection = mark.Digest != vm.Digest
                ? new VmFault(subject,
                    $"a machine made from another version of this definition (digest {SafeText.Line(mark.Digest ?? "none", 60)})",
                    $"one made from this version (digest {vm.Digest})",
                    "What a machine is made of cannot be changed: delete it first, or send the definition that it was made from.")
                : vm.Desired == VmDesired.Stopped && machine.IsActive
                    ? new VmFault(subject, "a machine that runs", "one that is off, as \"desired\": \"stopped\" says",
                        "Stop it: 'heal vm stop', or POST /api/vms/{id}/stop.")
                    : null;
            return new PlacementDecision(host.Host, Existing: true, asWished, objection is null ? [] : [objection], MayPass: false, []);
        }

        return null;
    }

    private static IEnumerable<VmFault> Conflicts(VmBlueprint vm, IReadOnlyList<HostFacts> hosts)
    {
        foreach (var (host, machine) in hosts.SelectMany(host => host.Machines.Select(machine => (host, machine))))
        {
            var subject = $"host '{host.Host}' domain '{machine.Name}'";
            if (machine.Uuid == vm.Uuid)
            {
                yield return new VmFault(subject, $"uuid {vm.Uuid} without our mark", "no domain with this uuid",
                    "Somebody made or re-marked it. Remove it by hand, or choose another id.");
            }
            else if (machine.Name == vm.Name)
            {
                yield return new VmFault(subject, "the same name", "a name of its own on all hosts", "Choose another name.");
            }

            foreach (var mac in vm.Interfaces.Select(nic => nic.Mac).Intersect(machine.Macs, StringComparer.OrdinalIgnoreCase))
            {
                yield return new VmFault(subject, $"the same MAC address {mac}", "an address of its own on all hosts",
                    "Give the interface another mac.");
            }
        }
    }

    private static VmFault Unreachable(HostFacts host, VmBlueprint vm) => new(
        $"host '{host.Host}'", $"no answer: {SafeText.Line(host.Unreachable, 200)}", "a host that answers",
        vm.Hosts.Count == 0
            ? "The machine might be on it already: repair it, or name the hosts that come into question."
            : "Repair it, or name another host.");

    private static List<VmFault> HostObjections(VmBlueprint vm, HostFacts host, PlacementLimits limits)
    {
        var found = new List<VmFault>();
        if (host.Maintenance is { } maintenance)
        {
            found.Add(new VmFault($"host '{host.Host}'", maintenance.ToString(), "a host that nobody works on",
                "Wait for its end, end it (host_maintenance_off), or name another host."));
        }

        Memory(vm, host, limits, found);
        Cpus(vm, host, limits, found);
        PlacementStorage.Judge(vm, host, limits, found);
        foreach (var name in vm.Interfaces.Select(nic => nic.Network).OfType<string>().Distinct())
        {
            // one that is defined and not active is started
            if (host.Networks.All(network => network.Name != name))
            {
                found.Add(new VmFault($"host '{host.Host}' network '{name}'", "no such network",
                    host.Networks.Count == 0 ? "a network of this name (the host has none)"
                        : "one of " + Names(host.Networks.Select(network => network.Name)),
                    "Define it (`virsh net-define`) or name another."));
            }
        }

        Compatibility(vm, host, found);
        return found;
    }

    private static void Memory(VmBlueprint vm, HostFacts host, PlacementLimits limits, List<VmFault> found)
    {
        if (host.MemorySources.Count == 0) return;
        var free = FreeMemory(host, limits);
        if (vm.MemoryKib << 10 <= free) return;
        var smallest = host.MemorySources.MinBy(source => source.Value);
        found.Add(new VmFault(
            $"host '{host.Host}' memory",
            $"{Mib(Math.Max(0, free))} left of {Mib(smallest.Value)} ({smallest.Key}), after {Mib(Promised(host))} promised to other "
            + $"machines and {Mib(limits.MemoryReserveBytes)} kept for the host",
            Mib(vm.MemoryKib << 10), "Give it less memory, use another host, or stop machines there."));
    }

    private static long FreeMemory(HostFacts host, PlacementLimits limits) =>
        host.MemorySources.Values.DefaultIfEmpty(long.MaxValue / 2).Min() - Promised(host) - limits.MemoryReserveBytes;

    private static long Promised(HostFacts host) =>
        host.Machines.Where(machine => machine.IsPromised).Sum(machine => machine.MaxMemoryKib) << 10;

    private static void Cpus(VmBlueprint vm, HostFacts host, PlacementLimits limits, List<VmFault> found)
    {
        if (host.Cpus <= 0) return;
        if (vm.Vcpus > host.Cpus)
        {
            found.Add(new VmFault($"host '{host.Host}' CPUs", $"{host.Cpus}", $"at least {vm.Vcpus}, as many as the machine has",
                "A guest that is wider than its host waits for itself. Give it fewer vcpus."));
        }

        var promised = host.Machines.Where(machine => machine.IsPromised).Sum(machine => machine.Vcpus);
        var limit = (int)Math.Floor(host.Cpus * limits.CpuOvercommit);
        if (promised + vm.Vcpus > limit)
        {
            found.Add(new VmFault($"host '{host.Host}' virtual CPUs", $"{promised} promised to other machines",
                $"at most {limit - vm.Vcpus} ({host.Cpus} CPUs times {limits.CpuOvercommit.ToString(CultureInfo.InvariantCulture)}, "
                + $"less the machine's {vm.Vcpus})", "Use another host, or raise Heal:Vms:CpuOvercommit."));
        }
    }

    private static void Compatibility(VmBlueprint vm, HostFacts host, List<VmFault> found)
    {
        if (host.Capabilities is not { } offers) return;
        var guest = $"{vm.Architecture}/{VmWords.Of(vm.Type)}";
        if (!offers.Guests.TryGetValue(guest, out var machines))
        {
            found.Add(new VmFault($"host '{host.Host}' guests", Names(offers.Guests.Keys), $"{guest} (architecture/type)",
                "Use a type or architecture that the host has; without /dev/kvm that is \"type\": \"qemu\"."));
            return;
        }

        if (vm.Machine is { } machine && machines.Count > 0 && !machines.Contains(machine))
        {
            found.Add(new VmFault($"host '{host.Host}' machine types", Names(machines), machine, "See `virsh capabilities`."));
        }

        Offered("firmware", vm.Firmware == VmFirmware.Uefi ? "efi" : null, offers.Firmware, "Install ovmf on the host, or use bios.");
        Offered("cpu modes", vm.CpuMode is { } mode ? VmWords.Of(mode) : null, offers.CpuModes, "Choose another cpu mode.");
        foreach (var bus in vm.Disks.Select(disk => VmWords.Of(disk.Bus)).Distinct())
        {
            Offered("disk buses", bus, offers.DiskBuses, "Choose another bus.");
        }

        void Offered(string what, string? wanted, IReadOnlyList<string>? offered, string advice)
        {
            if (wanted is null || offered is null || offered.Contains(wanted)) return;
            found.Add(new VmFault($"host '{host.Host}' {what}", Names(offered), wanted, advice));
        }
    }

    private static string Names(IEnumerable<string> names)
    {
        const int Shown = 12;
        var all = names.ToList();
        return all.Count == 0 ? "none" : string.Join(", ", all.Take(Shown)) + (all.Count > Shown ? $" and {all.Count - Shown} more" : "");
    }

    private static string Mib(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20} MiB");
}

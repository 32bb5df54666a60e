using System.Globalization;
using System.Xml.Linq;
using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Chooses where each guest of a dead host goes, by the same policy that places machines from definitions; what one guest takes is counted
/// when the next is placed. Reads only.
/// </summary>
/// <param name="wanted">The only host that comes into question; null: any.</param>
internal sealed class EvacuationPlacement(MachineTools tools, string from, string? wanted)
{
    private const int MaxNamed = 20;

    /// <returns>What goes where, and of the rest why not, in words.</returns>
    public async Task<(IReadOnlyList<GuestTransfer> Chosen, string Left)> ChooseAsync(int most, CancellationToken cancellationToken)
    {
        var (chosen, left, taken) = (new List<GuestTransfer>(), new List<string>(), new List<(string Host, MachineFacts Facts)>());
        foreach (var (record, definition, objection) in await new GuestsLeftBehind(tools).ReadAsync(from, cancellationToken))
        {
            var name = SafeText.Line(record.Name, 100);
            if (objection is not null)
            {
                left.Add($"{name}: {objection}");
                continue;
            }

            if (chosen.Count >= most)
            {
                left.Add($"{name}: {most} are restarted at most");
                continue;
            }

            var (destination, facts, why) = await PlaceAsync(SmallXml.Read(definition!.Xml)!, taken, cancellationToken);
            if (destination is null)
            {
                left.Add($"{name}: {why}");
                continue;
            }

            taken.Add((destination, facts!));
            chosen.Add(new GuestTransfer(record.Uuid, record.Name, destination, GuestTransfer.DigestOf(definition.Xml)));
        }

        var more = left.Count > MaxNamed ? string.Create(CultureInfo.InvariantCulture, $" and {left.Count - MaxNamed} more") : "";
        return (chosen, string.Join("; ", left.Take(MaxNamed)) + more);
    }

    private async Task<(string? Host, MachineFacts? Facts, string Why)> PlaceAsync(
        XElement document, IReadOnlyList<(string Host, MachineFacts Facts)> taken, CancellationToken cancellationToken)
    {
        var (passed, best) = (new List<string>(), ((string Host, MachineFacts Facts, long Free)?)null);
        foreach (var host in tools.Hosts.All.Where(item => item.Name != from && (wanted is null || item.Name == wanted)))
        {
            try
            {
                var (facts, free, objection) = await JudgeAsync(host, document, taken, cancellationToken);
                if (objection is not null) passed.Add($"{host.Name}: {objection}");
                else if (best is null || free > best.Value.Free) best = (host.Name, facts!, free);
            }
            catch (LibvirtException e)
            {
                passed.Add($"{host.Name}: {SafeText.Line(e.Reason, 100)}");
            }
        }

        return best is { } found ? (found.Host, found.Facts, "")
            : (null, null, passed.Count > 0 ? $"no host takes it: {string.Join("; ", passed)}"
                : wanted is null ? "there is no other host" : $"no other libvirt host '{SafeText.Line(wanted, 100)}' is configured");
    }

    private async Task<(MachineFacts? Facts, long Free, string? Objection)> JudgeAsync(
        ILibvirtHost host, XElement document, IReadOnlyList<(string Host, MachineFacts Facts)> taken, CancellationToken cancellationToken)
    {
        var places = new List<DiskPlace>();
        foreach (var disk in EvacuationPolicy.Disks(document))
        {
            if (await host.Storage.FindVolumeByPathAsync(disk.Path, cancellationToken) is not { } volume)
            {
                return (null, 0, $"no pool of it has disk {disk.Device} ({SafeText.Line(disk.Path, 200)})");
            }

            places.Add(new DiskPlace(disk.Device, volume.Pool, volume.Name));
        }

        if (EvacuationBlueprint.Of(document, host.Name, places, out var fault) is not { } vm) return (null, 0, fault);
        var facts = new MachineFacts(
            vm.Uuid, vm.Name, null, IsActive: true, IsPromised: true, vm.MemoryKib, vm.Vcpus, [.. vm.Interfaces.Select(nic => nic.Mac)],
            [.. EvacuationPolicy.Disks(document).Select(disk => disk.Path)]);
        var seen = (await new HostFactsReader(tools.Hosts, tools.Time, tools.Memory).ReadAsync(vm, cancellationToken))
            .Where(item => item.Host != from)
            .Select(item => item with { Machines = [.. item.Machines.Where(machine => IsInTheWay(machine, vm)),
                .. taken.Where(other => other.Host == item.Host).Select(other => other.Facts)] }).ToList();
        var decision = PlacementPolicy.Decide(vm, seen, tools.Limits);
        if (decision.Host is null)
        {
            var words = decision.Objections.Select(item => $"{item.Subject}: found {item.Found}, expected {item.Expected}");
            return (null, 0, SafeText.Line(string.Join(", ", words), EvidenceLimits.MessageLength));
        }

        var free = (await host.GetInfoAsync(cancellationToken)).FreeMemoryBytes ?? 0;
        return (facts, free - (taken.Where(other => other.Host == host.Name).Sum(other => other.Facts.MaxMemoryKib) << 10), null);
    }

    // A definition of this very guest that is off, left by an earlier migration, is replaced.
    private static bool IsInTheWay(MachineFacts machine, VmBlueprint vm) => machine.Uuid != vm.Uuid || machine.IsActive;
}

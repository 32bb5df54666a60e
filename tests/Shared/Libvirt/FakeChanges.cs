using System.Xml.Linq;
using Heal.Drivers.Libvirt;

namespace Heal.Shared.Tests;

/// <summary>Snapshots, devices, sizes and migration of <see cref="FakeDomains"/>.</summary>
internal sealed partial class FakeDomains
{
    public Task<IReadOnlyList<SnapshotRecord>> ListSnapshotsAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        host.CallAsync<IReadOnlyList<SnapshotRecord>>("ListSnapshots", false,
            () => Get(uuid) is var guest ? [.. guest.Snapshots.Select(item => Record(guest, item))] : [], cancellationToken);

    public Task<SnapshotRecord> CreateSnapshotAsync(
        Guid uuid, string xml, SnapshotOptions options = SnapshotOptions.None, CancellationToken cancellationToken = default) =>
        host.CallAsync("CreateSnapshot", true, () =>
        {
            var guest = Get(uuid);
            var name = (string?)host.Parse(xml).Element("name") ?? Text(host.Now.ToUnixTimeSeconds());
            if (guest.Snapshots.Any(item => item.Name == name))
            {
                throw host.Refusal(Failed, $"operation failed: domain snapshot {name} already exists");
            }

            if (options.HasFlag(SnapshotOptions.Quiesce) && !guest.HasAgent)
            {
                throw host.Refusal(74, "argument unsupported: QEMU guest agent is not configured");
            }

            guest.Snapshots.Add(new FakeSnapshot(
                name, guest.Snapshots.LastOrDefault()?.Name, host.Now, guest.State, new XElement(guest.Live ?? guest.Definition),
                options.HasFlag(SnapshotOptions.DiskOnly)));
            return Record(guest, guest.Snapshots[^1]);
        }, cancellationToken);

    public Task RevertToSnapshotAsync(Guid uuid, string snapshot, CancellationToken cancellationToken = default) =>
        host.CallAsync("RevertToSnapshot", true, () =>
        {
            var guest = Get(uuid);
            var found = Snapshot(guest, snapshot);
            if (found.External) throw host.Refusal(74, "Operation not supported: revert to external snapshot not supported yet");
            var runs = found.State is DomainState.Running or DomainState.Paused;
            // Marks of metadata travel with the document that the snapshot kept.
            guest.Definition = new XElement(found.Definition);
            guest.Snapshots.Remove(found);
            guest.Snapshots.Add(found);
            if (runs)
            {
                Boot(guest, "from-snapshot");
            }
            else if (guest.Runs)
            {
                Stop(guest, "from-snapshot", "from-snapshot");
            }
            else
            {
                guest.Reason = "from-snapshot";
            }
        }, cancellationToken);

    public Task DeleteSnapshotAsync(Guid uuid, string snapshot, CancellationToken cancellationToken = default) =>
        host.CallAsync("DeleteSnapshot", true, () => { _ = Get(uuid).Snapshots.Remove(Snapshot(Get(uuid), snapshot)); }, cancellationToken);

    public Task AttachDeviceAsync(Guid uuid, string deviceXml, CancellationToken cancellationToken = default) =>
        host.CallAsync("AttachDevice", true, () =>
        {
            var guest = Get(uuid);
            var device = host.Parse(deviceXml);
            foreach (var document in Documents(guest))
            {
                if (Same(document, device) is not null)
                {
                    throw host.Refusal(Failed, $"operation failed: target {TargetOf(device)} already exists");
                }
            }

            foreach (var document in Documents(guest))
            {
                var added = new XElement(device);
                if (document == guest.Live) added.Add(new XElement("alias", new XAttribute("name", $"plugged-{TargetOf(device)}")));
                Devices(document).Add(added);
            }
        }, cancellationToken);

    public Task DetachDeviceAsync(Guid uuid, string deviceXml, CancellationToken cancellationToken = default) =>
        host.CallAsync("DetachDevice", true, () =>
        {
            var guest = Get(uuid);
            var device = host.Parse(deviceXml);
            if (Documents(guest).All(document => Same(document, device) is null))
            {
                throw host.Refusal(99, $"device not found: no target device {TargetOf(device)}");
            }

            Same(guest.Definition, device)?.Remove();
            if (guest.Live is not { } live || !guest.LetsDevicesGo || Same(live, device) is not { } inUse) return;
            inUse.Remove();
            var alias = (string?)inUse.Element("alias")?.Attribute("name");
            host.Raise(new DeviceRemovedEvent(host.Now, guest.Uuid, guest.Name, alias ?? TargetOf(device) ?? ""));
        }, cancellationToken);

    public Task UpdateDeviceAsync(Guid uuid, string deviceXml, CancellationToken cancellationToken = default) =>
        host.CallAsync("UpdateDevice", true, () =>
        {
            var guest = Get(uuid);
            var device = host.Parse(deviceXml);
            foreach (var document in Documents(guest))
            {
                (Same(document, device) ?? throw host.Refusal(99, $"device not found: {TargetOf(device)}")).ReplaceWith(
                    new XElement(device));
            }
        }, cancellationToken);

    public Task SetMemoryAsync(Guid uuid, long kibibytes, DomainScope scope, CancellationToken cancellationToken = default) =>
        host.CallAsync("SetMemory", true, () =>
        {
            var guest = Get(uuid);
            if (kibibytes > guest.Record.MaxMemoryKib)
            {
                throw host.Refusal(8, "invalid argument: cannot set memory higher than max memory");
            }

            Write(guest, scope, document => document.SetElementValue("currentMemory", kibibytes));
        }, cancellationToken);

    public Task SetMaxMemoryAsync(Guid uuid, long kibibytes, CancellationToken cancellationToken = default) =>
        host.CallAsync("SetMaxMemory", true, () =>
        {
            var guest = Get(uuid);
            if (guest.Runs) throw host.Refusal(Invalid,
                "Requested operation is not valid: cannot resize the maximum memory on an active domain");
            if (guest.Definition.Element("currentMemory") is null) guest.Definition.SetElementValue("currentMemory",
                guest.Record.MemoryKib);
            SetMaximum(guest.Definition, kibibytes);
        }, cancellationToken);

    public Task SetVcpusAsync(
        Guid uuid, int count, DomainScope scope, bool maximum = false, CancellationToken cancellationToken = default) =>
        host.CallAsync("SetVcpus", true, () =>
        {
            var guest = Get(uuid);
            if (maximum && scope.HasFlag(DomainScope.Running))
            {
                throw host.Refusal(Invalid, "Requested operation is not valid: maximum vcpu count cannot be changed live");
            }

            Write(guest, scope, document => document.SetElementValue("vcpu", count));
        }, cancellationToken);

    public Task MigrateAsync(Guid uuid, MigrationRequest request, CancellationToken cancellationToken = default) =>
        host.CallAsync("Migrate", true, () =>
        {
            var guest = Get(uuid);
            var to = (FakeLibvirtHost)request.Destination;
            if (request.Live && !guest.Runs) throw host.Refusal(Invalid, "Requested operation is not valid: domain is not running");
            if (to.Link == HostLink.Down) throw host.Refusal(Missing, "unable to connect to server");
            if (to.Guests.Has(guest.Name) && to.Guests[guest.Name].Runs)
            {
                throw host.Refusal(Failed, $"operation failed: domain '{guest.Name}' is already active on the target");
            }

            to.Guests.Take(guest, request.Live);
            if (guest.Runs) Stop(guest, "migrated", "migrated");
            if (request.UndefineSource && _guests.Remove(uuid)) Lifecycle(guest, "undefined", "removed");
        }, cancellationToken);

    internal void Take(FakeGuest guest, bool running)
    {
        // Its own lock: two hosts never wait for each other, because only the source's is held besides.
        lock (host.Gate)
        {
            var copy = _guests[guest.Uuid] = new FakeGuest(guest.Uuid, guest.Name, new XElement(guest.Definition))
            {
                Autostart = guest.Autostart, HasAgent = guest.HasAgent, Boots = guest.Boots, Boot = guest.Boot,
            };
            if (!running) return;
            (copy.Id, copy.Live) = (++_lastId, new XElement(guest.Live ?? guest.Definition));
            (copy.State, copy.Reason) = (guest.State, guest.State == DomainState.Paused ? "migration" : "migrated");
            Lifecycle(copy, "started", "migrated");
            Lifecycle(copy, "resumed", "migrated");
        }
    }

    private FakeSnapshot Snapshot(FakeGuest guest, string name) =>
        guest.Snapshots.FirstOrDefault(item => item.Name == name) ?? throw new LibvirtNotFoundException(
            host.Name, NoSnapshot, 53, $"Domain snapshot not found: no domain snapshot with matching name '{name}'");

    private static SnapshotRecord Record(FakeGuest guest, FakeSnapshot item) => new(
        item.Name, item.Parent, item.At, item.State == DomainState.Running ? "running" : "shutoff",
            ReferenceEquals(item, guest.Snapshots[^1]),
        item.External);

    private static void Write(FakeGuest guest, DomainScope scope, Action<XElement> change)
    {
        if (scope.HasFlag(DomainScope.Definition)) change(guest.Definition);
        if (scope.HasFlag(DomainScope.Running) && guest.Live is { } live) change(live);
    }

    private static void SetMaximum(XElement document, long kibibytes)
    {
        document.SetElementValue("memory", kibibytes);
        document.Element("memory")!.SetAttributeValue("unit", "KiB");
    }

    private static IEnumerable<XElement> Documents(FakeGuest guest) =>
        guest.Live is { } live ? [guest.Definition, live] : [guest.Definition];

    private static XElement Devices(XElement document)
    {
        if (document.Element("devices") is { } found) return found;
        var made = new XElement("devices");
        document.Add(made);
        return made;
    }

    private static XElement? Same(XElement document, XElement device) =>
        Devices(document).Elements(device.Name).FirstOrDefault(item => TargetOf(item) == TargetOf(device));

    private static string? TargetOf(XElement device) =>
        (string?)device.Element("target")?.Attribute("dev") ?? (string?)device.Element("mac")?.Attribute("address");
}

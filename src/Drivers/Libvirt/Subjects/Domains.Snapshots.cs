using System.Globalization;
using System.Xml.Linq;
using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Subjects;

/// <summary>Snapshots.</summary>
internal sealed unsafe partial class Domains
{
    public Task<IReadOnlyList<SnapshotRecord>> ListSnapshotsAsync(Guid uuid, CancellationToken cancellationToken = default) => On(
        "virDomainListAllSnapshots", uuid,
        IReadOnlyList<SnapshotRecord> (domain) =>
        {
            using var all = HandleList.Take(
                items => LibvirtApi.virDomainListAllSnapshots(domain, items, 0), static pointer => new SnapshotHandle(pointer));
            return [.. all.Items.Select(ReadSnapshot)];
        },
        cancellationToken);

    public Task<SnapshotRecord> CreateSnapshotAsync(
        Guid uuid, string xml, SnapshotOptions options = SnapshotOptions.None, CancellationToken cancellationToken = default)
    {
        Arguments.Document(host.Name, "snapshot's document", xml);
        return On(
            "virDomainSnapshotCreateXML", uuid,
            domain =>
            {
                using var snapshot = NativeFault.Check(LibvirtApi.virDomainSnapshotCreateXML(domain, xml, FlagsOf(options)));
                return ReadSnapshot(snapshot);
            },
            cancellationToken);
    }

    public Task RevertToSnapshotAsync(Guid uuid, string snapshot, CancellationToken cancellationToken = default) => OnSnapshot(
        "virDomainRevertToSnapshot", uuid, snapshot, handle => LibvirtApi.virDomainRevertToSnapshot(handle, 0), cancellationToken);

    public Task DeleteSnapshotAsync(Guid uuid, string snapshot, CancellationToken cancellationToken = default) => OnSnapshot(
        "virDomainSnapshotDelete", uuid, snapshot, handle => LibvirtApi.virDomainSnapshotDelete(handle, 0), cancellationToken);

    private Task<int> OnSnapshot(
        string call, Guid uuid, string name, Func<SnapshotHandle, int> body, CancellationToken cancellationToken)
    {
        Arguments.Name(host.Name, "snapshot's name", name);
        return On<int>(
            call, uuid,
            domain =>
            {
                using var snapshot = NativeFault.Check(LibvirtApi.virDomainSnapshotLookupByName(domain, name, 0));
                return NativeFault.Check(body(snapshot));
            },
            cancellationToken);
    }

    private static uint FlagsOf(SnapshotOptions options)
    {
        const uint diskOnly = 16, quiesce = 64, atomic = 128;
        return (options.HasFlag(SnapshotOptions.DiskOnly) ? diskOnly : 0)
            | (options.HasFlag(SnapshotOptions.Quiesce) ? quiesce : 0)
            | (options.HasFlag(SnapshotOptions.Atomic) ? atomic : 0);
    }

    private static SnapshotRecord ReadSnapshot(SnapshotHandle snapshot)
    {
        var document = Arguments.Parse(NativeFault.Check(LibvirtApi.virDomainSnapshotGetXMLDesc(snapshot, 0)));
        var seconds = long.TryParse(document.Element("creationTime")?.Value, CultureInfo.InvariantCulture, out var created) ? created : 0;
        return new SnapshotRecord(
            document.Element("name")?.Value ?? "", document.Element("parent")?.Element("name")?.Value,
            DateTimeOffset.FromUnixTimeSeconds(seconds), document.Element("state")?.Value ?? "",
            NativeFault.Check(LibvirtApi.virDomainSnapshotIsCurrent(snapshot, 0)) != 0, IsExternal(document));
    }

    private static bool IsExternal(XElement document) =>
        (string?)document.Element("memory")?.Attribute("snapshot") == "external"
        || document.Element("disks")?.Elements("disk").Any(disk => (string?)disk.Attribute("snapshot") == "external") == true;
}

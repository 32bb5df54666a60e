using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Xml.Linq;
using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Takes a snapshot under a name that is made of the operation's key: that one is there proves it.</summary>
internal sealed record SnapshotCreateEffect(string Host, string Uuid, string Name, string Snapshot, bool DiskOnly, bool Quiesce)
    : DomainEffect(Host, Uuid, Name)
{
    [JsonIgnore]
    public override bool IsReversible => true;

    public override Effect? Inverse(JsonObject post) => new SnapshotDeleteEffect(Host, Uuid, Name, Snapshot);

    public override IReadOnlyList<string> Describe() => [$"{Subject}: snapshot {Snapshot}{(DiskOnly ? " of its disks" : "")}"];

    protected override async Task<Look> SeeAsync(
        ActionTools tools, ILibvirtHost host, DomainRecord domain, OperationMark? ours, CancellationToken cancellationToken) =>
        (await host.Domains.ListSnapshotsAsync(Id, cancellationToken)).Any(item => item.Name == Snapshot)
            ? Look.Applied(null) : Look.NotApplied(null);

    protected override async Task<WriteAnswer> ActAsync(
        ActionTools tools, ILibvirtHost host, Look look, CancellationToken cancellationToken)
    {
        var xml = new XElement(
            "domainsnapshot", new XElement("name", Snapshot), new XElement("description", "taken by the healer before a remedy")).ToString(
                );
        var options = DiskOnly ? SnapshotOptions.DiskOnly | SnapshotOptions.Atomic : SnapshotOptions.None;
        await host.Domains.CreateSnapshotAsync(Id, xml, Quiesce ? options | SnapshotOptions.Quiesce : options, cancellationToken);
        return WriteAnswer.Taken;
    }
}

internal sealed record SnapshotDeleteEffect(string Host, string Uuid, string Name, string Snapshot) : DomainEffect(Host, Uuid, Name)
{
    [JsonIgnore]
    public override bool IsReversible => false;

    public override Effect? Inverse(JsonObject post) => null;

    public override IReadOnlyList<string> Describe() => [$"{Subject}: snapshot {Snapshot} deleted"];

    protected override async Task<Look> SeeAsync(
        ActionTools tools, ILibvirtHost host, DomainRecord domain, OperationMark? ours, CancellationToken cancellationToken) =>
        (await host.Domains.ListSnapshotsAsync(Id, cancellationToken)).Any(item => item.Name == Snapshot)
            ? Look.NotApplied(null) : Look.Applied(null);

    protected override async Task<WriteAnswer> ActAsync(
        ActionTools tools, ILibvirtHost host, Look look, CancellationToken cancellationToken)
    {
        await host.Domains.DeleteSnapshotAsync(Id, Snapshot, cancellationToken);
        return WriteAnswer.Taken;
    }
}

/// <summary>
/// Puts a domain back to a snapshot. The document of the snapshot comes back with it, and with that whatever mark it had: so the mark
/// before
/// is gone once it worked, and what proves it is libvirt's own reason (<c>from-snapshot</c>) on a run that is not the one before. A process
/// that dies right after may find a guest that has been started by somebody since, and reverts it again.
/// </summary>
/// <param name="RunId">Before; null when it was off.</param>
internal sealed record SnapshotRevertEffect(string Host, string Uuid, string Name, string Snapshot, int? RunId)
    : DomainEffect(Host, Uuid, Name)
{
    [JsonIgnore]
    public override bool IsReversible => false;

    public override Effect? Inverse(JsonObject post) => null;

    public override IReadOnlyList<string> Describe() => [$"{Subject}: put back to snapshot {Snapshot}"];

    protected override OperationMark MarkOf(string key, bool isDone, Look look) => new(key, RunId, isDone);

    protected override async Task<Look> SeeAsync(
        ActionTools tools, ILibvirtHost host, DomainRecord domain, OperationMark? ours, CancellationToken cancellationToken)
    {
        if (ours is { IsDone: true }) return Run(domain);
        var found = (await host.Domains.ListSnapshotsAsync(Id, cancellationToken)).FirstOrDefault(item => item.Name == Snapshot);
        if (found is null) return new Look(Sight.Gone, $"snapshot {Snapshot} of {Subject} is gone");
        return domain.Reason == "from-snapshot" && found.IsCurrent && domain.Id != RunId ? Run(domain) : Look.NotApplied(null);
    }

    protected override async Task<WriteAnswer> ActAsync(
        ActionTools tools, ILibvirtHost host, Look look, CancellationToken cancellationToken)
    {
        await host.Domains.RevertToSnapshotAsync(Id, Snapshot, cancellationToken);
        return WriteAnswer.Taken;
    }
}

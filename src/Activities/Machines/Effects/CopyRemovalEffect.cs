using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Heal.Drivers.Libvirt;

namespace Heal.Activities;

/// <summary>Removes the definition of a guest that was restarted on another host and runs there. Its document stays in the ledger, its
/// disks are the other copy's.</summary>
/// <param name="Xml">As it was, without passwords.</param>
internal sealed record CopyRemovalEffect(string Host, string Uuid, string Name, string Destination, string Xml) : Effect
{
    private const int InvalidState = 55;

    [JsonIgnore]
    public override string Subject => $"definition of domain {Name} on host {Host}";

    [JsonIgnore]
    public override bool IsReversible => false;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        if (tools.Host(Host) is not { } host) return new Look(Sight.Gone, $"libvirt host '{Host}' is not configured any more");
        return await host.Domains.FindAsync(Guid.Parse(Uuid), cancellationToken) switch
        {
            null => Look.Applied(null),
            { Id: not null } => new Look(Sight.ChangedByOther, $"somebody started domain {Name} on host {Host}"),
            _ => Look.NotApplied(null),
        };
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        // Right before it goes: of the last definition there must be a copy that works.
        if (tools.Host(Destination) is not { } destination
            || await destination.Domains.FindAsync(Guid.Parse(Uuid), cancellationToken) is not { Id: not null })
        {
            return WriteAnswer.Refused($"domain {Name} does not run on host {Destination}: this may be the only copy");
        }

        if (dryRun) return WriteAnswer.Taken;
        try
        {
            await tools.Host(Host)!.Domains.UndefineAsync(Guid.Parse(Uuid), cancellationToken);
            return WriteAnswer.Taken;
        }
        catch (LibvirtException e) when (e is LibvirtNotFoundException || e.Code == InvalidState)
        {
            return WriteAnswer.Taken; // the next look tells
        }
    }

    public override Effect? Inverse(JsonObject post) => null;

    public override IReadOnlyList<string> Describe() => [$"{Subject}: removed; it runs on host {Destination}"];
}

using System.Globalization;
using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Copies of guests on hosts that were dead while the guests were started elsewhere.</summary>
internal static class LeftCopies
{
    /// <summary>Where a guest was started when its host was dead, and what is there now; null for no move.</summary>
    public static async Task<MoveEvidence?> SeeAsync(ILibvirtHosts hosts, MachineMove? move, CancellationToken cancellationToken)
    {
        if (move is null) return null;
        try
        {
            if (hosts.Find(move.Destination) is not { } destination) return new MoveEvidence(move.Destination, move.At, null, null);
            var there = await destination.Domains.FindAsync(Guid.Parse(move.Uuid, CultureInfo.InvariantCulture), cancellationToken);
            return new MoveEvidence(move.Destination, move.At, there is not null, there?.Id is not null);
        }
        catch (LibvirtException)
        {
            return new MoveEvidence(move.Destination, move.At, null, null);
        }
    }

    /// <summary>Whether the machine of a definition was started elsewhere because this host was dead, so that its copy here is none that
    /// counts.</summary>
    /// <param name="memory">Null where nothing is remembered.</param>
    public static async Task<bool> IsLeftAsync(
        IMachineMemory? memory, string host, string definition, CancellationToken cancellationToken = default)
    {
        var uuid = VmIdentity.Uuid(definition).ToString();
        return memory is not null && (await memory.MovesOfHostAsync(host, cancellationToken)).Any(move => move.Uuid == uuid);
    }

    /// <summary>Why a guest must not be started on a host that lost it; null when nothing forbids it. To be asked right before every
    /// start: two copies of one disk destroy it.</summary>
    public static async Task<string?> ObjectionAsync(
        IMachineMemory memory, ILibvirtHosts hosts, string host, string uuid, CancellationToken cancellationToken)
    {
        var move = (await memory.MovesOfHostAsync(host, cancellationToken)).FirstOrDefault(item => item.Uuid == uuid);
        return await SeeAsync(hosts, move, cancellationToken) is { IsThere: not false } moved
            ? $"it was restarted on host {moved.Destination} when host {host} was dead" : null;
    }
}

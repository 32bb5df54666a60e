using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>A guest, and where it is to be started.</summary>
/// <param name="Digest">Of the definition that the destination was chosen for.</param>
internal sealed record GuestTransfer(string Uuid, string Name, string Destination, string Digest)
{
    public static string DigestOf(string xml) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(xml)));
}

/// <summary>What became of one guest.</summary>
internal enum TransferState
{
    /// <summary>Nothing of it is there yet.</summary>
    Pending,

    /// <summary>Started on its destination, by this operation.</summary>
    Started,

    /// <summary>Somebody else started it there.</summary>
    ByOther,
}

/// <summary>
/// Starts one guest of a dead host on another one. Safe to repeat after a kill at any line: what is on the destination under the guest's
/// uuid, with the operation's mark in it, is what an earlier attempt got to; libvirt refuses to start what runs; and before each start the
/// guest's old copy is proven dead anew.
/// </summary>
internal sealed class GuestRestart(ActionTools tools, string host, string key)
{
    private MachineTools Machines => tools.Machines!;

    public async Task<TransferState> LookAsync(GuestTransfer guest, CancellationToken cancellationToken)
    {
        if (tools.Host(guest.Destination) is not { } destination) return TransferState.Pending;
        if (await destination.Domains.FindAsync(IdOf(guest), cancellationToken) is not { } domain) return TransferState.Pending;
        var ours = await MarkAsync(destination, domain, cancellationToken);
        if (domain.Id is not null)
        {
            if (ours is null) return TransferState.ByOther;

            // Whoever started it died before it wrote that down.
            if (!ours.IsDone) await SettleAsync(guest, destination, cancellationToken);
            return TransferState.Started;
        }

        // It was started and has ended again: the effect was made, and its check says the rest.
        return ours is { IsDone: true } ? TransferState.Started : TransferState.Pending;
    }

    /// <returns>Null when it was started; else why it was not. Then nothing of it stays on its destination.</returns>
    public async Task<string?> RunAsync(GuestTransfer guest, CancellationToken cancellationToken)
    {
        if (tools.Host(guest.Destination) is not { } destination) return $"libvirt host '{guest.Destination}' is not configured any more";
        if (await TryAsync(guest, destination, cancellationToken) is not { } refusal) return null;

        // Somebody may have been faster: only a guest that does not run proves a refusal.
        if (await LookAsync(guest, cancellationToken) != TransferState.Pending) return null;
        await TakeBackAsync(guest, destination, cancellationToken);
        return refusal;
    }

    private async Task<string?> TryAsync(GuestTransfer guest, ILibvirtHost destination, CancellationToken cancellationToken)
    {
        var memory = Machines.Memory;
        if (await memory.MaintenanceAsync(guest.Destination, tools.Time.GetUtcNow(), cancellationToken) is { } maintenance)
        {
            return $"host {guest.Destination} is {maintenance.Seen()}";
        }

        var definition = (await memory.DefinitionsOfHostAsync(host, cancellationToken)).FirstOrDefault(item => item.Uuid == guest.Uuid);
        if (definition is null || GuestTransfer.DigestOf(definition.Xml) != guest.Digest)
        {
            return "its definition was changed or forgotten meanwhile";
        }

        var (elsewhere, silent) = await ElsewhereAsync(guest, cancellationToken);
        if (elsewhere is not null) return elsewhere;
        if (Machines.Fencing is not { } fencing) return $"no witness is configured: see setting {MachineFencingOptions.Section}";

        var order = new FencingOrder(
            host, guest.Uuid, guest.Name, DefinitionKeeper.WrittenDisks(definition.Xml), definition.LocksSeenAt);
        var (proofs, fenced) = await fencing.FenceAsync(
            order, await memory.HostSeenAsync(host, cancellationToken), silent, cancellationToken);
        if (!fenced.IsProven) return $"its old copy is not proven dead: {string.Join("; ", fenced.Reasons)}";
        return await StartAsync(guest, destination, definition, proofs, silent, cancellationToken);
    }

    private async Task<string?> StartAsync(
        GuestTransfer guest, ILibvirtHost destination, MachineDefinition definition, IReadOnlyList<FencingProof> proofs,
        IReadOnlyList<string> silent, CancellationToken cancellationToken)
    {
        var memory = Machines.Memory;

        // Before it runs there: its old host, when it comes back, must not take the guest for one that it is to start.
        var now = tools.Time.GetUtcNow();
        await memory.KeepMoveAsync(
            new MachineMove(host, guest.Uuid, guest.Name, guest.Destination, key, now, proofs), cancellationToken);
        try
        {
            await destination.Domains.DefineAsync(Marked(definition.Xml), cancellationToken);

            // All that went before took its time, and a host may have come back in it.
            var seenAt = await memory.HostSeenAsync(host, cancellationToken);
            var verdict = Machines.Fencing!.Judge(proofs, host, guest.Uuid, seenAt, silent);
            if (!verdict.IsProven) return $"its old copy is not proven dead any more: {string.Join("; ", verdict.Reasons)}";
            if (tools.Safety.Objection() is { } objection) return objection;
            await destination.Domains.StartAsync(IdOf(guest), cancellationToken);
        }
        catch (LibvirtException e) when (e is not (LibvirtUnreachableException or LibvirtTimeoutException))
        {
            return $"libvirt refused on {guest.Destination}: {SafeText.Line(e.Reason, 200)}";
        }

        await SettleAsync(guest, destination, cancellationToken);
        return null;
    }

    private async Task SettleAsync(GuestTransfer guest, ILibvirtHost destination, CancellationToken cancellationToken)
    {
        // The other way round, for a guest that once came from there.
        await Machines.Memory.EndMoveAsync(guest.Destination, guest.Uuid, tools.Time.GetUtcNow(), cancellationToken);
        await destination.Domains.SetMetadataAsync(
            IdOf(guest), MachineNames.OperationNamespace, MachineNames.OperationPrefix, new OperationMark(key, null, IsDone: true).ToXml(),
            cancellationToken);
    }

    // What an earlier attempt left, too: with it the old host would be kept from starting its guest for nothing.
    private async Task TakeBackAsync(GuestTransfer guest, ILibvirtHost destination, CancellationToken cancellationToken)
    {
        if (await destination.Domains.FindAsync(IdOf(guest), cancellationToken) is { Id: null } domain
            && await MarkAsync(destination, domain, cancellationToken) is not null)
        {
            await destination.Domains.UndefineAsync(domain.Uuid, cancellationToken);
        }

        var moves = await Machines.Memory.MovesOfHostAsync(host, cancellationToken);
        if (moves.Any(move => move.Uuid == guest.Uuid && move.Key == key))
        {
            await Machines.Memory.EndMoveAsync(host, guest.Uuid, tools.Time.GetUtcNow(), cancellationToken);
        }
    }

    // Every host is asked, each time: the old one may be back, and somebody may have moved the guest.
    private async Task<(string? Objection, IReadOnlyList<string> Silent)> ElsewhereAsync(
        GuestTransfer guest, CancellationToken cancellationToken)
    {
        var silent = new List<string>();
        foreach (var other in Machines.Hosts.All)
        {
            try
            {
                var found = await other.Domains.FindAsync(IdOf(guest), cancellationToken);
                if (other.Name == host) return ($"host {host} answers again: nothing more is started elsewhere", silent);
                if (found is { Id: not null } && other.Name != guest.Destination) return ($"it runs on host {other.Name}", silent);
            }
            catch (LibvirtNotAdmittedException) when (other.Name == host)
            {
                return ($"host {host} answers again: nothing more is started elsewhere", silent);
            }
            catch (LibvirtException e) when (e is LibvirtUnreachableException or LibvirtTimeoutException)
            {
                if (other.Name != host) silent.Add(other.Name);
            }
        }

        return (null, silent);
    }

    private async Task<OperationMark?> MarkAsync(ILibvirtHost destination, DomainRecord domain, CancellationToken cancellationToken) =>
        OperationMark.Read(await destination.Domains.GetMetadataAsync(
            domain.Uuid, MachineNames.OperationNamespace, cancellationToken)) is { } mark && mark.Key == key ? mark : null;

    // In the document itself: a definition of ours is never there without it.
    private string Marked(string xml)
    {
        var document = SmallXml.Read(xml)!;
        XNamespace ns = MachineNames.OperationNamespace;
        if (document.Element("metadata") is not { } metadata) document.Add(metadata = new XElement("metadata"));
        metadata.Elements().Where(item => item.Name.Namespace == ns).Remove();
        var mark = SmallXml.Read(new OperationMark(key, null, IsDone: false).ToXml())!;
        metadata.Add(new XElement(
            ns + mark.Name.LocalName, new XAttribute(XNamespace.Xmlns + MachineNames.OperationPrefix, ns.NamespaceName),
            mark.Attributes()));
        return document.ToString(SaveOptions.DisableFormatting);
    }

    private static Guid IdOf(GuestTransfer guest) => Guid.Parse(guest.Uuid);
}

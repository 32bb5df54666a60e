using Heal.Healing;

namespace Heal.Activities;

/// <summary>What is remembered of the guests of a host that does not answer. Asks the memory alone.</summary>
internal sealed class GuestsLeftBehind(MachineTools tools)
{
    /// <summary>Guests that evidence names.</summary>
    private const int MaxShown = 50;

    public async Task<EvacuationEvidence> SeeAsync(string host, CancellationToken cancellationToken)
    {
        var witnesses = tools.Fencing?.Of(host) ?? [];
        var plights = await ReadAsync(host, cancellationToken);
        return new EvacuationEvidence(
            [.. witnesses.Select(witness => witness.Name)],
            FencingPolicy.Suffices([.. witnesses.Select(witness => witness.Kind)]),
            [.. plights.OrderBy(item => item.Objection is null ? 0 : 1).Take(MaxShown)
                .Select(item => new GuestPlight(SafeText.Line(item.Record.Name, 100), item.Record.Uuid, item.Objection))]);
    }

    /// <summary>The guests that ran when they were last seen, in the order of their names, each with what speaks against restarting
    /// it.</summary>
    public async Task<IReadOnlyList<(MachineRecord Record, MachineDefinition? Definition, string? Objection)>> ReadAsync(
        string host, CancellationToken cancellationToken)
    {
        var options = tools.Options.CurrentValue;
        var definitions = (await tools.Memory.DefinitionsOfHostAsync(host, cancellationToken)).ToDictionary(item => item.Uuid);
        var moves = (await tools.Memory.MovesOfHostAsync(host, cancellationToken)).ToDictionary(item => item.Uuid);
        var disarms = (tools.Fencing?.Of(host) ?? []).Any(witness => witness.Kind == WitnessKind.Hypervisor);
        string[] shared = [.. options.Fencing.SharedStorage.Select(item => item.Path)];
        return
        [
            .. from record in await tools.Memory.OfHostAsync(host, cancellationToken)
               where record.RunId is not null && record.State is not ("shutoff" or "crashed")
               orderby record.Name
               let definition = definitions.GetValueOrDefault(record.Uuid)
               let document = SmallXml.Read(definition?.Xml)
               let mark = document is null ? null : EvacuationPolicy.MarkOf(document)
               let guest = new GuestLeftBehind(
                   record.Uuid, record.Name, record.State, options.WantsRestart(host, record.Name, mark),
                   definition?.Autostart == true, definition?.Xml, moves.GetValueOrDefault(record.Uuid)?.Destination)
               select (record, definition, EvacuationPolicy.Objection(guest, shared, disarms)),
        ];
    }
}

using Heal.Healing;
using Heal.Postgres;

namespace Heal.Activities;

/// <summary>What detectors had found before this process began.</summary>
public interface IKnownEpisodes
{
    /// <summary>The faults that have begun and not ended since a time, at most 10,000.</summary>
    Task<IReadOnlyList<KnownEpisode>> ReadAsync(DateTimeOffset since, CancellationToken cancellationToken);
}

/// <summary>Reads them from the signals that were routed.</summary>
internal sealed class KnownEpisodes(HealDatabase database, UnreadableRows unreadable) : IKnownEpisodes
{
    private const int MaxEpisodes = 10_000;

    private static readonly SqlStatements Sql = SqlStatements.Of<HealStore>();

    public async Task<IReadOnlyList<KnownEpisode>> ReadAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(Sql["watch_signals_open"], since.ToUniversalTime(), MaxEpisodes);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var known = new List<KnownEpisode>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var id = reader.GetString(2);
            if (unreadable.Read<Signal>("incident_signal or received_signal", id, reader.GetString(0)) is not { } signal) continue;
            known.Add(new KnownEpisode(signal, IsSettled(reader.IsDBNull(1) ? null : reader.GetString(1), id)));
        }

        return known;
    }

    // An outcome that is not known is taken for none that healed: the fault goes on until its end is seen.
    private bool IsSettled(string? outcome, string signal)
    {
        if (outcome is null) return false;
        if (Enum.TryParse<OutcomeKind>(outcome, out var kind)) return kind is OutcomeKind.Healed or OutcomeKind.NoActionNeeded;
        unreadable.Tell("incident", $"of signal {signal}", $"its outcome is '{outcome}'.");
        return false;
    }
}

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
internal sealed class KnownEpisodes(HealDatabase database) : IKnownEpisodes
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
            var isSettled = !reader.IsDBNull(1)
                && Enum.Parse<OutcomeKind>(reader.GetString(1)) is OutcomeKind.Healed or OutcomeKind.NoActionNeeded;
            known.Add(new KnownEpisode(StoreJson.Read<Signal>(reader.GetString(0)), isSettled));
        }

        return known;
    }
}

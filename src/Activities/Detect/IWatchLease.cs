using Heal.Postgres;

namespace Heal.Activities;

/// <summary>
/// Which of the hosts that share a store does a watch: one at a time, by a lease on a row of it. Leases end by the store's clock, so that
/// the hosts' own need not agree.
/// </summary>
public interface IWatchLease
{
    /// <summary>Begins or renews the turn of a host, unless another one's has not ended.</summary>
    /// <param name="length">How long it lasts from now on, when it is not renewed.</param>
    /// <returns>False: it is another one's turn.</returns>
    Task<bool> TakeAsync(string watch, string holder, TimeSpan length, CancellationToken cancellationToken);

    /// <summary>Ends the turn of a host now. Another one's stays as it is.</summary>
    Task GiveBackAsync(string watch, string holder, CancellationToken cancellationToken);
}

internal sealed class WatchLease(HealDatabase database) : IWatchLease
{
    private static readonly SqlStatements Sql = SqlStatements.Of<HealStore>();

    public async Task<bool> TakeAsync(string watch, string holder, TimeSpan length, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(Sql["watch_turn_take"], watch, holder, length);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    public async Task GiveBackAsync(string watch, string holder, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(Sql["watch_turn_give_back"], watch, holder);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

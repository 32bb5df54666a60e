using Heal.Postgres;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Notices that the database server's clock was set back (or that a failover led to a server whose clock is behind), by comparing it with
/// this process's monotonic clock. By the new clock, work that waits would not be due until the clock has caught up: it is brought back
/// with it. Timers and scheduled starts keep their time; leases end later, which matters only when a whole machine dies. A clock that was
/// set forward needs nothing: timers are due, leases that look ended are fenced.
/// </summary>
internal sealed partial class ServerClock(HubDatabase database, HubSignals signals, string self, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>Less is no jump: clocks are adjusted all the time.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(5);

    /// <summary>How long transactions that began by the old clock are waited for; what they store is due by it.</summary>
    private static readonly TimeSpan MaxWaitForOldTransactions = TimeSpan.FromSeconds(5);

    private Reading? _last;
    private long? _noticed;

    /// <summary>Looks once.</summary>
    public async Task CheckAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var asked = timeProvider.GetTimestamp();
        await using var read = connection.CreateCommand(HubDatabase.Sql["read_clock"]);
        var now = new Reading((DateTime)(await read.ExecuteScalarAsync(cancellationToken))!, asked, timeProvider.GetTimestamp());
        if (_last is { } last && last.Earliest(now, timeProvider) - now.Server > Tolerance)
        {
            _noticed ??= asked;
            if (await AreOldTransactionsOpenAsync(connection, cancellationToken)
                && timeProvider.GetElapsedTime(_noticed.Value) < MaxWaitForOldTransactions)
            {
                return;
            }

            // Generously: what was stored right before the jump must not be left behind for being a millisecond younger.
            var latest = last.Latest(now, timeProvider);
            if (!await TryBringBackAsync(connection, latest, latest - now.Server, cancellationToken))
            {
                return;
            }
        }

        _noticed = null;
        _last = now;
    }

    private static async Task<bool> AreOldTransactionsOpenAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var find = connection.CreateCommand(HubDatabase.Sql["find_transactions_of_the_future"], Tolerance);
        return (bool)(await find.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task<bool> TryBringBackAsync(
        NpgsqlConnection connection, DateTime expected, TimeSpan jump, CancellationToken cancellationToken)
    {
        try
        {
            await using var batch = new NpgsqlBatch(connection);
            batch.Add(HubDatabase.Sql["bring_back_starts"], expected, jump);
            batch.Add(HubDatabase.Sql["bring_back_messages"], expected, jump);
            batch.Add(HubDatabase.Sql["bring_back_activities"], expected, jump);
            batch.Add(HubDatabase.Sql["bring_back_entity_messages"], expected, jump);
            var news = new HubNews { Orchestrations = true, Activities = true, Entities = true };
            batch.Add(HubDatabase.Sql["notify"], database.Channel, news.Payloads(self).ToArray());
            await batch.ExecuteNonQueryAsync(cancellationToken);
            signals.Publish(news);
            Log.SetBack(logger, jump, database.Channel);
            return true;
        }
        catch (PostgresException exception) when (!PostgresErrors.IsTransient(exception))
        {
            Log.NotBroughtBack(logger, jump, database.Channel, exception.Message);
            return false;
        }
    }

    /// <param name="Server">What the server's clock said, at some moment between the two others.</param>
    /// <param name="Asked">By this process's monotonic clock.</param>
    /// <param name="Answered">By this process's monotonic clock.</param>
    private readonly record struct Reading(DateTime Server, long Asked, long Answered)
    {
        /// <summary>What the server's clock would have said at least, at the next reading.</summary>
        public DateTime Earliest(Reading next, TimeProvider time) => Server + time.GetElapsedTime(Answered, next.Asked);

        /// <summary>What it would have said at most.</summary>
        public DateTime Latest(Reading next, TimeProvider time) => Server + time.GetElapsedTime(Asked, next.Answered);
    }

    private static partial class Log
    {
        [LoggerMessage(
            1, LogLevel.Error,
            "The database server's clock went back by {Jump}. Work of task hub '{Hub}' that waited was brought back with it; "
                + "timers wait for their time by the new clock")]
        public static partial void SetBack(ILogger logger, TimeSpan jump, string hub);

        [LoggerMessage(
            2, LogLevel.Error,
            "The database server's clock went back by {Jump}, and work of task hub '{Hub}' that waited could not be brought back yet: "
                + "{Reason}")]
        public static partial void NotBroughtBack(ILogger logger, TimeSpan jump, string hub, string reason);
    }
}

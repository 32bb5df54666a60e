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

    private (DateTime Server, long Own)? _last;

    /// <summary>Looks once.</summary>
    public async Task CheckAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var asked = timeProvider.GetTimestamp();
        await using var read = connection.CreateCommand(HubDatabase.Sql["read_clock"]);
        var now = (DateTime)(await read.ExecuteScalarAsync(cancellationToken))!;
        var expected = _last is { } last ? last.Server + timeProvider.GetElapsedTime(last.Own, asked) : now;
        if (expected - now > Tolerance && !await TryBringBackAsync(connection, expected, expected - now, cancellationToken))
        {
            return;
        }

        _last = (now, timeProvider.GetTimestamp());
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

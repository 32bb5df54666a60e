using System.Collections.Concurrent;
using Heal.Postgres;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Tells the dead from the living, so that nobody has to wait for the leases of a process that was killed: its listening connection held a
/// lock, which the server frees when the connection ends. Every process looks for free ones, by default every 0.25 s, and seldom while it
/// is alone in the hub, with nobody to outlive; who finds one looks again soon, and what the workers of one that is free twice in a row
/// held is given back. When a whole machine dies and the server still believes in the connection, the lease time rules.
/// </summary>
/// <remarks>
/// A process that lives but lost its connection may lose its leases too; the fences see to it that it commits nothing under them. It
/// registers again and goes on. After a restart of the server, or when our own connection was lost, the others get time to come back.
/// </remarks>
internal sealed partial class WorkerSessions(
    HubDatabase database, HubSignals signals, Residents residents, string self, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>A commit that was under way at the death has ended by then; what it left is looked for once more.</summary>
    private static readonly TimeSpan SecondLook = TimeSpan.FromSeconds(1);

    /// <summary>How soon a suspect is looked at again: whoever only lost the connection has another one by then.</summary>
    private static readonly TimeSpan SuspectInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>How often a process looks that has the hub for itself: a clock that was set back is noticed by that, too.</summary>
    private static readonly TimeSpan AloneInterval = TimeSpan.FromSeconds(2);

    /// <summary>How many waiting messages are looked at for locked instances.</summary>
    public const int MaxMessages = 10_000;

    private readonly ConcurrentDictionary<string, bool> _isRegistered = new(StringComparer.Ordinal);
    private HashSet<string> _suspects = [];
    private long? _entered;
    private TimeSpan _grace;
    private bool _othersAreKnown = true;
    private volatile bool _isHeld;

    /// <summary>How long from one look to the next.</summary>
    /// <param name="mayHavePeers">Whether another process may listen to the hub, although no worker of its is known yet.</param>
    public TimeSpan CheckInterval(bool mayHavePeers)
    {
        var usual = database.Options.WorkerCheckInterval;
        if (_suspects.Count > 0 && SuspectInterval < usual)
        {
            return SuspectInterval;
        }

        var isAlone = !mayHavePeers && !_othersAreKnown && !_isRegistered.Values.Contains(false) && residents.Doubtful.Count == 0;
        return isAlone && usual < AloneInterval ? AloneInterval : usual;
    }

    /// <summary>Makes a worker known before its first lock. When that fails, it is tried again later; until then the lease rules.</summary>
    public async ValueTask RegisterAsync(string workerId, CancellationToken cancellationToken)
    {
        if (!_isRegistered.TryAdd(workerId, false) || !_isHeld)
        {
            return;
        }

        try
        {
            await using var connection = await database.DataSource.OpenConnectionAsync(cancellationToken);
            await RegisterAsync(connection, cancellationToken);
        }
        catch (NpgsqlException exception)
        {
            Log.NotRegistered(logger, database.Channel, exception.Message);
        }
    }

    /// <summary>
    /// Takes the lock, which lives as long as the connection. Who has just started looks for the dead at once, perhaps its own predecessor;
    /// who was cut off lets the others come back first.
    /// </summary>
    public async Task EnterAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using (var hold = connection.CreateCommand(HubDatabase.Sql["hold_session"], self))
        {
            await hold.ExecuteNonQueryAsync(cancellationToken);
        }

        _isHeld = true;
        _othersAreKnown = true;
        _suspects.Clear();
        var isFirst = _entered is null;
        _entered = timeProvider.GetTimestamp();
        _grace = isFirst ? TimeSpan.Zero : database.Options.ReconnectGrace;
        await ReportAsync(
            async () =>
            {
                await RegisterAsync(connection, cancellationToken);
                if (isFirst)
                {
                    await TakeOverAsync(connection, await FindDeadAsync(connection, cancellationToken), cancellationToken);
                }
            });
    }

    /// <summary>The connection is gone: others may give our leases back.</summary>
    public void Leave()
    {
        _isHeld = false;
        foreach (var workerId in _isRegistered.Keys)
        {
            _isRegistered[workerId] = false;
        }
    }

    /// <summary>Looks once.</summary>
    public Task CheckAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => ReportAsync(async () =>
    {
        if (_isRegistered.Values.Contains(false))
        {
            await RegisterAsync(connection, cancellationToken);
        }

        // Asked in any case: the question is also the proof that the connection still works.
        var dead = await FindDeadAsync(connection, cancellationToken);
        if (timeProvider.GetElapsedTime(_entered!.Value) >= _grace)
        {
            List<string> certain = [.. dead.Where(_suspects.Contains)];
            await TakeOverAsync(connection, certain, cancellationToken);
            _suspects = [.. dead.Except(certain, StringComparer.Ordinal)];
        }

        await ReclaimAsync(connection, cancellationToken);
    });

    private async Task RegisterAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var workers = _isRegistered.Keys.ToArray();
        if (workers.Length == 0)
        {
            return;
        }

        await using var register = connection.CreateCommand(HubDatabase.Sql["register_workers"], workers, self);
        await register.ExecuteNonQueryAsync(cancellationToken);
        foreach (var workerId in workers)
        {
            _isRegistered[workerId] = true;
        }
    }

    private async Task<List<string>> FindDeadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var find = connection.CreateCommand(
            HubDatabase.Sql["find_dead_sessions"], self, SecondLook, database.Options.ReconnectGrace);
        await using var reader = await find.ExecuteReaderAsync(cancellationToken);
        var others = await HubDatabase.ReadAllAsync(
            reader, row => (Session: row.GetString(0), IsDead: row.GetBoolean(1)), cancellationToken);
        _othersAreKnown = others.Count > 0;
        return [.. others.Where(other => other.IsDead).Select(other => other.Session)];
    }

    private async Task TakeOverAsync(NpgsqlConnection connection, List<string> sessions, CancellationToken cancellationToken)
    {
        if (sessions.Count == 0)
        {
            return;
        }

        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var workers = await MarkDeadAsync(connection, sessions, cancellationToken);
        if (workers.Count == 0)
        {
            return; // Another process was faster, or they came back.
        }

        var news = new HubNews { Orchestrations = true, Activities = true, Entities = true };
        var dead = workers.Where(worker => !worker.LivesOn).Select(worker => worker.WorkerId).ToArray();
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.Add(HubDatabase.Sql["give_back_activities"], [dead]);
        batch.Add(HubDatabase.Sql["give_back_orchestrations"], dead, MaxMessages);
        batch.Add(HubDatabase.Sql["give_back_entities"], dead, MaxMessages);
        batch.Add(HubDatabase.Sql["forget_workers"], sessions.ToArray(), workers.Select(worker => worker.WorkerId).ToArray());
        batch.Add(HubDatabase.Sql["notify"], database.Channel, news.Payloads(self).ToArray());
        var counts = new List<int>();
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            do
            {
                counts.AddRange(reader.FieldCount == 1 && counts.Count < 3
                    ? await HubDatabase.ReadAllAsync(reader, row => row.GetInt32(0), cancellationToken)
                    : []);
            }
            while (await reader.NextResultAsync(cancellationToken));
        }

        await transaction.CommitAsync(cancellationToken);
        signals.Publish(news);
        Task Tell() => TellAsync(connection, news, cancellationToken);
        if (dead.Length > 0 && await ResidentReclaimer.ReclaimAsync(connection, dead, Tell, cancellationToken) is > 0 and var residing)
        {
            Log.Reclaimed(logger, database.Channel, residing);
        }

        Log.TakenOver(logger, database.Channel, string.Join(", ", dead), counts[1], counts[0], counts[2]);
    }

    /// <summary>What lives in the memory of workers that were not heard of for too long, and of our own what they have lost sight of, or
    /// what may or may not live there.</summary>
    private async Task ReclaimAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var news = new HubNews { Orchestrations = true, Activities = true };
        Task Tell() => TellAsync(connection, news, cancellationToken);
        residents.DoubtForgotten();
        var taken = await ResidentReclaimer.ReclaimExpiredAsync(connection, self, Tell, cancellationToken)
            + await ResidentReclaimer.ReclaimDoubtfulAsync(connection, residents, Tell, cancellationToken);
        if (taken > 0)
        {
            Log.Reclaimed(logger, database.Channel, taken);
        }
    }

    /// <summary>Tells this process and the others.</summary>
    private async Task TellAsync(NpgsqlConnection connection, HubNews news, CancellationToken cancellationToken)
    {
        signals.Publish(news);
        await using var notify = connection.CreateCommand(HubDatabase.Sql["notify"], database.Channel, news.Payloads(self).ToArray());
        await notify.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<List<(string WorkerId, bool LivesOn)>> MarkDeadAsync(
        NpgsqlConnection connection, List<string> sessions, CancellationToken cancellationToken)
    {
        await using var mark = connection.CreateCommand(HubDatabase.Sql["mark_dead_workers"], [sessions.ToArray()]);
        await using var reader = await mark.ExecuteReaderAsync(cancellationToken);
        return await HubDatabase.ReadAllAsync(reader, row => (row.GetString(0), row.GetBoolean(1)), cancellationToken);
    }

    /// <summary>A refusal of the server (disk full, read-only) is no reason to give up the connection: it is tried again.</summary>
    private async Task ReportAsync(Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (PostgresException exception) when (!PostgresErrors.IsTransient(exception))
        {
            Log.NotTakenOver(logger, database.Channel, exception.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            1, LogLevel.Warning,
            "Workers {Workers} of task hub '{Hub}' have no connection any more: "
                + "{Orchestrations} orchestrations, {Activities} activities and {Entities} entities that they held go to others")]
        public static partial void TakenOver(
            ILogger logger, string hub, string workers, int orchestrations, int activities, int entities);

        [LoggerMessage(
            2, LogLevel.Warning,
            "A worker of task hub '{Hub}' could not be registered yet; should it die now, others wait for the end of its leases: {Reason}")]
        public static partial void NotRegistered(ILogger logger, string hub, string reason);

        [LoggerMessage(
            4,
            LogLevel.Warning,
            "{Instances} instances of task hub '{Hub}' lived in the memory of workers that are gone: they go to others")]
        public static partial void Reclaimed(ILogger logger, string hub, int instances);

        [LoggerMessage(
            3, LogLevel.Warning, "Dead workers of task hub '{Hub}' could not be looked for yet, trying again: {Reason}")]
        public static partial void NotTakenOver(ILogger logger, string hub, string reason);
    }
}

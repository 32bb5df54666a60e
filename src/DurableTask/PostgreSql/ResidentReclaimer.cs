using DurableTask.Core.History;
using Heal.Postgres;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Makes rows of what lived in the memory of workers that are gone: the start of an instance that had no turn yet becomes a message; of
/// the others, the activities that the history says are open, and that have neither a row nor an outcome that waits, become rows. 200
/// instances at a time, so that the first go on while the next are looked at. A row that is locked is in a commit this moment and left to
/// the next look.
/// </summary>
internal static class ResidentReclaimer
{
    private const int MaxInstances = 200;

    /// <summary>How long the server may still be at a statement whose connection was lost: an instance that is not there may come to
    /// be.</summary>
    private static readonly TimeSpan StillUnderWay = TimeSpan.FromMinutes(1);

    /// <summary>Takes everything from these workers.</summary>
    /// <param name="tell">Called when some were taken: what they do can go on while the others are.</param>
    /// <returns>How many instances were taken.</returns>
    public static Task<int> ReclaimAsync(
        NpgsqlConnection connection, string[] workers, Func<Task> tell, CancellationToken cancellationToken) =>
        ReclaimAsync(connection, workers, instances: null, tell, cancellationToken);

    /// <summary>Takes what is in doubt from this process's own workers.</summary>
    public static async Task<int> ReclaimDoubtfulAsync(
        NpgsqlConnection connection, Residents residents, Func<Task> tell, CancellationToken cancellationToken)
    {
        var doubtful = residents.Doubtful;
        if (doubtful.Count == 0)
        {
            return 0;
        }

        var workers = doubtful.Select(doubt => doubt.WorkerId).Distinct(StringComparer.Ordinal).ToArray();
        var instances = doubtful.Select(doubt => doubt.InstanceId).ToArray();
        var taken = await ReclaimAsync(connection, workers, instances, tell, cancellationToken);

        // A row that somebody had locked was not looked at: it may be the commit in doubt, which the server has not ended yet.
        await using var find = connection.CreateCommand(HubDatabase.Sql["find_settled_instances"], instances, workers);
        await using var reader = await find.ExecuteReaderAsync(cancellationToken);
        var rows = await HubDatabase.ReadAllAsync(reader, row => (Id: row.GetString(0), Exists: row.GetBoolean(1)), cancellationToken);
        var settled = rows.ToDictionary(row => row.Id, row => row.Exists, StringComparer.Ordinal);
        residents.Settle(doubtful.Where(doubt =>
            settled.TryGetValue(doubt.InstanceId, out var exists) && (exists || residents.AgeOf(doubt) > StillUnderWay)));
        return taken;
    }

    private static async Task<int> ReclaimAsync(
        NpgsqlConnection connection, string[] workers, string[]? instances, Func<Task> tell, CancellationToken cancellationToken)
    {
        for (var total = 0; ;)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var residents = await LockAsync(connection, workers, instances, cancellationToken);
            if (residents.Count > 0)
            {
                await ReadAsync(connection, residents, cancellationToken);
                await EvictAsync(connection, residents, cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
            if (residents.Count > 0)
            {
                await tell();
            }

            total += residents.Count;
            if (residents.Count < MaxInstances)
            {
                return total;
            }
        }
    }

    /// <summary>Takes everything from the workers whose time is over.</summary>
    public static async Task<int> ReclaimExpiredAsync(
        NpgsqlConnection connection, string self, Func<Task> tell, CancellationToken cancellationToken)
    {
        await using var find = connection.CreateCommand(HubDatabase.Sql["find_expired_workers"], self);
        string[] expired;
        await using (var reader = await find.ExecuteReaderAsync(cancellationToken))
        {
            expired = [.. await HubDatabase.ReadAllAsync(reader, row => row.GetString(0), cancellationToken)];
        }

        if (expired.Length == 0)
        {
            return 0;
        }

        var taken = await ReclaimAsync(connection, expired, tell, cancellationToken);
        await using var expire = connection.CreateCommand(HubDatabase.Sql["expire_workers"], [expired]);
        await expire.ExecuteNonQueryAsync(cancellationToken);
        return taken;
    }

    private static async Task<Dictionary<string, Resident>> LockAsync(
        NpgsqlConnection connection, string[] workers, string[]? instances, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand(HubDatabase.Sql["lock_residents"], workers, instances, MaxInstances);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = await HubDatabase.ReadAllAsync(
            reader,
            row => new Resident(row.GetString(0), row.GetString(1), row.GetString(2), Rows.Text(row, 3)),
            cancellationToken);
        return rows.ToDictionary(resident => resident.InstanceId, StringComparer.Ordinal);
    }

    private static async Task ReadAsync(
        NpgsqlConnection connection, Dictionary<string, Resident> residents, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand(
            HubDatabase.Sql["read_residents"],
            residents.Keys.ToArray(),
            residents.Values.Select(resident => resident.ExecutionId).ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var resident = residents[reader.GetString(0)];
            if (Rows.Text(reader, 1) is { } text)
            {
                foreach (var entry in HistorySerializer.ReadAll(text))
                {
                    resident.See(entry);
                }
            }
            else
            {
                resident.Known.Add(reader.GetInt32(2));
            }
        }
    }

    private static async Task EvictAsync(
        NpgsqlConnection connection, Dictionary<string, Resident> residents, CancellationToken cancellationToken)
    {
        var started = residents.Values.Where(resident => resident.Start is not null).ToArray();
        var open = residents.Values.SelectMany(resident => resident.Open.Select(task => (Owner: resident, Task: task))).ToArray();
        await using var command = connection.CreateCommand(
            HubDatabase.Sql["evict_residents"],
            residents.Keys.ToArray(),
            started.Select(resident => resident.InstanceId).ToArray(),
            started.Select(resident => resident.Start).ToArray(),
            open.Select(activity => activity.Owner.InstanceId).ToArray(),
            open.Select(activity => activity.Owner.ExecutionId).ToArray(),
            open.Select(activity => activity.Task.EventId).ToArray(),
            open.Select(activity => activity.Task.Name).ToArray(),
            open.Select(activity => activity.Task.Version).ToArray(),
            open.Select(activity => HistorySerializer.Serialize(activity.Task)).ToArray(),
            open.Select(activity => activity.Owner.WorkerId).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private sealed record Resident(string InstanceId, string ExecutionId, string WorkerId, string? Start)
    {
        private readonly Dictionary<int, TaskScheduledEvent> _scheduled = [];

        /// <summary>The tasks whose outcome is known or that have a row.</summary>
        public HashSet<int> Known { get; } = [];

        public IEnumerable<TaskScheduledEvent> Open => _scheduled.Values.Where(task => !Known.Contains(task.EventId));

        public void See(HistoryEvent entry)
        {
            switch (entry)
            {
                case TaskScheduledEvent scheduled:
                    _scheduled[scheduled.EventId] = scheduled;
                    break;
                case TaskCompletedEvent completed:
                    Known.Add(completed.TaskScheduledId);
                    break;
                case TaskFailedEvent failed:
                    Known.Add(failed.TaskScheduledId);
                    break;
            }
        }
    }
}

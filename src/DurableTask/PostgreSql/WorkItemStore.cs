using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Heal.Postgres;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>What workers do with locks: take, give back, renew; and complete activities.</summary>
internal sealed class WorkItemStore(
    HubDatabase database,
    HubSignals signals,
    HubNotifier notifier,
    WorkerSessions sessions,
    WorkerLeases leases,
    Residents residents,
    InboxWriter inbox)
{
    /// <summary>The most events of histories that one look reads along; longer ones are read one by one.</summary>
    private const int MaxEventsReadAlong = 10_000;

    public async Task<IReadOnlyList<OrchestrationWorkItem>> LockOrchestrationsAsync(
        LockRequest request, CancellationToken cancellationToken)
    {
        var locked = await LockAsync("orchestrations", request, LockedInstance.Read, cancellationToken);
        if (locked.Count == 0)
        {
            return [];
        }

        var (messages, histories) = await ReadAsync(locked, request, cancellationToken);
        var items = new List<OrchestrationWorkItem>(locked.Count);
        foreach (var item in locked.OrderBy(item => item.WaitsSince))
        {
            var held = new OrchestrationLock(item.State.InstanceId, request.WorkerId, item.Fence);
            if (item.ResidentAt != request.WorkerId)
            {
                residents.Locked(item.State.InstanceId, item.ResidentAt);
            }

            // A start that has no message comes before all that have one.
            var visible = messages[item.State.InstanceId].ToArray();
            if (item.Start is { } start)
            {
                visible = [new InboxMessage(Residents.NoRow, null, HistorySerializer.ReadEvent(start)), .. visible];
            }

            if (visible.Length > 0)
            {
                items.Add(new OrchestrationWorkItem(held, item.State, item.HistoryCount, visible, item.LostAttempts)
                {
                    History = histories.GetValueOrDefault(item.State.InstanceId),
                });
            }
            else
            {
                // Another worker's turn used the messages up between the look and the lock.
                await AbandonOrchestrationAsync(held, TimeSpan.Zero, cancellationToken);
            }
        }

        SignalIfFull(WorkKind.Orchestration, locked.Count, request);
        return items;
    }

    /// <summary>The messages of locked instances, and the histories that the worker has not in its memory: those of many instances at once,
    /// as far as they are not too long together.</summary>
    private async Task<(ILookup<string, InboxMessage> Messages, Dictionary<string, List<HistoryEvent>> Histories)> ReadAsync(
        List<LockedInstance> locked, LockRequest request, CancellationToken cancellationToken)
    {
        var toRead = new List<string>();
        if (request.IsInMemory is { } isInMemory)
        {
            var events = 0;
            toRead.AddRange(locked
                .Where(item => item.HistoryCount > 0 && !isInMemory(item.State.InstanceId)
                    && (events += item.HistoryCount) <= MaxEventsReadAlong)
                .Select(item => item.State.InstanceId));
        }

        // Locked only to be terminated: more may wait before that than a turn takes.
        string[] toTerminate = request.Only is null ? [] : [.. locked
            .Where(item => !request.Only.Any(filter => filter.Passes(item.State.Name, item.State.Version)))
            .Select(item => item.State.InstanceId)];
        return await database.BatchAsync(
            batch =>
            {
                batch.Add(
                    HubDatabase.Sql["read_messages"],
                    locked.Select(item => item.State.InstanceId).ToArray(),
                    toTerminate,
                    database.Options.MaxMessagesPerTurn);
                if (toRead.Count > 0)
                {
                    batch.Add(HubDatabase.Sql["read_histories"], [toRead.ToArray()]);
                }
            },
            async reader =>
            {
                var messages = await HubDatabase.ReadAllAsync(
                    reader,
                    row => (
                        InstanceId: row.GetString(0),
                        Message: new InboxMessage(row.GetInt64(1), Rows.Text(row, 2), HistorySerializer.ReadEvent(row.GetString(3)))),
                    cancellationToken);
                var histories = new Dictionary<string, List<HistoryEvent>>(StringComparer.Ordinal);
                if (toRead.Count > 0)
                {
                    await reader.NextResultAsync(cancellationToken);
                    while (await reader.ReadAsync(cancellationToken))
                    {
                        var id = reader.GetString(0);
                        if (!histories.TryGetValue(id, out var history))
                        {
                            histories.Add(id, history = []);
                        }

                        history.AddRange(HistorySerializer.ReadAll(reader.GetString(1)));
                    }
                }

                return (messages.ToLookup(row => row.InstanceId, row => row.Message, StringComparer.Ordinal), histories);
            },
            cancellationToken);
    }

    public Task AbandonOrchestrationAsync(OrchestrationLock held, TimeSpan delay, CancellationToken cancellationToken) =>
        residents.StartOf(held) is { } start ? EvictStartAsync(start, held, delay, cancellationToken) : RunAndSignalAsync(
            "abandon_orchestration", [held.InstanceId, held.WorkerId, held.Fence, delay], WorkKind.Orchestration, cancellationToken);

    public async Task<IReadOnlyList<ActivityWorkItem>> LockActivitiesAsync(LockRequest request, CancellationToken cancellationToken)
    {
        var locked = await LockAsync(
            "activities",
            request,
            row => (
                Item: ActivityWorkItem.Read(
                    new ActivityLock(row.GetInt64(0), row.GetString(1), row.GetInt32(2), request.WorkerId, row.GetInt64(3)),
                    row.GetString(4),
                    row.GetString(5),
                    row.GetInt32(6),
                    row.GetInt32(8)),
                WaitsSince: row.GetDateTime(7)),
            cancellationToken);
        SignalIfFull(WorkKind.Activity, locked.Count, request);
        var items = locked.OrderBy(item => item.WaitsSince).ThenBy(item => item.Item.Lock.ActivityId).Select(item => item.Item).ToList();
        return request.IsInMemory is { } isInMemory ? await WithStrandedAsync(items, isInMemory, cancellationToken) : items;
    }

    /// <summary>
    /// Reads along the instances of activities that were lost with their worker, as far as they are not too long together: they need not
    /// go through the inbox and be locked then, which is half of what it takes to go on for a dead worker. Only after the first loss: what
    /// is lost again may be lost by the turn that follows, which is counted where instances are locked.
    /// </summary>
    private async Task<IReadOnlyList<ActivityWorkItem>> WithStrandedAsync(
        List<ActivityWorkItem> items, Func<string, bool> isInMemory, CancellationToken cancellationToken)
    {
        var lost = items.Where(item => item.LostAttempts == 1 && !isInMemory(item.Lock.InstanceId))
            .Select(item => item.Lock.InstanceId).Distinct(StringComparer.Ordinal).ToArray();
        if (lost.Length == 0)
        {
            return items;
        }

        var rows = await database.QueryAsync(
            "read_stranded_instances",
            [lost, MaxEventsReadAlong],
            row => (
                Key: (InstanceId: row.GetString(0), ExecutionId: row.GetString(1)),
                Fence: row.GetInt64(2),
                CustomStatus: Rows.Text(row, 3),
                Events: row.GetString(4)),
            cancellationToken);
        var stranded = rows.GroupBy(row => row.Key).ToDictionary(
            group => group.Key,
            group => new StrandedInstance(
                group.First().Fence,
                group.First().CustomStatus,
                [.. group.SelectMany(row => HistorySerializer.ReadAll(row.Events))]));
        return [.. items.Select(item => stranded.TryGetValue((item.Lock.InstanceId, item.ExecutionId), out var instance)
            ? item with { Instance = instance }
            : item)];
    }

    public async Task CompleteActivityAsync(ActivityLock held, HistoryEvent outcome, CancellationToken cancellationToken)
    {
        if (held.ActivityId == Residents.NoRow)
        {
            await CompleteResidentAsync(held, outcome, cancellationToken);
            return;
        }

        if (!await inbox.CompleteAsync(held, HistorySerializer.Serialize(outcome), cancellationToken))
        {
            throw WorkItemLockLostException.ForActivity(held.InstanceId, held.TaskId);
        }
    }

    public Task AbandonActivityAsync(ActivityLock held, TimeSpan delay, CancellationToken cancellationToken) =>
        held.ActivityId == Residents.NoRow ? EvictActivityAsync(held, delay, cancellationToken) : RunAndSignalAsync(
            "abandon_activity", [held.ActivityId, held.WorkerId, held.Fence, delay], WorkKind.Activity, cancellationToken);

    public Task SetLostAttemptsAsync(OrchestrationLock held, int lostAttempts, CancellationToken cancellationToken) => SetLostAttemptsAsync(
        "orchestration",
        [held.InstanceId, held.WorkerId, held.Fence, lostAttempts],
        () => WorkItemLockLostException.ForInstance(held.InstanceId),
        cancellationToken);

    public Task SetLostAttemptsAsync(ActivityLock held, int lostAttempts, CancellationToken cancellationToken) => SetLostAttemptsAsync(
        "activity",
        [held.ActivityId, held.WorkerId, held.Fence, lostAttempts],
        () => WorkItemLockLostException.ForActivity(held.InstanceId, held.TaskId),
        cancellationToken);

    public async Task<LostLocks> RenewAsync(
        IReadOnlyCollection<OrchestrationLock> orchestrations,
        IReadOnlyCollection<ActivityLock> activities,
        TimeSpan lease,
        CancellationToken cancellationToken)
    {
        var heldOrchestrations = orchestrations.Count == 0 ? [] : await RenewAsync(
            "orchestrations",
            [
                orchestrations.Select(held => held.InstanceId).ToArray(),
                orchestrations.Select(held => held.WorkerId).ToArray(),
                orchestrations.Select(held => held.Fence).ToArray(),
            ],
            lease,
            row => row.GetString(0),
            cancellationToken);
        ActivityLock[] withRows = [.. activities.Where(held => held.ActivityId != Residents.NoRow)];
        var heldActivities = withRows.Length == 0 ? [] : await RenewAsync(
            "activities",
            [
                Array.ConvertAll(withRows, held => held.ActivityId),
                Array.ConvertAll(withRows, held => held.WorkerId),
                Array.ConvertAll(withRows, held => held.Fence),
            ],
            lease,
            row => row.GetInt64(0),
            cancellationToken);
        var lostResidents = await RenewResidentsAsync(
            [.. activities.Where(held => held.ActivityId == Residents.NoRow)], lease, cancellationToken);
        return new LostLocks(
            [.. orchestrations.Where(held => !heldOrchestrations.Contains(held.InstanceId))],
            [.. withRows.Where(held => !heldActivities.Contains(held.ActivityId)), .. lostResidents]);
    }

    public async Task<IReadOnlyList<OrchestrationLock>> FindOrchestrationLocksAsync(
        string workerId, CancellationToken cancellationToken) => await database.QueryAsync(
        "find_orchestration_locks",
        [workerId, WorkerSessions.MaxMessages],
        row => new OrchestrationLock(row.GetString(0), workerId, row.GetInt64(1)),
        cancellationToken);

    public async Task<IReadOnlyList<ActivityLock>> FindActivityLocksAsync(string workerId, CancellationToken cancellationToken) =>
        await database.QueryAsync(
            "find_activity_locks",
            [workerId],
            row => new ActivityLock(row.GetInt64(0), row.GetString(1), row.GetInt32(2), workerId, row.GetInt64(3)),
            cancellationToken);

    /// <summary>How long until there may be work of a kind; null when the hub holds nothing that could become due.</summary>
    public async Task<TimeSpan?> NextDueAsync(WorkKind kind, IReadOnlyList<WorkFilter>? only, CancellationToken cancellationToken)
    {
        var statement = kind == WorkKind.Orchestration ? "next_orchestration_due" : "next_activity_due";
        var seconds = await database.QueryAsync(
            statement, FilterArguments(only), row => row.IsDBNull(0) ? (double?)null : row.GetDouble(0), cancellationToken);
        return seconds[0] is { } due ? TimeSpan.FromSeconds(Math.Clamp(due, 0, TimeSpan.SecondsPerDay)) : null;
    }

    /// <summary>Names and versions in step; a version of null stands for all. Both are null when everything passes.</summary>
    private static object?[] FilterArguments(IReadOnlyList<WorkFilter>? only)
    {
        var pairs = only?
            .SelectMany(filter => filter.Versions ?? [null!], (filter, version) => (filter.Name, Version: (string?)version))
            .ToArray();
        return [pairs?.Select(pair => pair.Name).ToArray(), pairs?.Select(pair => pair.Version).ToArray()];
    }

    private async Task<List<T>> LockAsync<T>(
        string what, LockRequest request, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken)
    {
        await sessions.RegisterAsync(request.WorkerId, cancellationToken);
        return await database.BatchAsync(
            batch =>
            {
                batch.Add(HubDatabase.Sql["commit_asynchronously"]);
                object?[] wanted = FilterArguments(request.Only);
                if (request.Limits is null)
                {
                    batch.Add(HubDatabase.Sql[$"lock_{what}"], [request.WorkerId, request.MaxCount, request.Lease, .. wanted]);
                }
                else
                {
                    AddLimitedLock(batch, what, request, request.Limits, wanted);
                }
            },
            async reader =>
            {
                // Only the last statement and the settings before it return rows.
                for (var results = request.Limits is null ? 1 : 2; results > 0; results--)
                {
                    await reader.NextResultAsync(cancellationToken);
                }

                return await HubDatabase.ReadAllAsync(reader, row, cancellationToken);
            },
            cancellationToken);
    }

    /// <summary>Their workers' leases are extended; lost are those that are over, or whose instance does not live here any more.</summary>
    private async Task<List<ActivityLock>> RenewResidentsAsync(ActivityLock[] locks, TimeSpan lease, CancellationToken cancellationToken)
    {
        if (locks.Length == 0)
        {
            return [];
        }

        residents.Renewed(locks);
        foreach (var workerId in locks.Select(held => held.WorkerId).Distinct(StringComparer.Ordinal))
        {
            await leases.ExtendAsync(workerId, lease, cancellationToken);
        }

        var open = locks.Select(held => (Lock: held, residents.Open(held)?.ExecutionId))
            .Where(held => held.ExecutionId is not null).ToArray();
        var living = (await database.QueryAsync(
            "held_residents",
            [
                Array.ConvertAll(open, held => held.Lock.InstanceId),
                Array.ConvertAll(open, held => held.ExecutionId),
                Array.ConvertAll(open, held => held.Lock.WorkerId),
            ],
            row => row.GetString(0),
            cancellationToken)).ToHashSet(StringComparer.Ordinal);
        var kept = open.Where(held => living.Contains(held.Lock.InstanceId)).Select(held => held.Lock).ToHashSet();
        return [.. locks.Where(held => !kept.Contains(held))];
    }

    private async Task CompleteResidentAsync(ActivityLock held, HistoryEvent outcome, CancellationToken cancellationToken)
    {
        if (residents.Open(held) is not var (executionId, _)
            || !await inbox.CompleteResidentAsync(held, executionId, HistorySerializer.Serialize(outcome), cancellationToken))
        {
            throw WorkItemLockLostException.ForActivity(held.InstanceId, held.TaskId);
        }

        residents.Close(held);
    }

    private async Task EvictActivityAsync(ActivityLock held, TimeSpan delay, CancellationToken cancellationToken)
    {
        if (residents.Open(held) is var (executionId, task))
        {
            await RunAndSignalAsync(
                "evict_activity",
                [
                    held.InstanceId, executionId, held.WorkerId, held.TaskId, task.Name, task.Version,
                    HistorySerializer.Serialize(task), delay,
                ],
                WorkKind.Activity,
                cancellationToken);
            residents.Close(held);
        }
    }

    private async Task EvictStartAsync(NewInstance start, OrchestrationLock held, TimeSpan delay, CancellationToken cancellationToken)
    {
        await RunAndSignalAsync(
            "evict_start",
            [start.InstanceId, start.ExecutionId, held.WorkerId, HistorySerializer.Serialize(start.Start), delay, held.Fence],
            WorkKind.Orchestration,
            cancellationToken);
        residents.Forget(start.InstanceId);
    }

    private static void AddLimitedLock(
        NpgsqlBatch batch, string what, LockRequest request, IReadOnlyDictionary<string, int> limits, object?[] wanted)
    {
        string[] names = [.. limits.Keys];
        int[] places = [.. limits.Values];
        var (free, seat) = what == "activities"
            ? ("free_activity_places", "seat_activities")
            : ("free_instance_places", "seat_instances");
        batch.Add(HubDatabase.Sql["hold_places"]);
        batch.Add(HubDatabase.Sql[free]);
        batch.Add(HubDatabase.Sql[seat], names, places);
        batch.Add(
            HubDatabase.Sql[$"lock_limited_{what}"],
            [request.WorkerId, request.MaxCount, request.Lease, names, places, .. wanted]);
    }

    private async Task SetLostAttemptsAsync(
        string what, object?[] arguments, Func<WorkItemLockLostException> lost, CancellationToken cancellationToken)
    {
        if (!await database.AnyAsync("set_lost_attempts_of_" + what, arguments, cancellationToken))
        {
            throw lost();
        }
    }

    private async Task<HashSet<T>> RenewAsync<T>(
        string what, object?[] locks, TimeSpan lease, Func<NpgsqlDataReader, T> key, CancellationToken cancellationToken) =>
        await database.BatchAsync(
            batch =>
            {
                batch.Add(HubDatabase.Sql["commit_asynchronously"]);
                batch.Add(HubDatabase.Sql["renew_" + what], [.. locks, lease]);
                batch.Add(HubDatabase.Sql["held_" + what], locks);
            },
            async reader =>
            {
                await reader.NextResultAsync(cancellationToken);
                return (await HubDatabase.ReadAllAsync(reader, key, cancellationToken)).ToHashSet();
            },
            cancellationToken);

    /// <summary>Runs a statement that returns a row when it did something, and tells everybody if it did.</summary>
    private async Task<bool> RunAndSignalAsync(string statement, object?[] arguments, WorkKind kind, CancellationToken cancellationToken)
    {
        if (!await database.AnyAsync(statement, arguments, cancellationToken))
        {
            return false;
        }

        notifier.Publish(HubNews.OfWork(kind));
        return true;
    }

    /// <summary>A full answer hints at more of the same: another waiting worker, or the next wait of this one, must not sleep on
    /// it.</summary>
    private void SignalIfFull(WorkKind kind, int found, LockRequest request)
    {
        if (found == request.MaxCount)
        {
            signals.Of(kind).Set();
        }
    }

    private sealed record LockedInstance(
        InstanceState State, long Fence, int HistoryCount, DateTime WaitsSince, int LostAttempts, string? Start, string? ResidentAt)
    {
        public static LockedInstance Read(NpgsqlDataReader row) => new(
            Rows.Instance(row),
            row.GetInt64(14),
            row.GetInt32(15),
            row.GetDateTime(16),
            row.GetInt32(17),
            Rows.Text(row, 18),
            Rows.Text(row, 19));
    }
}

using System.Runtime.CompilerServices;
using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Heal.Postgres;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>What clients do with instances.</summary>
internal sealed class InstanceStore(
    HubDatabase database, HubNotifier notifier, TurnCommitter committer, InboxWriter inbox, LocalWorkers workers)
{
    // Of a history that is read in parts: a row holds what a turn added, or a piece of it.
    private const int HistoryRowsAtOnce = 64;

    private static readonly PageToken Beginning = new(DateTimeOffset.UnixEpoch, "");
    private PageToken _expiryLooked = Beginning;

    /// <summary>Together with whatever else is stored this moment; if the id turns out to be taken, in a transaction of its own.</summary>
    public async Task CreateAsync(
        NewInstance created, IReadOnlyCollection<OrchestrationStatus> reusable, CancellationToken cancellationToken)
    {
        var worker = created.Start.ScheduledStartTime is null ? workers.TryReserve(created.Start) : null;
        if (await committer.CreateAsync(created, worker, cancellationToken) == StartOutcome.Taken)
        {
            await ReplaceAsync(created, reusable, cancellationToken);
        }
    }

    private async Task ReplaceAsync(
        NewInstance created, IReadOnlyCollection<OrchestrationStatus> reusable, CancellationToken cancellationToken)
    {
        var start = created.Start;
        var startText = HistorySerializer.Serialize(start);
        string[] id = [created.InstanceId], execution = [created.ExecutionId];
        var news = HubNews.OfWork(WorkKind.Orchestration);
        news.Instances.Add(created.InstanceId);

        var (winner, status) = await database.BatchAsync(
            batch =>
            {
                batch.Add(HubDatabase.Sql["create_instance"],
                    created.InstanceId, created.ExecutionId, start.Name, start.Version,
                    start.ParentInstance?.OrchestrationInstance.InstanceId, HistorySerializer.SerializeTags(start.Tags),
                    start.ScheduledStartTime is { } time ? Rows.Utc(time) : null, start.Input,
                    reusable.Select(reusableStatus => (short)reusableStatus).ToArray());
                batch.Add(HubDatabase.Sql["get_identity"], created.InstanceId);
                batch.Add(HubDatabase.Sql["clear_created_activities"], id, execution);
                batch.Add(HubDatabase.Sql["clear_created_inbox"], id, execution);
                batch.Add(HubDatabase.Sql["clear_created_history"], id, execution);
                batch.Add(HubDatabase.Sql["post_starts"], id, execution, new[] { startText });
            },
            async reader => await reader.ReadAsync(cancellationToken)
                ? (reader.GetString(0), (OrchestrationStatus)reader.GetInt16(1))
                : (null, OrchestrationStatus.Pending),
            cancellationToken);
        if (winner != created.ExecutionId)
        {
            throw HubErrors.InstanceExists(created.InstanceId, status);
        }

        notifier.Publish(news);
    }

    public async Task<bool> SendAsync(string instanceId, HistoryEvent message, CancellationToken cancellationToken)
    {
        var text = HistorySerializer.Serialize(message);
        if (message is not (ExecutionTerminatedEvent or ExecutionRewoundEvent))
        {
            return await inbox.SendAsync(instanceId, text, cancellationToken);
        }

        string[] ids = [instanceId];
        var isStored = await database.BatchAsync(
            batch =>
            {
                if (message is ExecutionTerminatedEvent)
                {
                    batch.Add(HubDatabase.Sql["bring_starts_forward"], [ids]);
                    batch.Add(HubDatabase.Sql["bring_messages_forward"], [ids]);
                    batch.Add(HubDatabase.Sql["send_messages"], ids, new[] { text });
                }
                else
                {
                    batch.Add(HubDatabase.Sql["rewind_instances"], ids, new[] { text });
                }
            },
            reader => reader.ReadAsync(cancellationToken),
            cancellationToken);
        if (isStored)
        {
            var news = HubNews.OfWork(WorkKind.Orchestration);
            if (message is ExecutionRewoundEvent)
            {
                news.Instances.Add(instanceId);
            }

            notifier.Publish(news);
        }

        return isStored;
    }

    public async Task<InstanceState?> GetAsync(string instanceId, bool withPayloads, CancellationToken cancellationToken) =>
        (await database.QueryAsync("get_instance", [instanceId, withPayloads], Rows.Instance, cancellationToken)).SingleOrDefault();

    public async Task<IReadOnlyList<HistoryEvent>?> GetHistoryAsync(string instanceId, CancellationToken cancellationToken)
    {
        var texts = await database.QueryAsync("get_history", [instanceId], row => Rows.Text(row, 0), cancellationToken);
        return texts.Count == 0 ? null : [.. texts.OfType<string>().SelectMany(HistorySerializer.ReadAll)];
    }

    /// <summary>In parts, each a query of its own: no connection waits for a slow reader.</summary>
    public async IAsyncEnumerable<HistoryEvent> ReadHistoryAsync(
        string instanceId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? execution = null;
        int last = -1;
        while (true)
        {
            var part = await database.QueryAsync(
                "read_history_part",
                [instanceId, last, HistoryRowsAtOnce],
                row => (Execution: row.GetString(0), Seq: row.GetInt32(1), Event: row.GetString(2)),
                cancellationToken);
            foreach (var row in part)
            {
                if (row.Execution != (execution ??= row.Execution))
                {
                    yield break;
                }

                foreach (HistoryEvent entry in HistorySerializer.ReadAll(row.Event))
                {
                    yield return entry;
                }
            }

            if (part.Count < HistoryRowsAtOnce)
            {
                yield break;
            }

            last = part[^1].Seq;
        }
    }

    public async Task<int> PurgeAsync(IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken)
    {
        var gone = await database.QueryAsync("purge_instances", [instanceIds.ToArray()], row => row.GetString(0), cancellationToken);
        var news = new HubNews();
        news.Instances.UnionWith(gone);
        notifier.Publish(news);
        return gone.Count;
    }

    public async Task<ExpiryRound> PurgeExpiredAsync(
        IReadOnlyDictionary<OrchestrationStatus, TimeSpan> timeToLive, int maxCount, CancellationToken cancellationToken)
    {
        if (timeToLive.Count == 0)
        {
            return new ExpiryRound(0, IsLast: true);
        }

        var looked = await database.QueryAsync(
            "purge_expired",
            [
                _expiryLooked.At, _expiryLooked.InstanceId, maxCount, timeToLive.Values.Min(),
                timeToLive.Keys.Select(status => (short)status).ToArray(), timeToLive.Values.ToArray(),
            ],
            row => (
                Last: new PageToken(row.GetFieldValue<DateTimeOffset>(0), row.GetString(1)),
                Count: row.GetInt32(2),
                Purged: row.GetInt32(3)),
            cancellationToken);
        var isLast = looked.Count == 0 || looked[0].Count < maxCount;
        _expiryLooked = isLast ? Beginning : looked[0].Last;
        return new ExpiryRound(looked.Count == 0 ? 0 : looked[0].Purged, isLast);
    }
}

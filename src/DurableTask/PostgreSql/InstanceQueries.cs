using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Heal.Postgres;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Lists instances. Each way to ask has a statement that walks the index for it, so that what is rare is found at once among a million:
/// parents, tags and prefixes, failures and what still runs, names (decision 41).
/// </summary>
internal sealed class InstanceQueries(HubDatabase database)
{
    /// <summary>Up to so many instances of a tag or prefix are read and sorted by their age. More of a tag are looked for among all, oldest
    /// first; more of a prefix come by their ids.</summary>
    public const int MaxSorted = 10_000;

    public async Task<InstancePage> QueryAsync(InstanceQuery query, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.PageSize, 1, nameof(query));
        var after = PageToken.Parse(query.ContinuationToken);
        var size = Math.Min(query.PageSize, PageToken.MaxPageSize);
        var tags = query.Tags is { Count: > 0 } ? HistorySerializer.SerializeTags(query.Tags.ToDictionary(StringComparer.Ordinal)) : null;
        var statement = await StatementForAsync(query, tags, after, cancellationToken);
        object?[] arguments =
        [
            query.CreatedFrom?.ToUniversalTime(), query.CreatedTo?.ToUniversalTime(),
            query.Statuses?.Select(status => (short)status).ToArray(), query.InstanceIdPrefix, query.Name, query.ParentInstanceId,
            after is { IsOfId: false } ? after.Value.At : null, after?.InstanceId, size + 1, query.WithPayloads, tags,
        ];
        if (query.ByCompletion)
        {
            arguments =
            [
                .. arguments, query.CompletedFrom?.ToUniversalTime(), query.CompletedTo?.ToUniversalTime(), Outcomes(query.Statuses),
            ];
        }

        var found = await ReadAsync(statement, arguments, Rows.Instance, cancellationToken);
        if (found.Count <= size)
        {
            return new InstancePage(found, null);
        }

        found.RemoveAt(size);
        var last = found[^1];
        return new InstancePage(found, statement switch
        {
            "query_instances_by_id" => PageToken.OfId(last.InstanceId),
            "query_ended" => new PageToken(last.CompletedAt!.Value, last.InstanceId).ToString(),
            _ => new PageToken(last.CreatedAt, last.InstanceId).ToString(),
        });
    }

    private async Task<string> StatementForAsync(
        InstanceQuery query, string? tags, PageToken? after, CancellationToken cancellationToken)
    {
        if (query.ByCompletion || query.ParentInstanceId is not null)
        {
            return query.ByCompletion ? "query_ended" : "query_children";
        }

        if (after is { IsOfId: true } && query.InstanceIdPrefix is not null)
        {
            return "query_instances_by_id";
        }

        if (tags is not null && await AreFewAsync("count_tagged", tags, cancellationToken))
        {
            return "query_tagged_instances";
        }

        if (query.InstanceIdPrefix is { } prefix && await AreFewAsync("count_prefixed", prefix, cancellationToken))
        {
            return "query_prefixed_instances";
        }

        if (query.Statuses?.Contains(OrchestrationStatus.Completed) == false)
        {
            return "query_instances_without_success";
        }

        if (query.Name is not null)
        {
            return "query_named_instances";
        }

        // A walk by age ends where the asked-for time does. Without one, the young among a million would be met last: their ids lead to
        // them. A list that began by age goes on so.
        var isBounded = query.CreatedFrom is not null || query.CreatedTo is not null || tags is not null || after is not null;
        return query.InstanceIdPrefix is null || isBounded ? "query_instances" : "query_instances_by_id";
    }

    private async Task<bool> AreFewAsync(string statement, string wanted, CancellationToken cancellationToken) =>
        (await ReadAsync(statement, [wanted, MaxSorted + 1], row => row.GetInt32(0), cancellationToken))[0] <= MaxSorted;

    /// <summary>True for those that completed, false for those that ended otherwise.</summary>
    private static bool[] Outcomes(IReadOnlyCollection<OrchestrationStatus>? statuses) =>
        statuses is null
            ? [true, false]
            : [.. statuses.Where(status => status.IsTerminal()).Select(status => status == OrchestrationStatus.Completed).Distinct()];

    private Task<List<T>> ReadAsync<T>(
        string statement, object?[] arguments, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken) =>
        !statement.Contains("tagged", StringComparison.Ordinal)
            ? database.QueryAsync(statement, arguments, row, cancellationToken)
            : database.BatchAsync(
                batch =>
                {
                    batch.Add(HubDatabase.Sql["allow_bitmaps"]);
                    batch.Add(HubDatabase.Sql[statement], arguments);
                },
                async reader =>
                {
                    await reader.NextResultAsync(cancellationToken);
                    return await HubDatabase.ReadAllAsync(reader, row, cancellationToken);
                },
                cancellationToken);
}

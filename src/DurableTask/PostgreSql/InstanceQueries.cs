using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Heal.Postgres;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Lists and counts instances. Each way to ask has a statement that walks the index for it, so that what is rare is found at once among a
/// million: parents, tags and prefixes, failures and what still runs, names.
/// </summary>
internal sealed class InstanceQueries(HubDatabase database)
{
    /// <summary>Up to so many instances of a tag or prefix are sorted; what is commoner is soon met when all are walked through.</summary>
    private const int MaxListed = 1000;

    /// <summary>A table up to this size is counted; of a larger one those that completed are estimated.</summary>
    private const long MaxCountedBytes = 16 * 1024 * 1024;

    public async Task<InstancePage> QueryAsync(InstanceQuery query, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.PageSize, 1, nameof(query));
        var after = PageToken.Parse(query.ContinuationToken);
        var size = Math.Min(query.PageSize, PageToken.MaxPageSize);
        var tags = query.Tags is { Count: > 0 } ? HistorySerializer.SerializeTags(query.Tags.ToDictionary(StringComparer.Ordinal)) : null;
        object?[] arguments =
        [
            query.CreatedFrom?.ToUniversalTime(), query.CreatedTo?.ToUniversalTime(),
            query.Statuses?.Select(status => (short)status).ToArray(), query.InstanceIdPrefix, query.Name, query.ParentInstanceId,
            after?.At, after?.InstanceId, size + 1, query.WithPayloads, tags,
        ];
        if (query.ByCompletion)
        {
            arguments = [.. arguments, query.CompletedFrom?.ToUniversalTime(), query.CompletedTo?.ToUniversalTime()];
        }

        var listed = query.ByCompletion ? null : await ListAsync(query, tags, cancellationToken);
        var found = listed is null
            ? await database.QueryAsync(StatementFor(query), arguments, Rows.Instance, cancellationToken)
            : await database.QueryAsync("query_listed_instances", [.. arguments, listed], Rows.Instance, cancellationToken);
        if (found.Count <= size)
        {
            return new InstancePage(found, null);
        }

        found.RemoveAt(size);
        var last = found[^1];
        return new InstancePage(
            found, new PageToken(query.ByCompletion ? last.CompletedAt!.Value : last.CreatedAt, last.InstanceId).ToString());
    }

    public async Task<IReadOnlyList<InstanceCount>> CountAsync(InstanceCountQuery query, CancellationToken cancellationToken)
    {
        var counts = await database.QueryAsync(
            "count_without_success",
            [query.Name],
            row => new InstanceCount(row.GetString(0), (OrchestrationStatus)row.GetInt16(1), row.GetInt64(2), IsEstimate: false),
            cancellationToken);
        if (query.Statuses?.Contains(OrchestrationStatus.Completed) != false)
        {
            counts.AddRange(await CountCompletedAsync(query, counts, cancellationToken));
        }

        return query.Statuses is null ? counts : [.. counts.Where(count => query.Statuses.Contains(count.Status))];
    }

    private static string StatementFor(InstanceQuery query) =>
        query.ByCompletion ? "query_ended"
        : query.ParentInstanceId is not null ? "query_children"
        : query.Statuses?.Contains(OrchestrationStatus.Completed) == false ? "query_instances_without_success"
        : query.Name is not null ? "query_named_instances"
        : "query_instances";

    /// <summary>The instances of a tag or prefix when they are few; null when they are many, or when neither is asked for.</summary>
    private async Task<string[]?> ListAsync(InstanceQuery query, string? tags, CancellationToken cancellationToken)
    {
        if (query.ParentInstanceId is not null || (tags is null && query.InstanceIdPrefix is null))
        {
            return null;
        }

        var found = await database.BatchAsync(
            batch =>
            {
                batch.Add(HubDatabase.Sql["allow_bitmaps"]);
                batch.Add(HubDatabase.Sql[tags is null ? "find_prefixed" : "find_tagged"], tags ?? query.InstanceIdPrefix, MaxListed + 1);
            },
            async reader =>
            {
                await reader.NextResultAsync(cancellationToken);
                return await HubDatabase.ReadAllAsync(reader, row => row.GetString(0), cancellationToken);
            },
            cancellationToken);
        return found.Count <= MaxListed ? [.. found] : null;
    }

    private async Task<IEnumerable<InstanceCount>> CountCompletedAsync(
        InstanceCountQuery query, IReadOnlyList<InstanceCount> others, CancellationToken cancellationToken)
    {
        var estimates = query.Exact ? [] : await database.QueryAsync(
            "estimate_instances",
            [],
            row => (Bytes: row.GetInt64(0), Name: Rows.Text(row, 1), Count: row.IsDBNull(2) ? 0 : row.GetInt64(2)),
            cancellationToken);
        if (estimates.Count > 0 && estimates[0].Bytes > MaxCountedBytes && estimates[0].Name is not null)
        {
            var byName = others.ToLookup(count => count.Name, count => count.Count, StringComparer.Ordinal);
            return estimates
                .Where(estimate => query.Name is null || string.Equals(estimate.Name, query.Name, StringComparison.OrdinalIgnoreCase))
                .Select(estimate => new InstanceCount(
                    estimate.Name!, OrchestrationStatus.Completed, estimate.Count - byName[estimate.Name!].Sum(), IsEstimate: true))
                .Where(count => count.Count > 0);
        }

        return await database.QueryAsync(
            "count_succeeded",
            [query.Name],
            row => new InstanceCount(row.GetString(0), OrchestrationStatus.Completed, row.GetInt64(1), IsEstimate: false),
            cancellationToken);
    }
}

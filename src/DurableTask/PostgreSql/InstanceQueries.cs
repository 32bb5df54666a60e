using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Lists instances. Each way to ask has a statement that walks the index for it, so that what is rare is found at once among a million:
/// parents, tags and prefixes, failures and what still runs, names (decisions 41 and 45).
/// </summary>
internal sealed class InstanceQueries(HubDatabase database)
{
    /// <summary>Up to so many instances of a prefix are read and sorted by their age; more come by their ids. Up to so many of a tag are
    /// looked at, whatever else is asked for.</summary>
    public const int MaxSorted = 10_000;

    public async Task<InstancePage> QueryAsync(InstanceQuery query, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.PageSize, 1, nameof(query));
        var after = PageToken.Parse(query.ContinuationToken);
        var size = Math.Min(query.PageSize, PageToken.MaxPageSize);
        var tags = query.Tags is { Count: > 0 } ? HistorySerializer.SerializeTags(query.Tags.ToDictionary(StringComparer.Ordinal)) : null;
        var (statement, tag) = await StatementForAsync(query, after, cancellationToken);
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
        else if (tag is { } walked)
        {
            arguments = [.. arguments, walked.Key, walked.Value];
        }

        var found = await database.QueryAsync(statement, arguments, Rows.Instance, cancellationToken);
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

    /// <returns>The statement, and for a walk over the instances with a tag, which.</returns>
    private async Task<(string Statement, KeyValuePair<string, string>? Tag)> StatementForAsync(
        InstanceQuery query, PageToken? after, CancellationToken cancellationToken)
    {
        if (query.ByCompletion || query.ParentInstanceId is not null)
        {
            return (query.ByCompletion ? "query_ended" : "query_children", null);
        }

        if (after is { IsOfId: true } && query.InstanceIdPrefix is not null)
        {
            return ("query_instances_by_id", null);
        }

        var isWithoutSuccess = query.Statuses?.Contains(OrchestrationStatus.Completed) == false;
        var isOnlyTagged = query is { Tags.Count: 1, InstanceIdPrefix: null, Name: null } && !isWithoutSuccess;

        // One without a value has no row in the table of tags.
        var walks = query.Tags?.Where(static tag => tag.Value is not null).ToArray() ?? [];
        foreach (var tag in walks)
        {
            // Where there is another walk, few of a tag are quicker; of a tag alone, the walk is in the order of the list.
            if (isOnlyTagged || await AreFewAsync("count_tagged", [tag.Key, tag.Value], cancellationToken))
            {
                return ("query_tagged_instances", tag);
            }
        }

        if (query.InstanceIdPrefix is { } prefix && await AreFewAsync("count_prefixed", [prefix], cancellationToken))
        {
            return ("query_prefixed_instances", null);
        }

        if (isWithoutSuccess)
        {
            return ("query_instances_without_success", null);
        }

        if (query.Name is not null)
        {
            return ("query_named_instances", null);
        }

        if (walks.Length > 0)
        {
            return ("query_tagged_instances", walks[0]);
        }

        // A walk by age ends where the asked-for time does. Without one, the young among a million would be met last: their ids lead to
        // them. A list that began by age goes on so.
        var isBounded = query.CreatedFrom is not null || query.CreatedTo is not null || after is not null;
        return (query.InstanceIdPrefix is null || isBounded ? "query_instances" : "query_instances_by_id", null);
    }

    private async Task<bool> AreFewAsync(string statement, object?[] wanted, CancellationToken cancellationToken) =>
        (await database.QueryAsync(statement, [.. wanted, MaxSorted + 1], row => row.GetInt32(0), cancellationToken))[0] <= MaxSorted;

    /// <summary>True for those that completed, false for those that ended otherwise.</summary>
    private static bool[] Outcomes(IReadOnlyCollection<OrchestrationStatus>? statuses) =>
        statuses is null
            ? [true, false]
            : [.. statuses.Where(status => status.IsTerminal()).Select(status => status == OrchestrationStatus.Completed).Distinct()];
}

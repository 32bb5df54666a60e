using DurableTask.Core;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Counts instances. What did not succeed is counted, for it is little. Of what completed, a small table is counted, and of a large one
/// every name that has few instances; the number of the others is estimated from the server's statistics.
/// </summary>
internal sealed class InstanceCounts(HubDatabase database)
{
    /// <summary>A table up to this size is counted.</summary>
    private const long MaxCountedBytes = 16 * 1024 * 1024;

    /// <summary>Of a larger one, an answer looks at so many completed instances at most, all names together.</summary>
    private const int MaxCountedInstances = 10_000;

    /// <summary>With more names than this, everything is counted, which takes as long as it takes.</summary>
    private const int MaxNames = 1_000;

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

    private async Task<IEnumerable<InstanceCount>> CountCompletedAsync(
        InstanceCountQuery query, IReadOnlyList<InstanceCount> others, CancellationToken cancellationToken)
    {
        if (!query.Exact && await StatisticsAsync(cancellationToken) is { } statistics)
        {
            string[] names = query.Name is { } name ? [name] : await UncommonNamesAsync(statistics, cancellationToken);
            if (names.Length <= MaxNames)
            {
                return await EstimateAsync(query.Name, names, statistics, others, cancellationToken);
            }
        }

        return await database.QueryAsync(
            "count_succeeded",
            [query.Name],
            row => new InstanceCount(row.GetString(0), OrchestrationStatus.Completed, row.GetInt64(1), IsEstimate: false),
            cancellationToken);
    }

    /// <summary>Null when the table is small, or was never analyzed.</summary>
    private async Task<Statistics?> StatisticsAsync(CancellationToken cancellationToken)
    {
        var rows = await database.QueryAsync(
            "estimate_instances",
            [],
            row => (
                Bytes: row.GetInt64(0),
                Others: row.IsDBNull(1) ? (long?)null : row.GetInt64(1),
                Common: row.IsDBNull(2) ? null : new CommonName(row.GetString(2), row.GetString(3), row.GetInt64(4))),
            cancellationToken);
        return rows is [{ Bytes: > MaxCountedBytes, Others: { } others }, ..]
            ? new Statistics([.. rows.Select(row => row.Common).OfType<CommonName>()], others)
            : null;
    }

    /// <summary>The names, in small letters, of which the statistics know nothing; one more than <see cref="MaxNames"/> when there are
    /// more.</summary>
    private async Task<string[]> UncommonNamesAsync(Statistics statistics, CancellationToken cancellationToken)
    {
        var common = statistics.Common.Select(name => name.InSmallLetters).ToHashSet(StringComparer.Ordinal);
        var all = await database.QueryAsync(
            "list_names", [MaxNames + common.Count + 1], row => row.GetString(0), cancellationToken);
        return [.. all.Where(name => !common.Contains(name)).Take(MaxNames + 1)];
    }

    private async Task<IEnumerable<InstanceCount>> EstimateAsync(
        string? asked,
        string[] names,
        Statistics statistics,
        IReadOnlyList<InstanceCount> others,
        CancellationToken cancellationToken)
    {
        int most = MaxCountedInstances / Math.Max(1, names.Length);
        var looked = names.Length == 0 ? [] : await database.QueryAsync(
            "count_named",
            [names, most],
            row => (Name: row.GetString(0), Succeeded: row.GetInt64(1), All: row.GetInt64(2)),
            cancellationToken);
        var withoutSuccess = others.ToLookup(count => count.Name, count => count.Count, StringComparer.Ordinal);
        var counted = looked.Where(seen => seen.All < most)
            .Select(seen => new InstanceCount(seen.Name, OrchestrationStatus.Completed, seen.Succeeded, IsEstimate: false));

        // What was asked for by its name and is common was looked at too; what the statistics do not know is as large as the others.
        var common = statistics.Common
            .Where(name => asked is null || looked.Any(seen => seen.All >= most && seen.Name == name.Name))
            .Select(name => (name.Name, name.Count));
        var uncommon = looked
            .Where(seen => seen.All >= most && statistics.Common.All(name => name.Name != seen.Name))
            .Select(seen => (seen.Name, Count: Math.Max(statistics.Others, seen.All)));
        var estimated = common.Concat(uncommon)
            .Select(name => new InstanceCount(
                name.Name,
                OrchestrationStatus.Completed,
                Math.Max(
                    name.Count - withoutSuccess[name.Name].Sum(),
                    looked.Where(seen => seen.Name == name.Name).Sum(seen => seen.Succeeded)),
                IsEstimate: true));
        return counted.Concat(estimated).Where(count => count.Count > 0).ToList();
    }

    /// <param name="Common">The commonest names, each in the spelling of its instances.</param>
    /// <param name="Others">About how many instances any other name has.</param>
    private sealed record Statistics(IReadOnlyList<CommonName> Common, long Others);

    /// <param name="Count">About how many instances there are of it, whatever their status.</param>
    private sealed record CommonName(string Name, string InSmallLetters, long Count);
}

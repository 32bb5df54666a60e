using Heal.Postgres;
using Microsoft.Extensions.Logging;

namespace Heal.Functions.Incidents;

/// <summary>
/// A round over what the store holds for unfinished, each by itself: one that cannot be tended is logged with what to do, counted, and
/// keeps the others back only when <see cref="UnreachableInARow"/> fail in a row because the database or the hub cannot be reached.
/// </summary>
/// <param name="kind">What is tended, as metric and log call it.</param>
/// <param name="table">Where its rows are.</param>
internal sealed partial class TendRound(string kind, string table, TendMetrics metrics, ILogger logger)
{
    /// <summary>So many that meet a failure which passes by itself (a lost connection, a shutdown) end the round: the others would too,
    /// after a time limit each. The next round is a minute away.</summary>
    public const int UnreachableInARow = 3;

    private const int PageSize = 100;

    private int _unreachable;

    /// <summary>Goes through all rows, in pages of the store.</summary>
    /// <param name="pageAsync">The rows after a key, so many at most, in the order of their keys.</param>
    public async Task RunAsync<T>(
        Func<string, int, CancellationToken, Task<IReadOnlyList<T>>> pageAsync,
        Func<T, TendRow> read,
        CancellationToken cancellationToken)
    {
        TendRow[] page = [];
        do
        {
            page = [.. (await pageAsync(page is [.., var last] ? last.Key : "", PageSize, cancellationToken)).Select(read)];
            foreach (TendRow row in page)
            {
                if (row.Tend is { } tend)
                {
                    await TendAsync(row.Id, tend, cancellationToken);
                }
                else
                {
                    Unreadable(row.Id, row.Fault ?? "");
                }
            }
        }
        while (page.Length == PageSize);
    }

    private async Task TendAsync(string id, Func<Task<string?>> tend, CancellationToken cancellationToken)
    {
        try
        {
            if (await tend() is { } result)
            {
                metrics.Tended(kind, result);
            }

            _unreachable = 0;
        }
        catch (Exception failed) when (!cancellationToken.IsCancellationRequested)
        {
            metrics.Tended(kind, "failed");
            if (!PostgresErrors.IsTransient(failed))
            {
                _unreachable = 0;
                Log.Failed(logger, failed, kind, id, table);
            }
            else if (++_unreachable < UnreachableInARow)
            {
                Log.Unreachable(logger, failed, kind, id);
            }
            else
            {
                throw;
            }
        }
    }

    private void Unreadable(string id, string fault)
    {
        metrics.Tended(kind, "failed");
        Log.Unreadable(logger, kind, id, table, fault);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error,
            Message = "The {Kind} '{Id}' could not be tended; the others are. It is tried again every minute. If it goes on: the row of "
                + "{Table} and the instance in the hub say what it is, and docs/operating/incidents.md how it is ended by hand.")]
        public static partial void Failed(ILogger logger, Exception exception, string kind, string id, string table);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The {Kind} '{Id}' could not be tended now. It is tried again in a minute.")]
        public static partial void Unreachable(ILogger logger, Exception exception, string kind, string id);

        [LoggerMessage(Level = LogLevel.Error,
            Message = "The {Kind} '{Id}' cannot be tended: this program cannot read its row of {Table} ({Fault}). Expected what this or an "
                + "older version wrote. Start the version that wrote it, or end it by hand as docs/operating/incidents.md has it.")]
        public static partial void Unreadable(ILogger logger, string kind, string id, string table, string fault);
    }
}

/// <summary>A row of the store, as a round takes it.</summary>
/// <param name="Key">By which the rows are in order.</param>
/// <param name="Tend">What it did: a result for the metric; null when there was nothing to do. No function: this program cannot read the
/// row.</param>
/// <param name="Fault">Why it cannot be read.</param>
internal readonly record struct TendRow(string Key, string Id, Func<Task<string?>>? Tend, string? Fault);

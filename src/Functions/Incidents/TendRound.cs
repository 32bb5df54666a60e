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

    private int _unreachable;

    /// <param name="tend">What it did: a result for the metric; null when there was nothing to do.</param>
    public async Task TendAsync(string id, Func<Task<string?>> tend, CancellationToken cancellationToken)
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

    /// <summary>One whose row says nothing to this program.</summary>
    public void Unreadable(string id, string fault)
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

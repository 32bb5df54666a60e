using System.Collections.Concurrent;
using Heal.Healing;
using Microsoft.Extensions.Logging;

namespace Heal.Activities;

/// <summary>
/// Rows that this program cannot read, such as those of a newer one during a rolling upgrade. One of them must not stop what is done with
/// the others: it is told of once, and its reader goes on without what cannot be read.
/// </summary>
internal sealed partial class UnreadableRows(ILogger<UnreadableRows> logger)
{
    /// <summary>Rows that are remembered; beyond it, all are told of again.</summary>
    private const int MaximumKnown = 10_000;

    private readonly ConcurrentDictionary<(string Table, string Row), bool> _told = new();

    /// <returns>Null when it cannot be read.</returns>
    public T? Read<T>(string table, string row, string json) where T : class
    {
        var (record, fault) = StoreJson.TryRead<T>(json);
        if (fault is not null) Tell(table, row, fault);
        return record;
    }

    public void Tell(string table, string row, string fault)
    {
        if (_told.Count >= MaximumKnown) _told.Clear();
        if (_told.TryAdd((table, row), true)) Log.Unreadable(logger, table, row, SafeText.Line(fault, EvidenceLimits.MessageLength));
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning,
            "Row '{Row}' of table {Table}: what cannot be read is left out. {Fault} A newer version wrote it, or it is damaged.")]
        public static partial void Unreadable(ILogger logger, string table, string row, string fault);
    }
}

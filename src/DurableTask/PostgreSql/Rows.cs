using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>From rows to records. The order of the columns is that of the statements.</summary>
internal static class Rows
{
    /// <summary>The columns of get_instance, query_instances and lock_orchestrations, from the first.</summary>
    public static InstanceState Instance(NpgsqlDataReader row) => new()
    {
        InstanceId = row.GetString(0),
        ExecutionId = row.GetString(1),
        Name = row.GetString(2),
        Version = Text(row, 3),
        Status = (OrchestrationStatus)row.GetInt16(4),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(5),
        UpdatedAt = row.GetFieldValue<DateTimeOffset>(6),
        CompletedAt = row.IsDBNull(7) ? null : row.GetFieldValue<DateTimeOffset>(7),
        ParentInstanceId = Text(row, 8),
        Tags = HistorySerializer.DeserializeTags(Text(row, 9)),
        Failure = HistorySerializer.DeserializeFailure(Text(row, 10)),
        Input = Text(row, 11),
        Output = Text(row, 12),
        CustomStatus = Text(row, 13),
    };

    public static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    /// <summary>A time of the engine as PostgreSQL wants it: UTC, whatever kind the value claims unless it says local.</summary>
    public static DateTime Utc(DateTime time) =>
        time.Kind == DateTimeKind.Local ? time.ToUniversalTime() : DateTime.SpecifyKind(time, DateTimeKind.Utc);

    /// <summary>The same for arrays in which some times are missing. As DateTime, the driver would take a missing first one for a time
    /// without a zone, and refuse the next.</summary>
    public static DateTimeOffset? Moment(DateTime? time) => time is { } known ? new DateTimeOffset(Utc(known)) : null;
}

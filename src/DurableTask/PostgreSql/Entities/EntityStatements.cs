using Heal.Postgres;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// The statements that store a group of entity batches. A kind of change that no batch of the group makes costs nothing.
/// </summary>
internal static class EntityStatements
{
    private static readonly SqlStatements Sql = HubDatabase.Sql;

    /// <param name="replaceable">Ended instances whose rows are locked: an orchestration may take their place.</param>
    public static void Fill(NpgsqlBatch batch, IReadOnlyList<PreparedEntityBatch> group, HashSet<string> replaceable)
    {
        var commits = group.Select(prepared => prepared.Batch).ToArray();
        Add(batch, "consume_entity_messages", commits.SelectMany(commit => commit.ConsumedMessages).ToArray());
        Add(batch, "park_entity_messages", commits.SelectMany(commit => commit.ParkedMessages).ToArray());
        Add(batch, "return_parked_messages",
            commits.Where(commit => commit.ReturnParked).Select(commit => commit.Lock.EntityId).ToArray());
        Add(batch, "update_entities",
            commits.Select(commit => commit.Lock.EntityId).ToArray(),
            commits.Select(commit => commit.State).ToArray(),
            commits.Select(commit => commit.IsModified).ToArray(),
            commits.Select(commit => commit.Holder?.InstanceId).ToArray(),
            commits.Select(commit => commit.Holder?.ExecutionId).ToArray(),
            commits.Select(commit => commit.LostAttempts).ToArray(),
            commits.Select(commit => commit.SuspectUntil).ToArray());
        Add(batch, "remove_payloads", commits.SelectMany(commit => commit.ReplacedPayloads).ToArray());
        NewInstances.AddTo(
            batch,
            [.. commits.SelectMany(commit => commit.Orchestrations)],
            [.. group.SelectMany(prepared => prepared.Starts)],
            replaceable);
        var answers = commits.SelectMany(commit => commit.Messages).ToArray();
        Add(batch, "post_messages",
            answers.Select(answer => answer.InstanceId).ToArray(),
            answers.Select(answer => answer.ExecutionId).ToArray(),
            group.SelectMany(prepared => prepared.Messages).ToArray());
        Add(batch, "post_entity_messages", EntityRows.MessageColumns([.. commits.SelectMany(commit => commit.EntityMessages)]));
    }

    /// <summary>Adds a statement over arrays of equal length; none when they are empty.</summary>
    private static void Add(NpgsqlBatch batch, string statement, params Array[] columns)
    {
        if (columns[0].Length > 0)
        {
            batch.Add(Sql[statement], columns);
        }
    }
}

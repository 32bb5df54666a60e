using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Heal.Postgres;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>The statements that create orchestrations inside of a larger transaction.</summary>
internal static class NewInstances
{
    /// <summary>Creates those whose id is free and replaces those whose id an ended instance has; the others are left out.</summary>
    /// <param name="texts">The start events, serialized.</param>
    /// <param name="replaceable">Ended instances whose rows are locked.</param>
    public static void AddTo(
        NpgsqlBatch batch, IReadOnlyList<NewInstance> wanted, string[] texts, HashSet<string> replaceable)
    {
        if (wanted.Count == 0)
        {
            return;
        }

        var ids = wanted.Select(created => created.InstanceId).ToArray();
        var executions = wanted.Select(created => created.ExecutionId).ToArray();
        var inPlace = wanted.Where(created => replaceable.Contains(created.InstanceId)).ToArray();
        if (inPlace.Length > 0)
        {
            batch.Add(HubDatabase.Sql["replace_instances"], Columns(inPlace));
        }

        batch.Add(HubDatabase.Sql["create_instances"], Columns(wanted));
        batch.Add(HubDatabase.Sql["clear_created_activities"], ids, executions);
        batch.Add(HubDatabase.Sql["clear_created_inbox"], ids, executions);
        batch.Add(HubDatabase.Sql["clear_created_history"], ids, executions);
        batch.Add(HubDatabase.Sql["post_starts"], ids, executions, texts);
    }

    private static Array[] Columns(IReadOnlyList<NewInstance> created) =>
    [
        created.Select(instance => instance.InstanceId).ToArray(),
        created.Select(instance => instance.ExecutionId).ToArray(),
        created.Select(instance => instance.Start.Name).ToArray(),
        created.Select(instance => instance.Start.Version).ToArray(),
        created.Select(instance => instance.Start.ParentInstance?.OrchestrationInstance.InstanceId).ToArray(),
        created.Select(instance => HistorySerializer.SerializeTags(instance.Start.Tags)).ToArray(),
        created.Select(instance => Rows.Moment(instance.Start.ScheduledStartTime)).ToArray(),
        created.Select(instance => instance.Start.Input).ToArray(),
    ];
}

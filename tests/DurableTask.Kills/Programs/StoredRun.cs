using System.Diagnostics;
using Heal.Shared.Tests.Programs;
using Heal.Shared.Tests.Programs.Checks;
using Microsoft.DurableTask.Entities;
using Npgsql;

namespace Heal.DurableTask.Kills.Tests.Programs;

/// <summary>What is in the database when all has come to its end.</summary>
internal sealed class StoredRun(HubClient client, NpgsqlDataSource source)
{
    // Workers sweep each second; an entity learns of the end of a critical section after its instance has ended; leases end.
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private const string Leftovers =
        $"""
        SELECT 'message of ' || instance_id || ': ' || event FROM {Ledger.HubSchema}.inbox
        UNION ALL SELECT 'activity of ' || instance_id || ': ' || event FROM {Ledger.HubSchema}.activities
        UNION ALL SELECT instance_id || ' has status ' || status || ', is locked by ' || coalesce(locked_by, 'nobody')
                || ' and lives in ' || coalesce(resident_at, 'no memory')
            FROM {Ledger.HubSchema}.instances WHERE completed_at IS NULL OR locked_by IS NOT NULL OR resident_at IS NOT NULL
        UNION ALL SELECT 'message of ' || entity_id || ': ' || message FROM {Ledger.HubSchema}.entity_inbox
        UNION ALL SELECT entity_id || ' is held by ' || coalesce(holder, 'nobody') || ', locked by ' || coalesce(locked_by, 'nobody')
            FROM {Ledger.HubSchema}.entities WHERE holder IS NOT NULL OR locked_by IS NOT NULL
        """;

    /// <summary>Waits until nothing is left over; nothing tells of it, so it is looked for.</summary>
    /// <returns>What is left all the same.</returns>
    public async Task<List<string>> SettleAsync()
    {
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            var left = await QueryAsync(Leftovers, row => $"nothing is left over: {row.GetString(0)}");
            if (left.Count == 0 || Stopwatch.GetElapsedTime(began) > SettleLimit)
            {
                return left;
            }

            await Task.Delay(Look);
        }
    }

    public async Task<Dictionary<string, EndedInstance>> ReadAsync()
    {
        var instances = new Dictionary<string, EndedInstance>(StringComparer.Ordinal);
        var rows = await QueryAsync(
            $"""
            SELECT instance_id,
                   (SELECT count(*)::int FROM {Ledger.HubSchema}.inbox m WHERE m.instance_id = i.instance_id),
                   (SELECT count(*)::int FROM {Ledger.HubSchema}.activities a WHERE a.instance_id = i.instance_id)
            FROM {Ledger.HubSchema}.instances i
            """,
            row => (Id: row.GetString(0), Messages: row.GetInt32(1), Activities: row.GetInt32(2)));
        foreach (var (id, messages, activities) in rows)
        {
            var state = await client.Hub.GetInstanceAsync(id, withPayloads: true);
            var history = await client.Hub.GetHistoryAsync(id);
            instances.Add(id, new EndedInstance(state!, history ?? [], messages, activities));
        }

        return instances;
    }

    /// <summary>How often each activity of each instance ran.</summary>
    public async Task<Dictionary<(string InstanceId, Job Job), int>> RunsAsync() =>
        (await Ledger.ReadAsync(source))
            .ToDictionary(effect => (effect.Key.Order, Ledger.JobOf(effect.Key.Number)), effect => effect.Value);

    /// <summary>The states of a scenario's entities.</summary>
    public async Task<Dictionary<EntityInstanceId, string?>> EntitiesAsync(Scenario scenario, IEnumerable<EndedInstance> instances)
    {
        var wanted = scenario.Programs.Values.SelectMany(program => program.AllNodes).Where(node => node is EntityTalk or Section)
            .SelectMany(node => instances.Select(instance => Counter.Of(instance.State.InstanceId, node)))
            .Append(scenario.Shared);
        var states = new Dictionary<EntityInstanceId, string?>();
        foreach (var entity in wanted)
        {
            states[entity] = (await client.Hub.Entities.GetAsync(entity.ToString(), withState: true))?.State;
        }

        return states;
    }

    private async Task<List<T>> QueryAsync<T>(string sql, Func<NpgsqlDataReader, T> map)
    {
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<T>();
        while (await reader.ReadAsync())
        {
            rows.Add(map(reader));
        }

        return rows;
    }
}

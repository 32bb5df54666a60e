using Microsoft.DurableTask.Client;
using Npgsql;

namespace Heal.Bench.DurableTask.Benchmarks;

/// <summary>
/// seq5 on an empty hub, then with 1,000,000 completed instances (and their histories) stored; and what each query of the management
/// API takes there.
/// </summary>
internal static class Million
{
    private const int Concurrency = 50;

    public static async Task RunAsync(Settings settings, Report report)
    {
        var stored = settings.Count(1_000_000, 20_000);
        var schema = Engine.NewSchema("million");
        await using var meter = new CostMeter(settings.ConnectionString);
        await using (var engine = await Engine.StartAsync(settings.ConnectionString, schema))
        {
            var empty = await LoadRun.RunAsync(
                settings, Concurrency, meter, _ => engine.RunAsync(Orchestrations.Sequence, Seq5.Steps));
            report.Add(new Figure("million", "seq5, empty hub", Concurrency, empty.Count, empty.Seconds,
                Latency.Of(empty.Milliseconds), null));
            await FillAsync(settings.ConnectionString, schema, stored);
            var full = await LoadRun.RunAsync(
                settings, Concurrency, meter, _ => engine.RunAsync(Orchestrations.Sequence, Seq5.Steps));
            var share = full.Count / full.Seconds / (empty.Count / empty.Seconds);
            report.Add(new Figure("million", $"seq5, {stored:N0} stored", Concurrency, full.Count, full.Seconds,
                Latency.Of(full.Milliseconds), null, $"{share:P0} of the empty hub's rate"));
            await QueryAsync(settings, report, engine.Client, stored);
        }

        await Engine.DropAsync(settings.ConnectionString, schema);
    }

    /// <summary>
    /// Copies of one instance that the engine itself stored, under ids and times of their own; the higher its number, the older it is. A
    /// few failed, some have another name, and those that a tag or prefix finds are the youngest: whoever walks all by age meets them last.
    /// </summary>
    private static async Task FillAsync(string connectionString, string schema, int count)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        var columns = await ColumnsAsync(source, schema, "instances");
        string Value(string column) => column switch
        {
            "instance_id" => "'m' || lpad(n::text, 9, '0')",
            "created_at" or "updated_at" or "completed_at" => $"i.{column} - n * interval '1 s'",
            "status" => "CASE WHEN n % 5000 = 7 THEN 3 ELSE i.status END",
            "succeeded" => "n % 5000 <> 7",
            "name" => "CASE WHEN n % 1000 = 1 THEN 'Import' WHEN n % 5000 = 3 THEN 'Yearly' ELSE i.name END",
            "tags" => "CASE WHEN n <= 5000 THEN '{\"customer\": \"42\"}'::jsonb WHEN n <= 50000 THEN '{\"region\": \"north\"}' END",
            _ => $"i.{column}",
        };
        await ExecuteAsync(source, $"CREATE TEMP TABLE one AS SELECT * FROM {schema}.instances WHERE status = 1 LIMIT 1;"
            + $"INSERT INTO {schema}.instances ({string.Join(", ", columns)}) "
            + $"SELECT {string.Join(", ", columns.Select(Value))} FROM one i, generate_series(1, {count}) n;"
            + $"INSERT INTO {schema}.history (instance_id, seq, event) SELECT 'm' || lpad(n::text, 9, '0'), h.seq, h.event "
            + $"FROM one JOIN {schema}.history h USING (instance_id), generate_series(1, {count}) n;"
            + "DROP TABLE one");
        await ExecuteAsync(source, $"VACUUM (ANALYZE) {schema}.instances, {schema}.history");
        await ExecuteAsync(source, "CHECKPOINT");
    }

    private static async Task<List<string>> ColumnsAsync(NpgsqlDataSource source, string schema, string table)
    {
        await using var command = source.CreateCommand(
            "SELECT column_name::text FROM information_schema.columns "
            + "WHERE table_schema = $1 AND table_name = $2 AND is_generated = 'NEVER'");
        command.Parameters.Add(new NpgsqlParameter { Value = schema });
        command.Parameters.Add(new NpgsqlParameter { Value = table });
        await using var reader = await command.ExecuteReaderAsync();
        var columns = new List<string>();
        while (await reader.ReadAsync())
        {
            columns.Add(reader.GetString(0));
        }

        return columns;
    }

    private static async Task ExecuteAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync();
    }

    private static async Task QueryAsync(Settings settings, Report report, DurableTaskClient client, int stored)
    {
        var id = $"m{stored / 2:D9}";
        var middle = (await client.GetInstanceAsync(id))!.CreatedAt;
        OrchestrationRuntimeStatus[] completed = [OrchestrationRuntimeStatus.Completed], failed = [OrchestrationRuntimeStatus.Failed];
        var queries = new Dictionary<string, Func<Task>>(StringComparer.Ordinal)
        {
            ["get instance"] = () => client.GetInstanceAsync(id, getInputsAndOutputs: true),
            ["get history"] = () => client.GetOrchestrationHistoryAsync(id),
            ["first page"] = () => FirstPageAsync(client, new OrchestrationQuery { PageSize = 100 }),
            ["page of completed"] = () => FirstPageAsync(client, new OrchestrationQuery { PageSize = 100, Statuses = completed }),
            ["page of failed (few)"] = () => FirstPageAsync(client, new OrchestrationQuery { PageSize = 100, Statuses = failed }),
            ["page by time"] = () => FirstPageAsync(
                client, new OrchestrationQuery { PageSize = 100, CreatedFrom = middle, CreatedTo = middle.AddHours(1) }),
            ["page by id prefix of 1,000"] = () => FirstPageAsync(
                client, new OrchestrationQuery { PageSize = 100, InstanceIdPrefix = $"m{stored / 2000:D6}" }),
            ["page by id prefix of 9,999 young"] = () => FirstPageAsync(
                client, new OrchestrationQuery { PageSize = 100, InstanceIdPrefix = "m00000" }),
            ["page by id prefix of 99,999 young"] = () => FirstPageAsync(
                client, new OrchestrationQuery { PageSize = 100, InstanceIdPrefix = "m0000" }),
            ["page by name"] = () => FirstPageAsync(client, new OrchestrationFilter { PageSize = 100, Name = "Import" }),
            ["page by tag of 5,000 young"] = () => FirstPageAsync(
                client, new OrchestrationFilter { PageSize = 100, Tags = Tag("customer", "42") }),
            ["page by tag of 45,000 young"] = () => FirstPageAsync(
                client, new OrchestrationFilter { PageSize = 100, Tags = Tag("region", "north") }),
            ["list ids"] = () => client.ListInstanceIdsAsync(completed, pageSize: 100),
            ["list ids of failed (few)"] = () => client.ListInstanceIdsAsync(failed, pageSize: 100),
            ["list ids of an hour"] = () => client.ListInstanceIdsAsync(null, middle, middle.AddHours(1), pageSize: 100),
            ["count all"] = () => client.CountInstancesAsync(),
            ["count a common name"] = () => client.CountInstancesAsync(Orchestrations.Sequence),
            ["count a rare name"] = () => client.CountInstancesAsync("Yearly"),
        };
        foreach (var (name, query) in queries)
        {
            var samples = new List<double>();
            var start = Settings.Time.GetTimestamp();
            for (var i = 0; i < settings.Count(100, 10) && Settings.Time.GetElapsedTime(start) < TimeSpan.FromSeconds(20); i++)
            {
                var began = Settings.Time.GetTimestamp();
                await query();
                samples.Add(Settings.Time.GetElapsedTime(began).TotalMilliseconds);
            }

            report.Add(new Figure(
                "million", name, 1, samples.Count, Settings.Time.GetElapsedTime(start).TotalSeconds, Latency.Of(samples), null));
        }
    }

    private static Dictionary<string, string> Tag(string name, string value) => new(StringComparer.Ordinal) { [name] = value };

    private static async Task FirstPageAsync(DurableTaskClient client, OrchestrationQuery query)
    {
        await foreach (var _ in client.GetAllInstancesAsync(query).AsPages())
        {
            return;
        }
    }
}

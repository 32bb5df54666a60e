using System.Reflection;
using System.Text;
using Npgsql;

namespace Heal.Bench.FunctionsWorker.Load;

/// <summary>Heal itself, as a process, on a database of its own and an embedded simulated cluster.</summary>
internal sealed class HealApp : IAsyncDisposable
{
    private const string Key = "bench-function-key-0123456789";

    private readonly string _server;
    private readonly string _database;

    private HealApp(string server, string database, ChildProcess process)
    {
        _server = server;
        _database = database;
        Process = process;
    }

    public ChildProcess Process { get; }

    public static async Task<HealApp> StartAsync(Settings settings)
    {
        string database = $"bench_{Guid.NewGuid():N}";
        await ExecuteAsync(settings.Postgres, $"CREATE DATABASE {database}");
        string path = typeof(HealApp).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Heal").Value!;
        ChildProcess process = await ChildProcess.StartAsync(
            ["dotnet", path],
            "/readyz",
            new(StringComparer.Ordinal)
            {
                ["HEAL_POSTGRES"] = new NpgsqlConnectionStringBuilder(settings.Postgres) { Database = database }.ConnectionString,
                ["AzureWebJobsStorage"] = settings.Azurite,
                ["AzureFunctionsKeys__host__bench"] = Key,
                ["KUBECONFIG"] = "",
            });
        return new(settings.Postgres, database, process);
    }

    /// <summary>Alerts as Alertmanager posts them, each about a pod of its own.</summary>
    public static byte[] Post(int alerts)
    {
        string starts = Settings.Time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", System.Globalization.CultureInfo.InvariantCulture);
        IEnumerable<string> all = Enumerable.Range(0, alerts).Select(_ =>
        {
            string id = Guid.NewGuid().ToString("N")[..16];
            return $$"""
                {"status":"firing","labels":{"alertname":"KubePodCrashLooping","namespace":"bench","pod":"pod-{{id}}","container":"main",
                 "reason":"CrashLoopBackOff","job":"kube-state-metrics","severity":"warning"},
                 "annotations":{"summary":"a pod crashes"},"startsAt":"{{starts}}","endsAt":"0001-01-01T00:00:00Z",
                 "generatorURL":"http://127.0.0.1:9090/graph","fingerprint":"{{id}}"}
                """;
        });
        string body = $$"""
            {"version":"4","groupKey":"{}:{namespace=\"bench\"}","truncatedAlerts":0,"status":"firing","receiver":"heal",
             "groupLabels":{},"commonLabels":{},"commonAnnotations":{},"externalURL":"http://127.0.0.1:9093",
             "alerts":[{{string.Join(',', all)}}]}
            """;
        return RawConnection.Post("/api/alerts", Key, Encoding.UTF8.GetBytes(body));
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        await ExecuteAsync(_server, $"DROP DATABASE IF EXISTS {_database} WITH (FORCE)");
    }

    private static async Task ExecuteAsync(string connection, string sql)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(connection);
        await using NpgsqlCommand command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}

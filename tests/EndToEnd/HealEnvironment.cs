using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Azure.Storage.Queues;
using Npgsql;

namespace Heal.EndToEnd.Tests;

/// <summary>A database and queues of its own, a simulated cluster, and the app as a process.</summary>
internal sealed class HealEnvironment : IAsyncDisposable
{
    private const string HowToGetServices = "Run ./test.sh, or `eng/services.sh up` and load the file env that it writes.";

    private static readonly TimeSpan IncidentLimit = TimeSpan.FromSeconds(120);

    private readonly string _serverConnection;
    private readonly string _database;
    private readonly string _stateFolder;

    private HealEnvironment(string serverConnection, string database, string stateFolder, SimulatedCluster cluster, HealProcess app)
    {
        _serverConnection = serverConnection;
        _database = database;
        _stateFolder = stateFolder;
        Cluster = cluster;
        App = app;
    }

    public SimulatedCluster Cluster { get; }

    public HealProcess App { get; }

    public static async Task<HealEnvironment> CreateAsync(IReadOnlyDictionary<string, string>? settings = null)
    {
        string server = Required("HEAL_TEST_POSTGRES");
        string azurite = Required("HEAL_TEST_AZURITE");
        string database = $"heal_e2e_{Guid.NewGuid():N}";
        await ExecuteAsync(server, $"CREATE DATABASE {database}");
        string state = Directory.CreateTempSubdirectory("heal-e2e-").FullName;
        SimulatedCluster cluster = await SimulatedCluster.StartAsync(speed: 20);
        var all = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["HEAL_POSTGRES"] = new NpgsqlConnectionStringBuilder(server) { Database = database }.ConnectionString,
            ["HEAL_STATE"] = state,
            ["AzureWebJobsStorage"] = azurite,
            ["Heal__Cluster"] = "sim",
            ["Heal__Kubernetes__Target"] = "cluster",
            ["Heal__Kubernetes__Server"] = cluster.Proxy.Url.ToString(),
            ["Heal__WorkflowsFolder"] = Path.Combine(AppContext.BaseDirectory, "test-workflows"),
            // A killed process's locks end with their lease: short here, so that many kills fit into a test.
            ["AzureFunctionsJobHost__extensions__durableTask__storageProvider__workItemLockTimeout"] = "00:00:03",
            ["Logging__LogLevel__Default"] = "Information",
        };
        foreach ((string name, string value) in settings ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            all[name] = value;
        }

        return new HealEnvironment(server, database, state, cluster, new HealProcess(all));
    }

    public async Task<HttpResponseMessage> PostAlertsAsync(string payload)
    {
        using var content = new StringContent(payload, Encoding.UTF8, "application/json");
        return await App.Http.PostAsync(new Uri("/api/alerts", UriKind.Relative), content);
    }

    public static async Task EnqueueAsync(string payload)
    {
        var queue = new QueueClient(
            Required("HEAL_TEST_AZURITE"), "alerts", new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 });
        await queue.CreateIfNotExistsAsync();
        await queue.SendMessageAsync(payload);
    }

    public async Task<IReadOnlyList<JsonObject>> GetIncidentsAsync()
    {
        JsonObject page = (await App.Http.GetFromJsonAsync<JsonObject>(new Uri("/api/incidents", UriKind.Relative)))!;
        return [.. page["incidents"]!.AsArray().Select(item => item!.AsObject())];
    }

    /// <summary>
    /// The incidents, once there are as many as wanted and all of them have ended. The app may die and come back meanwhile.
    /// </summary>
    public async Task<IReadOnlyList<JsonObject>> UntilIncidentsEndAsync(int count, TimeSpan? within = null)
    {
        using var limit = new CancellationTokenSource(within ?? IncidentLimit);
        while (true)
        {
            try
            {
                IReadOnlyList<JsonObject> incidents = await GetIncidentsAsync();
                if (incidents.Count >= count && incidents.All(HasEnded))
                {
                    return incidents;
                }
            }
            catch (HttpRequestException)
            {
                // Between a kill and the next start nobody answers.
            }

            try
            {
                await Task.Delay(100, limit.Token);
            }
            catch (OperationCanceledException late)
            {
                throw new TimeoutException(
                    $"{count} incidents did not end within {within ?? IncidentLimit}. The app's last words:\n{App.Log}", late);
            }
        }
    }

    private static bool HasEnded(JsonObject incident) => incident["outcome"] is not null || incident["failure"] is not null;

    public Task<T> QueryAsync<T>(string sql) => ScalarAsync<T>(
        new NpgsqlConnectionStringBuilder(_serverConnection) { Database = _database }.ConnectionString, sql);

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await Cluster.DisposeAsync();
        await ExecuteAsync(_serverConnection, $"DROP DATABASE IF EXISTS {_database} WITH (FORCE)");
        Directory.Delete(_stateFolder, recursive: true);
    }

    private static string Required(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value
            ? value
            : throw new InvalidOperationException($"{name} is not set. {HowToGetServices}");

    private static async Task ExecuteAsync(string connection, string sql)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(connection);
        await using NpgsqlCommand command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<T> ScalarAsync<T>(string connection, string sql)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(connection);
        await using NpgsqlCommand command = source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}

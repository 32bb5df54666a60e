using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Azure.Storage.Queues;

namespace Heal.EndToEnd.Tests;

/// <summary>A database and queues of its own, a simulated cluster, and the app as a process.</summary>
internal sealed class HealEnvironment : IAsyncDisposable
{
    private static readonly TimeSpan IncidentLimit = TimeSpan.FromSeconds(120);

    private readonly AppDatabase _database;
    private readonly string _stateFolder;
    private readonly Dictionary<string, string> _settings;

    private HealEnvironment(AppDatabase database, string stateFolder, SimulatedCluster cluster, Dictionary<string, string> settings)
    {
        _database = database;
        _stateFolder = stateFolder;
        _settings = settings;
        Cluster = cluster;
        App = NewApp();
    }

    public SimulatedCluster Cluster { get; }

    public HealProcess App { get; private set; }

    public string ConnectionString => _database.ConnectionString;

    public static async Task<HealEnvironment> CreateAsync(IReadOnlyDictionary<string, string>? settings = null)
    {
        string azurite = TestServices.Required(TestServices.Azurite);
        AppDatabase database = await AppDatabase.CreateAsync();
        string state = Directory.CreateTempSubdirectory("heal-e2e-").FullName;
        SimulatedCluster cluster = await SimulatedCluster.StartAsync(speed: 20);
        var all = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["HEAL_POSTGRES"] = database.ConnectionString,
            ["HEAL_STATE"] = state,
            ["AzureWebJobsStorage"] = azurite,
            ["Heal__Cluster"] = "sim",
            ["Heal__Kubernetes__Target"] = "cluster",
            // Most tests are about what alerts do.
            ["Heal__Watch__Enabled"] = "false",
            ["Heal__Kubernetes__Server"] = cluster.Proxy.Url.ToString(),
            ["Heal__WorkflowsFolder"] = Path.Combine(AppContext.BaseDirectory, "test-workflows"),
            // A killed process's locks end with their lease: short here, so that many kills fit into a test.
            ["AzureFunctionsJobHost__extensions__durableTask__storageProvider__workItemLockTimeout"] = "00:00:02",
            ["Logging__LogLevel__Default"] = "Information",
        };
        foreach ((string name, string value) in settings ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            all[name] = value;
        }

        return new HealEnvironment(database, state, cluster, all);
    }

    /// <summary>One more host of the same application, not started; the caller ends it.</summary>
    public HealProcess NewApp() => new(_settings);

    /// <summary>Starts the app beside a Deployment that is broken, and that nothing is done to before a person has approved.</summary>
    public async Task StartWithAskingFaultAsync(string deployment)
    {
        await App.StartAsync();
        await Cluster.CreateDeploymentAsync(deployment);
        await Cluster.AnnotateAsync(deployment, "heal.internal/autonomy", "approve");
        await Cluster.MountBadConfigAsync(deployment);
    }

    public async Task<HttpResponseMessage> PostAlertsAsync(string payload)
    {
        using var content = new StringContent(payload, Encoding.UTF8, "application/json");
        return await App.Http.PostAsync(new Uri("/api/alerts", UriKind.Relative), content);
    }

    public static async Task EnqueueAsync(string payload)
    {
        var queue = new QueueClient(
            TestServices.Required(TestServices.Azurite),
            "alerts",
            new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 });
        await queue.CreateIfNotExistsAsync();
        await queue.SendMessageAsync(payload);
    }

    public Task<IReadOnlyList<JsonObject>> GetIncidentsAsync() => App.GetIncidentsAsync();

    /// <summary>The first incident of that kind, once there is one.</summary>
    public async Task<JsonObject> UntilIncidentAsync(Func<JsonObject, bool> isWanted)
    {
        using var limit = new CancellationTokenSource(IncidentLimit);
        while (true)
        {
            if ((await GetIncidentsAsync()).FirstOrDefault(isWanted) is { } incident)
            {
                return incident;
            }

            await Task.Delay(20, limit.Token);
        }
    }

    /// <summary>
    /// The incidents, once there are as many as wanted and all of them have ended. The app may die and come back meanwhile.
    /// </summary>
    public Task<IReadOnlyList<JsonObject>> UntilIncidentsEndAsync(int count, TimeSpan? within = null) =>
        App.UntilIncidentsEndAsync(count, within ?? IncidentLimit);

    public Task<T> QueryAsync<T>(string sql) => _database.QueryAsync<T>(sql);

    /// <summary>Waits until what a statement counts is there.</summary>
    public async Task UntilAsync(string count)
    {
        using var limit = new CancellationTokenSource(IncidentLimit);
        while (await QueryAsync<long>(count) == 0)
        {
            await Task.Delay(100, limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Assert.False(limit.IsCancellationRequested, $"Not within {IncidentLimit}: {count}\n{App.Log}");
        }
    }

    public Task TerminateAsync(string instance, string reason) => PostAsMasterAsync(
        $"/runtime/webhooks/durabletask/instances/{instance}/terminate?reason={Uri.EscapeDataString(reason)}", HttpStatusCode.Accepted);

    /// <summary>Has a timer's function run now; after the run that is under way, if there is one.</summary>
    public async Task RunTimerAsync(string function)
    {
        using var limit = new CancellationTokenSource(IncidentLimit);
        while (await PostAsMasterAsync($"/admin/functions/{function}", HttpStatusCode.Accepted, HttpStatusCode.Conflict)
            == HttpStatusCode.Conflict)
        {
            await Task.Delay(100, limit.Token);
        }
    }

    /// <summary>Answers the question that an incident asks now.</summary>
    public async Task ApproveAsync(string incident)
    {
        using var content = new StringContent("""{"approved":true,"by":"on-call"}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage told = await App.Http.PostAsync(
            new Uri($"/api/incidents/{incident}/approval", UriKind.Relative), content);
        Assert.True(told.StatusCode == HttpStatusCode.Accepted, $"{told.StatusCode}: {await told.Content.ReadAsStringAsync()}");
    }

    /// <summary>The app dies, and comes back with another setting a day later: what it has in its store is that much older then.</summary>
    public async Task ComeBackTomorrowAsync(string setting, string value)
    {
        App.Kill();
        await App.DisposeAsync();
        await QueryAsync<object>(
            "UPDATE heal.incident SET opened_at = opened_at - interval '1 day', closed_at = closed_at - interval '1 day'");
        await QueryAsync<object>(
            "UPDATE heal.operation_ledger SET intended_at = intended_at - interval '1 day', finished_at = finished_at - interval '1 day'");
        _settings[setting] = value;
        App = NewApp();
        await App.StartAsync();
    }

    /// <summary>The app dies, and when it comes back the hub is a new one: all orchestrations are gone. The healer's own store is
    /// not.</summary>
    /// <param name="meanwhile">What happens while it is away; its first look comes with the start.</param>
    public async Task LoseHubAsync(Func<Task> meanwhile)
    {
        App.Kill();
        await QueryAsync<object>("DROP SCHEMA healhub CASCADE");
        await meanwhile();
        await App.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await Cluster.DisposeAsync();
        await _database.DisposeAsync();
        Directory.Delete(_stateFolder, recursive: true);
    }

    private async Task<HttpStatusCode> PostAsMasterAsync(string path, params HttpStatusCode[] expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(App.Url, path));
        request.Headers.Add("x-functions-key", HealProcess.MasterKey);
        request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
        using var http = new HttpClient();
        using HttpResponseMessage answer = await http.SendAsync(request);
        Assert.True(expected.Contains(answer.StatusCode), $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        return answer.StatusCode;
    }
}

using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Heal.Cluster.Tests;

/// <summary>
/// The function app as a process on the real cluster, with a database of its own and a real Alertmanager that posts to it.
/// </summary>
internal sealed class RealHealer : IAsyncDisposable
{
    /// <summary>
    /// From the fault to the end of the incident: the alert takes about 20 s, the healing about as long, a busy machine thrice that.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private const int LogLinesOfFailure = 80;

    private readonly AppDatabase _database;
    private readonly string _stateFolder;
    private readonly ITestOutputHelper _output;

    private RealHealer(AppDatabase database, string stateFolder, HealProcess app, ITestOutputHelper output)
    {
        _database = database;
        _stateFolder = stateFolder;
        App = app;
        _output = output;
    }

    public HealProcess App { get; }

    /// <summary>Starts the app and then the monitoring.</summary>
    /// <param name="webhook">Where Alertmanager posts to; null: to the app.</param>
    /// <param name="workflows">A folder of workflow definitions; null: the product's own.</param>
    /// <param name="watches">Whether it looks for faults itself; else it hears of them from Alertmanager only.</param>
    /// <param name="kubeconfig">Of the account that it works under; null: the administrator's.</param>
    public static async Task<RealHealer> StartAsync(
        ITestOutputHelper output, Uri? webhook = null, string? workflows = null, bool watches = false, string? kubeconfig = null)
    {
        AppDatabase database = await AppDatabase.CreateAsync();
        string state = Directory.CreateTempSubdirectory("heal-cluster-").FullName;
        var app = new HealProcess(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["HEAL_POSTGRES"] = database.ConnectionString,
            ["HEAL_STATE"] = state,
            ["AzureWebJobsStorage"] = TestServices.Required(TestServices.Azurite),
            ["KUBECONFIG"] = kubeconfig ?? Kubectl.Kubeconfig,
            ["Heal__Kubernetes__Target"] = "cluster",
            ["Heal__Alerts__AlertmanagerUrl"] = Monitoring.AlertmanagerUrl.ToString(),
            // A killed process's locks end with their lease: short here, so that a restart is not waited for.
            ["AzureFunctionsJobHost__extensions__durableTask__storageProvider__workItemLockTimeout"] = "00:00:05",
            ["Logging__LogLevel__Default"] = "Information",
            ["Heal__WorkflowsFolder"] = workflows ?? "workflows",
            ["Heal__Watch__Enabled"] = watches ? "true" : "false",
        });
        var healer = new RealHealer(database, state, app, output);
        try
        {
            await app.StartAsync();
            string keyFile = Path.Combine(state, "webhook.key");
            await File.WriteAllTextAsync(keyFile, HealProcess.FunctionKey);
            await Monitoring.StartAsync(webhook ?? new Uri(app.Url, "/api/alerts"), keyFile);
            return healer;
        }
        catch
        {
            await healer.DisposeAsync();
            throw;
        }
    }

    /// <summary>The one incident of the workload, once it has ended. The cluster may have other alerts: they are not ours.</summary>
    public Task<JsonObject> UntilIncidentEndsAsync(Workload workload) => UntilIncidentEndsAsync($" {workload.Namespace}/");

    /// <summary>The one incident whose target has this in its name, once it has ended.</summary>
    public async Task<JsonObject> UntilIncidentEndsAsync(string target)
    {
        IReadOnlyList<JsonObject> incidents = await App.UntilIncidentsEndAsync(1, Patience, incident => IsOf(incident, target));
        return Assert.Single(incidents);
    }

    /// <summary>Approves, as a person does, what the workload's incident wants to do, once it asks.</summary>
    public async Task ApproveAsync(Workload workload, string by)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            JsonObject? asking = (await App.GetIncidentsAsync()).FirstOrDefault(incident =>
                IsOf(incident, $" {workload.Namespace}/") && (string?)incident["status"]!["phase"] == "Approve");
            if (asking is not null)
            {
                var path = new Uri($"/api/incidents/{(string?)asking["id"]}/approval", UriKind.Relative);
                using HttpResponseMessage answer = await App.Http.PostAsJsonAsync(path, new { approved = true, by }, limit.Token);
                answer.EnsureSuccessStatusCode();
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), limit.Token);
        }
    }

    /// <summary>What the ledger says of the operations on a target: action and state, in their order.</summary>
    /// <param name="target">A part of the target's key.</param>
    public async Task<IReadOnlyList<string>> OperationsAsync(string target) => await _database.QueryAsync<string[]>(
        "SELECT coalesce(array_agg(action_id || ' ' || state ORDER BY intended_at), '{}') FROM heal.operation_ledger "
        + "WHERE target_key LIKE '%' || $1 || '%'",
        target);

    /// <summary>The incidents of the workload's namespace, whatever their target.</summary>
    public async Task<int> CountIncidentsAsync(Workload workload) =>
        (int)await QueryAsync<long>("SELECT count(*) FROM heal.incident WHERE namespace = $1", workload);

    /// <summary>How many alerts of the workload were attached to its incident.</summary>
    public async Task<int> CountSignalsAsync(Workload workload) => (int)await QueryAsync<long>(
        "SELECT count(*) FROM heal.incident_signal JOIN heal.incident USING (incident_id) WHERE namespace = $1", workload);

    /// <summary>A question to the app's database about the workload's namespace, which is $1.</summary>
    public Task<T> QueryAsync<T>(string sql, Workload workload) => _database.QueryAsync<T>(sql, workload.Namespace);

    /// <summary>Runs the body of a test; its failure is told with what the app and the cluster say.</summary>
    public async Task ExplainAsync(Workload workload, Func<Task> test)
    {
        try
        {
            await test();
        }
        catch (Exception failure)
        {
            string log = string.Join('\n', App.LogLines.TakeLast(LogLinesOfFailure));
            throw new XunitException(
                $"{failure.Message}\n{await workload.DescribeAsync()}\n--- the app's last {LogLinesOfFailure} lines ---\n{log}", failure);
        }
    }

    /// <summary>Prints how long it took from the fault to the alert and to the end of the incident; <c>eng/tests/report.py</c> gathers it.
    /// </summary>
    public Task ReportAsync(string scenario, Workload workload, DateTime faultAt) =>
        ReportAsync(scenario, faultAt, workload.Namespace, "%");

    /// <summary>As for a workload, of the incident of a node.</summary>
    public Task ReportAsync(string scenario, Node node, DateTime faultAt) => ReportAsync(scenario, faultAt, "%", node.Name);

    private async Task ReportAsync(string scenario, DateTime faultAt, string ns, string name)
    {
        // Others of the namespace may wait still for what this one is about.
        const string Of = "FROM heal.incident JOIN heal.incident_signal USING (incident_id) "
            + "WHERE namespace LIKE $1 AND name LIKE $2 AND closed_at IS NOT NULL";
        DateTime[] times = await _database.QueryAsync<DateTime[]>(
            $"SELECT ARRAY[min(starts_at), min(received_at), min(opened_at), max(closed_at)] {Of}", ns, name);
        double[] seconds = [.. times.Select(time => (time - faultAt).TotalSeconds)];
        string outcome = await _database.QueryAsync<string>($"SELECT outcome {Of} ORDER BY closed_at DESC LIMIT 1", ns, name);
        long signals = await _database.QueryAsync<long>($"SELECT count(*) {Of}", ns, name);
        _output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"fault to healed: {scenario}: the alert says {seconds[0]:0.0} s, received {seconds[1]:0.0} s, opened {seconds[2]:0.0} s, "
            + $"{signals} signals; {outcome} after {seconds[3]:0.0} s"));
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await _database.DisposeAsync();
        Directory.Delete(_stateFolder, recursive: true);
    }

    private static bool IsOf(JsonObject incident, string target) =>
        ((string?)incident["status"]?["target"])?.Contains(target, StringComparison.Ordinal) == true;
}

using System.Globalization;
using System.IO.Compression;
using System.Net;
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

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

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

    private string KeyFile => Path.Combine(_stateFolder, "webhook.key");

    private Uri Webhook => new(App.Url, "/api/alerts");

    /// <summary>Starts the app and then the monitoring.</summary>
    /// <param name="webhook">Where Alertmanager posts to; null: to the app.</param>
    /// <param name="kubeconfig">Of the account that it works under; null: the administrator's.</param>
    public static Task<RealHealer> StartAsync(ITestOutputHelper output, Uri? webhook = null, string? kubeconfig = null) =>
        StartAsync(output, webhook, kubeconfig, new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Heal__Watch__Enabled"] = "false",
            ["Heal__Alerts__AlertmanagerUrl"] = Monitoring.AlertmanagerUrl.ToString(),
        });

    /// <summary>
    /// Starts one that looks for faults itself and hears of no alert before <see cref="UntilAlertJoinsAsync"/>: stock rules wait for a
    /// quarter of an hour, and those of the tests, which wait for seconds, must not come before the detection all the same.
    /// </summary>
    /// <param name="hold">A detector and how long its sign must last; null: all detectors have their defaults.</param>
    public static Task<RealHealer> StartWatchingAsync(ITestOutputHelper output, (string Detector, TimeSpan Time)? hold = null)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Heal__Watch__Enabled"] = "true" };
        if (hold is var (detector, time))
        {
            settings[$"Heal__Watch__Detectors__{detector}__Hold"] = time.ToString();
        }

        return StartAsync(output, Monitoring.Nobody, kubeconfig: null, settings);
    }

    private static async Task<RealHealer> StartAsync(
        ITestOutputHelper output, Uri? webhook, string? kubeconfig, IReadOnlyDictionary<string, string> sources)
    {
        AppDatabase database = await AppDatabase.CreateAsync();
        string state = Directory.CreateTempSubdirectory("heal-cluster-").FullName;
        var app = new HealProcess(new Dictionary<string, string>(sources, StringComparer.Ordinal)
        {
            ["HEAL_POSTGRES"] = database.ConnectionString,
            ["HEAL_STATE"] = state,
            ["AzureWebJobsStorage"] = TestServices.Required(TestServices.Azurite),
            ["KUBECONFIG"] = kubeconfig ?? Kubectl.Kubeconfig,
            ["Heal__Kubernetes__Target"] = "cluster",
            // A killed process's locks end with their lease: short here, so that a restart is not waited for.
            ["AzureFunctionsJobHost__extensions__durableTask__storageProvider__workItemLockTimeout"] = "00:00:05",
            ["Logging__LogLevel__Default"] = "Information",
        });
        var healer = new RealHealer(database, state, app, output);
        try
        {
            await app.StartAsync();
            await File.WriteAllTextAsync(healer.KeyFile, HealProcess.FunctionKey);
            await Monitoring.StartAsync(webhook ?? healer.Webhook, healer.KeyFile);
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

    /// <summary>Waits until an incident of the target is in a phase.</summary>
    public async Task<JsonObject> UntilPhaseAsync(string target, string phase)
    {
        IReadOnlyList<JsonObject> seen = [];
        await UntilAsync($"an incident of '{target}' is in phase {phase}", async () =>
            (seen = [.. (await App.GetIncidentsAsync())
                .Where(incident => IsOf(incident, target) && (string?)incident["status"]!["phase"] == phase)]).Count > 0);
        return seen[0];
    }

    /// <summary>Approves, as a person does, what the workload's incident wants to do, once it asks.</summary>
    public Task ApproveAsync(Workload workload) => ApproveAsync($" {workload.Namespace}/");

    /// <summary>As for a workload, of the incident whose target has this in its name.</summary>
    public async Task ApproveAsync(string target)
    {
        await UntilAsync($"the incident of '{target}' takes an answer", async () =>
        {
            JsonObject asking = await UntilPhaseAsync(target, "Approve");
            var path = new Uri($"/api/incidents/{(string?)asking["id"]}/approval", UriKind.Relative);
            using HttpResponseMessage answer = await App.Http.PostAsJsonAsync(path, new { approved = true, by = "on-call" });
            // It looks at its target again when an alert has ended, and asks again after that.
            return answer.StatusCode == HttpStatusCode.Conflict ? false : answer.EnsureSuccessStatusCode().IsSuccessStatusCode;
        });
    }

    /// <summary>
    /// Waits until detection has opened the target's incident, has Alertmanager tell of what fires, and waits until an alert has joined.
    /// </summary>
    /// <param name="target">A part of the target's name.</param>
    public async Task UntilAlertJoinsAsync(string target)
    {
        const string SignalsFrom =
            "SELECT count(*) FROM heal.incident_signal WHERE incident_id = $1 AND status = 'Firing' AND source = $2 AND route = $3";
        string id = "";
        await UntilAsync($"detection has opened an incident of '{target}'", async () =>
            (id = (string?)(await App.GetIncidentsAsync()).FirstOrDefault(incident => IsOf(incident, target))?["id"] ?? "").Length > 0);
        Assert.Equal(1, await _database.QueryAsync<long>(SignalsFrom, id, "Watch", "Started"));
        await Monitoring.StartAsync(Webhook, KeyFile);
        await UntilAsync($"an alert of Alertmanager has joined {id}", async () =>
            await _database.QueryAsync<long>(SignalsFrom, id, "Webhook", "Joined") > 0);
    }

    /// <summary>The alerts that an incident has from one source, each once.</summary>
    public async Task<IReadOnlyList<string>> AlertsAsync(JsonObject incident, string source) => await _database.QueryAsync<string[]>(
        "SELECT coalesce(array_agg(DISTINCT alert_name ORDER BY alert_name), '{}') FROM heal.incident_signal "
        + "WHERE incident_id = $1 AND source = $2 AND status = 'Firing'",
        (string)incident["id"]!, source);

    /// <summary>Where the first signal of an incident came from, and what came of it.</summary>
    public Task<string> FirstSignalAsync(JsonObject incident) => _database.QueryAsync<string>(
        "SELECT source || ' ' || route FROM heal.incident_signal WHERE incident_id = $1 AND number = 1", (string)incident["id"]!);

    /// <summary>Waits, looking twice a second.</summary>
    public static async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!await holds())
        {
            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"Not within {Patience}: {what}.");
            }

            await Task.Delay(Poll);
        }
    }

    /// <summary>What the ledger says of the operations on a target: action and state, in their order.</summary>
    /// <param name="target">A part of the target's key; nothing: all that was done to anything.</param>
    public async Task<IReadOnlyList<string>> OperationsAsync(string target = "") => await _database.QueryAsync<string[]>(
        "SELECT coalesce(array_agg(action_id || ' ' || state ORDER BY intended_at), '{}') FROM heal.operation_ledger "
        + "WHERE target_key LIKE '%' || $1 || '%' AND target_key NOT LIKE 'step/%'",
        target);

    /// <summary>The evidence that was kept of an incident's looks, in their order.</summary>
    public async Task<IReadOnlyList<JsonObject>> EvidenceAsync(JsonObject incident)
    {
        byte[][] kept = await _database.QueryAsync<byte[][]>(
            "SELECT array_agg(content ORDER BY step) FROM heal.evidence_bundle WHERE incident_id = $1", (string)incident["id"]!);
        return [.. kept.Select(Read)];

        static JsonObject Read(byte[] content)
        {
            using var plain = new GZipStream(new MemoryStream(content), CompressionMode.Decompress);
            return JsonNode.Parse(plain)!.AsObject();
        }
    }

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

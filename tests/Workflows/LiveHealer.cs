using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Heal.Activities;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using Heal.Postgres.Tests;
using Heal.Simulator;
using Heal.Simulator.Faults;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Heal.Workflows.Tests;

/// <summary>The healer as it really runs, but for the hub in memory: engine, activities, driver over HTTP to a simulator, store on
/// PostgreSQL.</summary>
public sealed class LiveHealer : IAsyncDisposable
{
    public const string Namespace = "demo";
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // As the shipped one, with the waits of a test.
    private const string Workflow = """
        name: crashloop
        version: "1.0.0"
        description: for tests
        alerts: [{ name: KubePodCrashLooping }, { name: KubeDeploymentRolloutStuck }]
        limits: { maxRisk: R2, maxActions: 1, coolDown: 0s }
        approval: { timeout: 3s }
        actions:
          - id: rollback_deployment
            timeout: 30s
            parameters: { minimumServed: 0s }
            verification: { stableFor: 1s, timeout: 6s, pollEvery: 1s }
        escalation: { to: on-call }
        """;

    private readonly TestDatabase _database = new();
    private readonly SimulatorServer _simulator;
    private readonly IHost _host;

    private LiveHealer(TestDatabase database, SimulatorServer simulator, IHost host) =>
        (_database, _simulator, _host) = (database, simulator, host);

    public DurableTaskClient Client => _host.Services.GetRequiredService<DurableTaskClient>();

    public IKubernetesClient Cluster => _host.Services.GetRequiredService<IKubernetesClient>();

    public string ConnectionString => _database.ConnectionString;

    public IServiceProvider Services => _host.Services;

    public static Task<LiveHealer> StartAsync(string autonomy = "act", params FaultDescription[] faults) =>
        StartAsync(autonomy, faults, new(StringComparer.Ordinal), [("test.yaml", Workflow)], _ => { });

    /// <param name="workflow">Instead of the one that rolls back.</param>
    public static Task<LiveHealer> StartAsync(string autonomy, string workflow) =>
        StartAsync(autonomy, [], new(StringComparer.Ordinal), [("test.yaml", workflow)], _ => { });

    /// <param name="configure">Adds to the services, before the healer's own.</param>
    public static async Task<LiveHealer> StartAsync(
        string autonomy, IReadOnlyList<FaultDescription> faults, Dictionary<string, string?> settings,
        IReadOnlyList<(string File, string Text)> workflows, Action<IServiceCollection> configure)
    {
        var database = new TestDatabase();
        await database.InitializeAsync();
        var simulator = await SimulatorServer.StartAsync(new SimulatorOptions
        {
            Speed = 20, RandomSeed = 7, Objects = DemoSeed.Objects, Faults = [.. DemoSeed.Faults, .. faults],
        });
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Heal:Limits:RecentlyRemediated"] = "00:00:00" });
        builder.Configuration.AddInMemoryCollection(settings);
        configure(builder.Services);
        builder.Services.AddKubernetesClient(options => options.Server = new Uri(simulator.Url));
        builder.Services.AddHealer(builder.Configuration, database.ConnectionString);
        builder.Services.AddSingleton(services =>
            WorkflowCatalogue.Parse([.. workflows], services.GetRequiredService<ActionCatalogue>().Descriptors));
        var hub = new Microsoft.DurableTask.InMemory.InMemoryTaskHub(TimeProvider.System);
        builder.Services.AddDurableTaskClient(client => client.UseTaskHub(_ => hub).RegisterDirectly());
        builder.Services.AddDurableTaskWorker(worker =>
            worker.UseTaskHub(_ => hub).AddTasks(tasks =>
                tasks.AddHealerTasks().AddActivity<StartIncidentActivity>().AddActivity<StartExpiryActivity>()
                    .AddActivity<RouteSignalsActivity>()));
        var host = builder.Build();
        await host.StartAsync();
        var healer = new LiveHealer(database, simulator, host);
        await healer.AnnotateAsync("web", KubernetesNames.Autonomy, autonomy);
        await healer.UntilAsync("web", deployment => deployment.Status?.AvailableReplicas == 3);
        return healer;
    }

    public Task<Deployment> DeploymentAsync(string name = "web") => Cluster.GetAsync<Deployment>(Namespace, name);

    public Task AnnotateAsync(string name, string annotation, string value) =>
        PatchAsync(name, Nested(["metadata", "annotations", annotation], value));

    public Task PatchAsync(string name, JsonObject patch) =>
        Cluster.PatchAsync<Deployment>(Namespace, name, Patch.Merge(patch), new WriteOptions { FieldManager = "kubectl-patch" });

    /// <summary>As a kubelet, or the controller that misses it.</summary>
    public async Task PatchNodeStatusAsync(string node, string json)
    {
        using var http = new HttpClient { BaseAddress = new Uri(_simulator.Url) };
        using var content = new StringContent(json, System.Text.Encoding.UTF8, "application/strategic-merge-patch+json");
        using var answer = await http.PatchAsync(new Uri($"/api/v1/nodes/{node}/status", UriKind.Relative), content);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    public async Task AddFaultAsync(FaultDescription fault)
    {
        using var http = new HttpClient { BaseAddress = new Uri(_simulator.Url) };
        using var answer = await http.PostAsJsonAsync("/simulator/faults", fault);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static JsonObject Nested(IReadOnlyList<string> path, JsonNode value) =>
        new() { [path[0]] = path.Count == 1 ? value : Nested([.. path.Skip(1)], value) };

    /// <summary>As somebody who mounts a bad ConfigMap.</summary>
    public async Task BreakAsync()
    {
        await Cluster.CreateAsync(new ConfigMap
        {
            Metadata = new ObjectMeta { Name = "web-bad", Namespace = Namespace },
            Data = new Dictionary<string, string> { ["mode"] = "broken" },
        });
        var volume = new JsonObject { ["name"] = "config", ["configMap"] = new JsonObject { ["name"] = "web-bad" } };
        await PatchAsync("web", Nested(["spec", "template", "spec", "volumes"], new JsonArray(volume)));
        await UntilPodAsync(pod => pod.Status?.ContainerStatuses?.Any(status => status.RestartCount > 0) == true);
    }

    public async Task<Pod> UntilPodAsync(Func<Pod, bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        await foreach (var change in Cluster.WatchAsync<Pod>(Namespace, new WatchOptions { LabelSelector = "app=web" }, limit.Token))
        {
            if (change.Type != WatchEventType.Deleted && condition(change.Object)) return change.Object;
        }

        throw new TimeoutException("no pod got there");
    }

    public async Task<Deployment> UntilAsync(string name, Func<Deployment, bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        await foreach (var change in Cluster.WatchAsync<Deployment>(
            Namespace, new WatchOptions { FieldSelector = $"metadata.name={name}" }, limit.Token))
        {
            if (condition(change.Object)) return change.Object;
        }

        throw new TimeoutException($"{name} did not get there");
    }

    public static Signal Alert(string name, string fingerprint, params (string Name, string Value)[] labels)
    {
        var all = labels.Append(("alertname", name)).ToDictionary(label => label.Item1, label => label.Item2);
        var now = DateTimeOffset.UtcNow;
        return Signal.Of(
            new Alert(name, AlertStatus.Firing, all, new Dictionary<string, string>(), now, null, fingerprint), SignalSource.Webhook, now);
    }

    /// <summary>Stores a signal and has it routed as the doors do, and waits for where it went.</summary>
    public async Task<RouteOutcome> RouteAsync(Signal signal)
    {
        using var limit = new CancellationTokenSource(Patience);
        await _host.Services.GetRequiredService<ISignalWriter>().WriteAsync([signal], limit.Token);
        await Client.ScheduleNewOrchestrationInstanceAsync(
            OrchestrationNames.RouteSignals,
            new RoutingRun(),
            new StartOrchestrationOptions(OrchestrationNames.RouteSignalsId),
            limit.Token);
        await CompletedAsync(OrchestrationNames.RouteSignalsId, limit.Token);
        if (await Client.GetInstanceAsync(signal.InstanceId, limit.Token) is not null)
        {
            return (await CompletedAsync(signal.InstanceId, limit.Token)).ReadOutputAs<RouteOutcome>()!;
        }

        var found = (await _host.Services.GetRequiredService<IReceivedSignals>().FindAsync(signal.Id, limit.Token))!;
        Assert.True(found.State == SignalProgress.Routed, $"{found.State}: {found.Reason}");
        return new RouteOutcome(signal.Id, found.Kind!.Value, found.IncidentId, null, found.Reason!);
    }

    /// <summary>Routes a signal as programs did that knew no table of received signals.</summary>
    public async Task<RouteOutcome> RouteAsBeforeAsync(Signal signal)
    {
        using var limit = new CancellationTokenSource(Patience);
        await Client.ScheduleNewOrchestrationInstanceAsync(
            OrchestrationNames.RouteSignal, signal, new StartOrchestrationOptions(signal.InstanceId), limit.Token);
        return (await CompletedAsync(signal.InstanceId, limit.Token)).ReadOutputAs<RouteOutcome>()!;
    }

    /// <summary>The incident as it is shown once it waits for a person.</summary>
    public async Task<IncidentStatus> QuestionAsync(string incident)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            var seen = await Client.GetInstanceAsync(incident, getInputsAndOutputs: true, limit.Token);
            if (seen is { SerializedCustomStatus: not null } && seen.ReadCustomStatusAs<IncidentStatus>() is { Phase: Phase.Approve } asked)
            {
                return asked;
            }

            await Task.Delay(20, limit.Token);
        }
    }

    public async Task<IncidentOutcome> OutcomeAsync(string incident)
    {
        using var limit = new CancellationTokenSource(Patience);
        return (await CompletedAsync(incident, limit.Token)).ReadOutputAs<IncidentOutcome>()!;
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        await _simulator.DisposeAsync();
        await _database.DisposeAsync();
    }

    private async Task<OrchestrationMetadata> CompletedAsync(string instance, CancellationToken limit)
    {
        var done = await Client.WaitForInstanceCompletionAsync(instance, getInputsAndOutputs: true, limit);
        Assert.True(done.RuntimeStatus == OrchestrationRuntimeStatus.Completed, done.FailureDetails?.ToString());
        return done;
    }

    /// <summary>Stands for the one that the triggers bring along.</summary>
    [DurableTask(ActivityNames.RouteSignals)]
    private sealed class RouteSignalsActivity(ISignalRouter router, DurableTaskClient client) : TaskActivity<RoutingRun, RoutingReport>
    {
        public override Task<RoutingReport> RunAsync(TaskActivityContext context, RoutingRun? input) =>
            router.RouteAsync(new Incidents(client), CancellationToken.None);
    }

    private sealed class Incidents(DurableTaskClient client) : IIncidents
    {
        public Task StartAsync(IncidentInput incident, Signal signal, CancellationToken cancellationToken) =>
            StartOnceAsync(OrchestrationNames.Incident, incident.IncidentId, incident, cancellationToken);

        public Task TellAsync(string incidentId, Signal signal, CancellationToken cancellationToken) =>
            client.RaiseEventAsync(incidentId, SignalEvent.Name, SignalEvent.Of(signal), cancellationToken);

        public Task LookAsync(Signal signal, CancellationToken cancellationToken) =>
            StartOnceAsync(OrchestrationNames.RouteSignal, signal.InstanceId, signal, cancellationToken);

        public async Task<LookProgress> FindLookAsync(Signal signal, CancellationToken cancellationToken) =>
            (await client.GetInstanceAsync(signal.InstanceId, cancellationToken))?.IsCompleted switch
            {
                true => LookProgress.Done,
                false => LookProgress.UnderWay,
                null => LookProgress.Lost,
            };

        private async Task StartOnceAsync(string name, string id, object input, CancellationToken cancellationToken)
        {
            if (await client.GetInstanceAsync(id, cancellationToken) is not null) return;
            await client.ScheduleNewOrchestrationInstanceAsync(name, input, new StartOrchestrationOptions(id), cancellationToken);
        }
    }

    /// <summary>Stands for the one that the triggers bring along.</summary>
    [DurableTask(ActivityNames.StartIncident)]
    private sealed class StartIncidentActivity(DurableTaskClient client) : TaskActivity<IncidentInput, string>
    {
        public override async Task<string> RunAsync(TaskActivityContext context, IncidentInput? input)
        {
            var id = input!.IncidentId;
            if (await client.GetInstanceAsync(id) is not null) return id;
            return await client.ScheduleNewOrchestrationInstanceAsync(
                OrchestrationNames.Incident, input, new StartOrchestrationOptions(id));
        }
    }

    /// <summary>Stands for the one that the triggers bring along.</summary>
    [DurableTask(ActivityNames.StartExpiry)]
    private sealed class StartExpiryActivity(DurableTaskClient client) : TaskActivity<ExpiryRequest, string>
    {
        public override async Task<string> RunAsync(TaskActivityContext context, ExpiryRequest? input)
        {
            var id = input!.InstanceId;
            if (await client.GetInstanceAsync(id) is not null) return id;
            return await client.ScheduleNewOrchestrationInstanceAsync(
                OrchestrationNames.ExpireAction, input, new StartOrchestrationOptions(id));
        }
    }
}

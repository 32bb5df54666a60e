using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using Heal.Postgres;
using Heal.Postgres.Tests;
using Heal.Simulator;

namespace Heal.Activities.Tests;

/// <summary>One simulated cluster and one store for all tests of a class; each test has a namespace of its own.</summary>
public class Shop : IAsyncLifetime
{
    // The pods of every test stay: enough nodes for all of them, at 110 each.
    private const int Nodes = 25;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TestDatabase _database = new();
    private readonly HttpClient _http = new();
    private readonly CleanupOptions _cleanup = new();
    private readonly SourceOptions _sources = new() { PullSecretNamespace = Truth };
    private SimulatorServer? _simulator;
    private HealDatabase? _healDatabase;
    private int _count;

    public KubernetesClient Client { get; private set; } = null!;

    /// <summary>Where the cluster is.</summary>
    internal ClusterAddress Cluster { get; private set; } = null!;

    internal IHealStore Store { get; private set; } = null!;

    internal EvidenceStore Kept { get; private set; } = null!;

    internal IHandOffs HandOffs { get; private set; } = null!;

    internal IExpiries Expiries { get; private set; } = null!;

    /// <summary>Where the nodes' kubelets run commands in containers; 0: nowhere.</summary>
    internal virtual int KubeletPort => 0;

    /// <summary>A management controller for every node, which speaks Redfish.</summary>
    internal RedfishController Controllers { get; } = new();

    internal INodePower Power { get; private set; } = null!;

    /// <summary>The namespace with the true pull secrets.</summary>
    public const string Truth = "truth";

    internal ActionPorts Ports { get; private set; } = ActionPorts.None;

    /// <summary>For a second process that works on this world, as it is now.</summary>
    internal ShopFacts Facts => new(
        Cluster, _database.ConnectionString, Controllers.Options, Monitoring.Url, Desk.Url, Desk.Notify, Etcd.Options, _cleanup, _sources);

    /// <summary>A monitoring beside the cluster.</summary>
    internal Monitoring Monitoring { get; } = new();

    internal AlertDesk Desk { get; } = new();

    internal EtcdMembers Etcd { get; } = new();

    public async Task InitializeAsync()
    {
        await _database.InitializeAsync();
        _healDatabase = new HealDatabase(PostgresDataSource.Create(_database.ConnectionString, HealStore.Schema, "test"), HealStore.Schema);
        await _healDatabase.MigrateAsync(CancellationToken.None);
        Store = new HealStore(_healDatabase.DataSource);
        HandOffs = new HandOffStore(_healDatabase.DataSource);
        Expiries = new ExpiryStore(_healDatabase.DataSource);
        Kept = new EvidenceStore(_healDatabase.DataSource, TimeProvider.System);
        Cluster = await StartClusterAsync();
        await Controllers.StartAsync();
        await Monitoring.StartAsync();
        await Desk.StartAsync();
        await Etcd.StartAsync();
        Client = Cluster.Connect();
        (Power, Ports) = (Facts.Power(_http), Facts.Ports(_http, Client, Store, Kept));
        await new Stall(this, Truth).CreateAsync("{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"$ns\"}}");
    }

    public async Task DisposeAsync()
    {
        Client.Dispose();
        await Controllers.DisposeAsync();
        await Monitoring.DisposeAsync();
        await Desk.DisposeAsync();
        await Etcd.DisposeAsync();
        _http.Dispose();
        await StopClusterAsync();
        await _healDatabase!.DisposeAsync();
        await _database.DisposeAsync();
        foreach (var folder in _cleanup.Paths.Where(Directory.Exists)) Directory.Delete(folder, recursive: true);
    }

    internal async Task<Stall> OpenAsync()
    {
        var ns = $"shop-{Interlocked.Increment(ref _count)}";
        var stall = new Stall(this, ns);
        await stall.CreateAsync($$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{ns}}}"}}""");
        await FurnishAsync(stall);
        return stall;
    }

    /// <summary>Starts the cluster of all tests of the class: a simulator.</summary>
    private protected virtual async Task<ClusterAddress> StartClusterAsync()
    {
        _simulator = await SimulatorServer.StartAsync(new SimulatorOptions
        {
            Speed = 50, RandomSeed = 7, Nodes = [.. Enumerable.Range(1, Nodes).Select(number => $"node-{number}")],
        });
        return new ClusterAddress(new Uri(_simulator.Url), null);
    }

    private protected virtual async Task StopClusterAsync() => await _simulator!.DisposeAsync();

    /// <summary>Brings into a new namespace what its tests expect there.</summary>
    private protected virtual Task FurnishAsync(Stall stall) => Task.CompletedTask;
}

/// <summary>A namespace of a test, and short words for what tests do in it.</summary>
internal sealed class Stall(Shop shop, string ns)
{
    public string Namespace { get; } = ns;

    public KubernetesClient Client => shop.Client;

    public IHealStore Store => shop.Store;

    private Uri Server => shop.Cluster.Server ?? throw new NotSupportedException("only a simulator can do that");

    /// <summary>Stands for the kubelet where there are none; null where the simulator has its own.</summary>
    public StandInKubelet? Kubelet { get; set; }

    public RedfishController Controllers => shop.Controllers;

    public Monitoring Monitoring => shop.Monitoring;

    public AlertDesk Desk => shop.Desk;

    public CleanupOptions Cleanup => shop.Ports.Cleanup;

    public EtcdMembers Etcd => shop.Etcd;

    public EvidenceStore Kept => shop.Kept;

    public SourceOptions Sources => shop.Ports.Sources;

    private bool _hasNodes;

    /// <summary>Values that a test's setup hands to its later parts.</summary>
    public Dictionary<string, string> Notes { get; } = new(StringComparer.Ordinal);

    public TargetReference Target(string kind, string name) =>
        new("test", kind, TargetKinds.IsNamespaced(kind) ? Namespace : "", name);

    public async Task<JsonObject> CreateAsync(string json, string manager = "kubectl-create")
    {
        var body = JsonNode.Parse(json.Replace("$ns", Namespace, StringComparison.Ordinal))!.AsObject();
        var kind = ResourceKind.FromApiVersion((string)body["apiVersion"]!, (string)body["kind"]!);
        if (Kubelet is not null)
        {
            // A real cluster serves what it serves, and its pods belong on nodes that somebody stands for.
            kind = kind with { Version = null };
            body.Remove("apiVersion");
            Place(body);
        }

        var made = KubernetesObject.FromJson<KubernetesObject>(body);
        return (await Client.CreateAsync(kind, made, new WriteOptions { FieldManager = manager })).ToJson();
    }

    /// <summary>On a real cluster: puts the pods of a workload on the nodes of this namespace.</summary>
    public JsonObject Place(JsonObject workload)
    {
        var owner = workload.At("spec", "jobTemplate") ?? workload;
        if (Kubelet is not null && owner.At("spec", "template", "spec") is JsonObject pod)
        {
            Merge(pod, JsonNode.Parse(Placement)!.AsObject());
        }

        return workload;
    }

    public Task<JsonObject> CreateInAsync(string json, string manager = "kubectl-create")
    {
        var body = JsonNode.Parse(json.Replace("$ns", Namespace, StringComparison.Ordinal))!.AsObject();
        body["metadata"]!["namespace"] = Namespace;
        return CreateAsync(body.ToJsonString(), manager);
    }

    public async Task<JsonObject?> FindAsync(ResourceKind kind, string name, bool clusterWide = false) =>
        (await Client.TryGetAsync<KubernetesObject>(kind, clusterWide ? null : Namespace, name))?.ToJson();

    public async Task<JsonObject> GetAsync(ResourceKind kind, string name, bool clusterWide = false) =>
        await FindAsync(kind, name, clusterWide) ?? throw new InvalidOperationException($"{kind} {name} is not there");

    public async Task<IReadOnlyList<JsonObject>> ListAsync(ResourceKind kind, string? labels = null) =>
        [.. (await Client.ListAsync<KubernetesObject>(kind, Namespace, new Heal.Drivers.Kubernetes.ListOptions { LabelSelector = labels }))
            .Items.Select(item => item.ToJson())];

    public async Task<JsonObject> PatchAsync(
        ResourceKind kind, string name, string merge, string manager = "their-tool", bool clusterWide = false) =>
        (await Client.PatchAsync<KubernetesObject>(kind, clusterWide ? null : Namespace, name,
            Patch.Merge(JsonNode.Parse(merge)!), new WriteOptions { FieldManager = manager })).ToJson();

    public async Task<JsonObject> UntilAsync(ResourceKind kind, string name, Func<JsonObject, bool> holds, bool clusterWide = false)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var options = new WatchOptions { FieldSelector = $"metadata.name={name}" };
        JsonObject? last = null;
        try
        {
            await foreach (var change in Client.WatchAsync<KubernetesObject>(kind, clusterWide ? null : Namespace, options, limit.Token))
            {
                last = change.Object.ToJson();
                if (holds(last)) return last;
            }
        }
        catch (OperationCanceledException)
        {
        }

        throw new TimeoutException($"{kind} {name} did not get there: {last?.ToJsonString()}");
    }

    /// <summary>Waits for any object of a kind in the namespace that looks so.</summary>
    public async Task<JsonObject> UntilAnyAsync(ResourceKind kind, Func<JsonObject, bool> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await foreach (var change in Client.WatchAsync<KubernetesObject>(kind, Namespace, new WatchOptions(), limit.Token))
        {
            if (change.Type != WatchEventType.Deleted && change.Object.ToJson() is var live && holds(live)) return live;
        }

        throw new TimeoutException($"no {kind} got there");
    }

    /// <summary>Stands for a controller that the simulator does not have: acts on every change until the cluster is gone.</summary>
    public async Task FollowAsync(ResourceKind kind, Func<JsonObject, bool, Task> act)
    {
        try
        {
            await foreach (var change in Client.WatchAsync<KubernetesObject>(kind, Namespace, new WatchOptions()))
            {
                await act(change.Object.ToJson(), change.Type == WatchEventType.Deleted);
            }
        }
        catch (Exception e) when (e is KubernetesUnreachableException or ObjectDisposedException or OperationCanceledException
            or HttpRequestException)
        {
            // The cluster of the test is gone.
        }
    }

    /// <summary>Writes a status, as its controller would.</summary>
    public Task<KubernetesObject> SetStatusAsync(ResourceKind kind, string name, string merge, bool clusterWide = false) =>
        Client.PatchAsync<KubernetesObject>(kind, clusterWide ? null : Namespace, name,
            Patch.Merge(JsonNode.Parse(merge)!), new WriteOptions { Subresource = "status" });

    /// <summary>Puts a fault of the simulator in force, under a name of this namespace.</summary>
    public async Task AddFaultAsync(string fault)
    {
        var json = JsonNode.Parse(fault.Replace("$ns", Namespace, StringComparison.Ordinal))!.AsObject();
        if (Kubelet is not null && json.At("memory", "needs") is not null)
        {
            await Kubelet.KillForMemoryAsync();
            return;
        }

        if (Kubelet is not null && json["neverReady"] is not null)
        {
            var labels = json.Texts("match", "podLabels").Select(label => $"{label.Key}={label.Value}");
            await Kubelet.SayReadyAsync(false, string.Join(',', labels));
            return;
        }

        json["name"] = Namespace;
        using var http = new HttpClient { BaseAddress = Server };
        using var body = new StringContent(json.ToJsonString(), System.Text.Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(new Uri("simulator/faults", UriKind.Relative), body);
        answer.EnsureSuccessStatusCode();
    }

    public async Task RemoveFaultAsync()
    {
        if (Kubelet is not null)
        {
            await Kubelet.SayReadyAsync(true);
            return;
        }

        using var http = new HttpClient { BaseAddress = Server };
        using var answer = await http.DeleteAsync(new Uri($"simulator/faults/{Namespace}", UriKind.Relative));
    }

    /// <summary>Two nodes that only pods of this namespace tolerate: "ns-a" and "ns-b".</summary>
    public async Task AddNodesAsync()
    {
        if (_hasNodes) return;
        _hasNodes = true;
        var kubelet = shop.KubeletPort == 0 ? "" : $$"""
            "addresses": [ { "type": "InternalIP", "address": "127.0.0.1" } ],
            "daemonEndpoints": { "kubeletEndpoint": { "Port": {{shop.KubeletPort}} } },
            """;
        foreach (var side in (string[])["a", "b"])
        {
            await CreateAsync($$"""
                {
                  "apiVersion": "v1", "kind": "Node",
                  "metadata": { "name": "{{Namespace}}-{{side}}", "labels": { "stall": "{{Namespace}}" } },
                  "spec": { "taints": [ { "key": "stall", "value": "{{Namespace}}", "effect": "NoSchedule" } ] },
                  "status": {
                    {{kubelet}}
                    "allocatable": { "cpu": "4", "memory": "8Gi", "pods": "110" },
                    "conditions": [ { "type": "Ready", "status": "True" } ]
                  }
                }
                """);
        }
    }

    /// <summary>What a Deployment needs beside the standard to run on those nodes.</summary>
    public string OnNodes => $$"""{ "spec": { "template": { "spec": {{Placement}} } } }""";

    private string Placement => $$"""
        { "nodeSelector": { "stall": "{{Namespace}}" }, "tolerations": [ { "key": "stall", "operator": "Exists" } ],
          "automountServiceAccountToken": false }
        """;

    public Task CordonAsync(string side, bool cordoned = true) => PatchAsync(
        Kinds.Node, $"{Namespace}-{side}", $"{{\"spec\":{{\"unschedulable\":{(cordoned ? "true" : "null")}}}}}", "kubectl-cordon", true);

    /// <summary>A Deployment with pods that are ready.</summary>
    public async Task<JsonObject> DeployAsync(string name, int replicas, string image = "registry.example/app:1.0", string extra = "{}")
    {
        var body = JsonNode.Parse($$"""
            {
              "apiVersion": "apps/v1", "kind": "Deployment",
              "metadata": { "name": "{{name}}", "namespace": "{{Namespace}}", "labels": { "app": "{{name}}" } },
              "spec": {
                "replicas": {{replicas}}, "selector": { "matchLabels": { "app": "{{name}}" } },
                "template": {
                  "metadata": { "labels": { "app": "{{name}}" } },
                  "spec": { "containers": [ {
                    "name": "app", "image": "{{image}}",
                    "resources": { "requests": { "cpu": "50m", "memory": "64Mi" }, "limits": { "cpu": "100m", "memory": "128Mi" } } } ] }
                }
              }
            }
            """)!.AsObject();
        Merge(body, JsonNode.Parse(extra)!.AsObject());
        await CreateAsync(body.ToJsonString());
        return await UntilAsync(Kinds.Deployment, name, live =>
            live.Whole("status", "observedGeneration") >= live.Whole("metadata", "generation")
            && ((live.Whole("status", "readyReplicas") ?? 0) == replicas || image.EndsWith("missing", StringComparison.Ordinal)));
    }

    private static void Merge(JsonObject into, JsonObject from)
    {
        foreach (var (name, value) in from)
        {
            if (into[name] is JsonObject inner && value is JsonObject more) Merge(inner, more);
            else into[name] = value?.DeepClone();
        }
    }
}

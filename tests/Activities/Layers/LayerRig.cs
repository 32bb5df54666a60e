using System.Text;
using Heal.Drivers.Kubernetes;
using Heal.Healing;
using Heal.Simulator;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Heal.Activities.Tests;

/// <summary>A simulated cluster with nodes <c>n1</c> and <c>n2</c>, a libvirt host in memory, and what ties them.</summary>
internal sealed class LayerRig : IAsyncDisposable
{
    private readonly SimulatorServer _simulator;
    private readonly HttpClient _http;
    private readonly LayerMap _map;

    private LayerRig(SimulatorServer simulator, MachineRig machines, bool hasHosts)
    {
        (_simulator, Machines) = (simulator, machines);
        _http = new HttpClient { BaseAddress = new Uri(simulator.Url) };
        var client = new KubernetesClientFactory(TimeProvider.System, NullLoggerFactory.Instance)
            .Create(new KubernetesClientOptions { Server = new Uri(simulator.Url) });
        Client = client;
        var tools = hasHosts ? machines.Tools : machines.Tools with { Hosts = new NoLibvirtHosts() };
        _map = new LayerMap(Client, tools, new Fixed<LayerOptions>(Options), machines.Time);
        Layers = new Layers(
            _map, Client, new MachineCollector(tools), Incidents, new Fixed<LayerOptions>(Options), new Fixed<HealOptions>(Heal),
            machines.Time);
        Realms = new TargetRealms(
            [new ClusterRealm(Client, null!, new Fixed<HealOptions>(Heal)), new MachineRealm(tools, new MachineCollector(tools))],
            new Fixed<HealOptions>(Heal), Layers);
        Calls = new RecordedCalls(client.Server);
    }

    public MachineRig Machines { get; }

    public IKubernetesClient Client { get; }

    public Layers Layers { get; }

    public TargetRealms Realms { get; }

    public RecordedCalls Calls { get; }

    public LayerOptions Options { get; } = new();

    public HealOptions Heal { get; } = new() { Cluster = "test" };

    public Noted Incidents { get; } = new();

    public static async Task<LayerRig> StartAsync(MachineStore store, bool hasHosts = true)
    {
        var simulator = await SimulatorServer.StartAsync(new SimulatorOptions { Nodes = ["n1", "n2"], Speed = 20 });
        return new LayerRig(simulator, new MachineRig(store), hasHosts);
    }

    /// <summary>A guest that runs, and a node that is this guest.</summary>
    public async Task<FakeGuest> NodeAsync(string node = "n1", string vm = "<vm desired='running' autonomy='act'/>")
    {
        var guest = Machines.Guest(vm, node == "n1" ? "web" : node);
        await StatusAsync(node, $$$"""{"status":{"nodeInfo":{"systemUUID":"{{{guest.Uuid}}}"} } }""");
        await Machines.LookAsync();
        return guest;
    }

    public Task ReadyAsync(string node, bool ready) => StatusAsync(node, $$$"""
        {"status":{"conditions":[{"type":"Ready","status":"{{{(ready ? "True" : "Unknown")}}}","reason":"{{{(ready ? "KubeletReady"
            : "NodeStatusUnknown")}}}"}]} }
        """);

    public Task AddressAsync(string node, string address) => StatusAsync(node, $$$"""
        {"status":{"addresses":[{"type":"InternalIP","address":"{{{address}}}"}]} }
        """);

    public async Task PodAsync(string name, string node)
    {
        using var content = Json($$$"""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}"},
             "spec":{"nodeName":"{{{node}}}","containers":[{"name":"main","image":"nginx:1.25"}]} }
            """, "application/json");
        using var answer = await _http.PostAsync(new Uri("/api/v1/namespaces/default/pods", UriKind.Relative), content);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>A firing alert, and what it is about in the end.</summary>
    public Task<TargetResolution> ResolveAsync(string alert, params (string Name, string Value)[] labels) =>
        ResolveAsync(AlertStatus.Firing, alert, labels);

    public Task<TargetResolution> ResolveAsync(AlertStatus status, string alert, params (string Name, string Value)[] labels)
    {
        var all = labels.Append(("alertname", alert)).ToDictionary(label => label.Item1, label => label.Item2);
        var signal = Signal.Of(
            new Alert(alert, status, all, new Dictionary<string, string>(), Some.Noon, null, "f"), SignalSource.Queue, Some.Noon);
        return Realms.NewResolver().ResolveAsync(signal, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        Calls.Dispose();
        _map.Dispose();
        _http.Dispose();
        await _simulator.DisposeAsync();
    }

    private async Task StatusAsync(string node, string json)
    {
        using var content = Json(json, "application/strategic-merge-patch+json");
        using var answer = await _http.PatchAsync(new Uri($"/api/v1/nodes/{node}/status", UriKind.Relative), content);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static StringContent Json(string json, string type) => new(json, Encoding.UTF8, type);

    /// <summary>Incidents as the test says.</summary>
    internal sealed class Noted : IOpenIncidents
    {
        public Dictionary<string, LatestIncident> Latest { get; } = new(StringComparer.Ordinal);

        public Task<LatestIncident?> LatestAsync(TargetReference target, CancellationToken cancellationToken) =>
            Task.FromResult(Latest.GetValueOrDefault(target.Key));
    }

    private sealed class Fixed<T>(T options) : IOptionsMonitor<T>
    {
        public T CurrentValue => options;

        public T Get(string? name) => options;

        public IDisposable? OnChange(Action<T, string?> listener) => null;
    }
}

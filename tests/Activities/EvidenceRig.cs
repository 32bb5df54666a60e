using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using Heal.Postgres;
using Heal.Postgres.Tests;
using Heal.Simulator;
using Heal.Simulator.Faults;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Heal.Activities.Tests;

/// <summary>A simulator with whatever objects a test wants, a driver that speaks HTTP to it, and the collector on top.</summary>
internal sealed class EvidenceRig : IAsyncDisposable
{
    public const string Namespace = "shop";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TestDatabase _database = new();
    private readonly HttpClient _http = new();
    private SimulatorServer? _simulator;
    private HealDatabase? _healDatabase;

    public KubernetesClient Client { get; private set; } = null!;

    public EvidenceOptions Options { get; } = new();

    public TimeProvider Time { get; set; } = TimeProvider.System;

    public EvidenceStore Kept => new(_healDatabase!.DataSource, Time);

    public static async Task<EvidenceRig> StartAsync(params string[] objects) =>
        await StartAsync(objects.SelectMany(text => Parse(text)), []);

    /// <param name="speed">Of the simulated cluster's waits; slow enough that it does not take the processor from what is
    /// measured.</param>
    public static async Task<EvidenceRig> StartAsync(
        IEnumerable<JsonObject> objects, IReadOnlyList<FaultDescription> faults, double speed = 100)
    {
        var rig = new EvidenceRig();
        await rig._database.InitializeAsync();
        rig._healDatabase = new HealDatabase(
            PostgresDataSource.Create(rig._database.ConnectionString, HealStore.Schema, "test"), HealStore.Schema);
        await rig._healDatabase.MigrateAsync(CancellationToken.None);
        rig._simulator = await SimulatorServer.StartAsync(
            new SimulatorOptions { Speed = speed, RandomSeed = 7, Objects = [.. objects], Faults = faults });
        rig.Client = new KubernetesClientFactory(TimeProvider.System, NullLoggerFactory.Instance)
            .Create(new KubernetesClientOptions { Server = new Uri(rig._simulator.Url), MaxAttempts = 2 });
        return rig;
    }

    public EvidenceCollector Collector() => CollectorOf(Client, new HealStore(_healDatabase!.DataSource), Options, Time);

    /// <summary>A collector of any cluster.</summary>
    public static EvidenceCollector CollectorOf(IKubernetesClient client, IHealStore store, EvidenceOptions options, TimeProvider time)
    {
        var settings = new Settings(new HealOptions { Evidence = options });
        return new EvidenceCollector(client, store, new AutonomyReader(client, settings, time), settings, time);
    }

    public CollectEvidenceActivity Activity()
    {
        var settings = new Settings(new HealOptions { Evidence = Options });
        var realms = new TargetRealms([new ClusterRealm(Client, Collector(), settings)], settings);
        return new CollectEvidenceActivity(realms, new EvidenceKeeper(realms, Kept, settings));
    }

    public Task<EvidenceBundle> CollectAsync(string kind, string name, string ns = Namespace) =>
        Collector().CollectAsync(new TargetReference("test", kind, ns, name));

    /// <summary>Creates objects as they are written, one after the other; the uids of owners and the status are filled in.</summary>
    public async Task CreateAsync(params string[] objects)
    {
        foreach (var text in objects)
        {
            foreach (var item in Parse(text)) await CreateAsync(item);
        }
    }

    public async Task<KubernetesObject> CreateAsync(JsonObject item)
    {
        item["metadata"]!["namespace"] ??= Namespace;
        var kind = ResourceKind.FromApiVersion((string)item["apiVersion"]!, (string)item["kind"]!);
        if ((await Client.DiscoverAsync(kind))?.Namespaced == false) item["metadata"]!.AsObject().Remove("namespace");
        foreach (var owner in item["metadata"]!["ownerReferences"]?.AsArray() ?? [])
        {
            if (owner!["uid"] is not null) continue;
            var of = ResourceKind.FromApiVersion((string)owner["apiVersion"]!, (string)owner["kind"]!);
            owner["uid"] = (await Client.GetAsync<KubernetesObject>(of, Namespace, (string)owner["name"]!)).Metadata.Uid;
        }

        var status = item["status"]?.DeepClone();
        var made = await Client.CreateAsync(kind, KubernetesObject.FromJson<KubernetesObject>(item));
        if (status is null) return made;
        var path = made.Metadata.Namespace is { } ns ? $"/namespaces/{ns}" : "";
        var resource = (await Client.DiscoverAsync(kind))!;
        var root = resource.Group.Length == 0 ? "api" : "apis";
        using var body = JsonContent.Create(new JsonObject { ["status"] = status }, mediaType: new("application/merge-patch+json"));
        using var answer = await _http.PatchAsync(
            new Uri($"{_simulator!.Url}/{root}/{resource.ApiVersion}{path}/{resource.Plural}/{made.Metadata.Name}/status"), body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return made;
    }

    public async Task AddFaultAsync(FaultDescription fault)
    {
        using var answer = await _http.PostAsJsonAsync(new Uri($"{_simulator!.Url}/simulator/faults"), fault);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    public async Task RemoveFaultAsync(string name)
    {
        using var answer = await _http.DeleteAsync(new Uri($"{_simulator!.Url}/simulator/faults/{name}"));
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>The API answers a path with a status for ever.</summary>
    public Task RefuseAsync(string path, int status) =>
        AddFaultAsync(new FaultDescription { Api = new ApiEffect("status", status, Path: path) });

    public Task<T> UntilAsync<T>(string name, Func<T, bool> condition) where T : KubernetesObject =>
        UntilAsync(ResourceKind.Of<T>(), name, condition);

    public async Task<T> UntilAsync<T>(ResourceKind kind, string name, Func<T, bool> condition) where T : KubernetesObject
    {
        using var limit = new CancellationTokenSource(Patience);
        await foreach (var change in Client.WatchAsync<T>(kind, Namespace, cancellationToken: limit.Token))
        {
            if ((name.Length == 0 || change.Object.Metadata.Name == name) && condition(change.Object)) return change.Object;
        }

        throw new TimeoutException($"{name} did not get there");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        Client.Dispose();
        await _simulator!.DisposeAsync();
        await _healDatabase!.DisposeAsync();
        await _database.DisposeAsync();
    }

    public static IEnumerable<JsonObject> Parse(string text) => JsonNode.Parse(text) is JsonArray many
        ? many.Select(item => item!.DeepClone().AsObject()).ToList() : [JsonNode.Parse(text)!.AsObject()];

    private sealed class Settings(HealOptions options) : IOptionsMonitor<HealOptions>
    {
        public HealOptions CurrentValue => options;

        public HealOptions Get(string? name) => options;

        public IDisposable? OnChange(Action<HealOptions, string?> listener) => null;
    }
}

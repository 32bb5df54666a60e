using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using Heal.Postgres;
using Heal.Postgres.Tests;
using Heal.Simulator;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Activities.Tests;

/// <summary>A simulator with the demo's Deployment "web", a driver that speaks HTTP to it, and a store on a database of its own.</summary>
public sealed class Rig : IAsyncLifetime
{
    public const string Namespace = "demo";
    public static readonly TargetReference Target = new("test", TargetKinds.Deployment, Namespace, "web");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TestDatabase _database = new();
    private SimulatorServer? _simulator;
    private HealDatabase? _healDatabase;

    public IKubernetesClient Client { get; private set; } = null!;

    internal IHealStore Store { get; private set; } = null!;

    internal HealDatabase Database => _healDatabase!;

    public async Task InitializeAsync()
    {
        await _database.InitializeAsync();
        _healDatabase = new HealDatabase(PostgresDataSource.Create(_database.ConnectionString, HealStore.Schema, "test"), HealStore.Schema);
        await _healDatabase.MigrateAsync(CancellationToken.None);
        Store = new HealStore(_healDatabase.DataSource);
        _simulator = await SimulatorServer.StartAsync(
            new SimulatorOptions { Speed = 20, RandomSeed = 7, Objects = DemoSeed.Objects, Faults = DemoSeed.Faults });
        Client = new KubernetesClientFactory(TimeProvider.System, NullLoggerFactory.Instance)
            .Create(new KubernetesClientOptions { Server = new Uri(_simulator.Url) });
        await UntilAsync(deployment => deployment.Status?.AvailableReplicas == 3);
    }

    public async Task DisposeAsync()
    {
        await _simulator!.DisposeAsync();
        await _healDatabase!.DisposeAsync();
        await _database.DisposeAsync();
    }

    public Task<Deployment> LiveAsync() => Client.GetAsync<Deployment>(Namespace, "web");

    public static string Hash(Deployment deployment) => PodTemplates.Hash(deployment.Spec!.Template!);

    public Task<Deployment> SetImageAsync(string image, string manager = "kubectl-set") => Client.PatchAsync<Deployment>(
        Namespace, "web", Patch.Json(JsonPatchOperation.Replace("/spec/template/spec/containers/0/image", JsonValue.Create(image))),
        new WriteOptions { FieldManager = manager });

    /// <summary>A new image that cannot be pulled, and the controller's ReplicaSet for it.</summary>
    public async Task<Deployment> BreakAsync()
    {
        var changed = await SetImageAsync("registry.example/web:missing");
        return await UntilAsync(deployment =>
            deployment.Status?.ObservedGeneration >= changed.Metadata.Generation && deployment.Revision() == 2);
    }

    public async Task<Deployment> UntilAsync(Func<Deployment, bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        await foreach (var change in Client.WatchAsync<Deployment>(
            Namespace, new WatchOptions { FieldSelector = "metadata.name=web" }, limit.Token))
        {
            if (condition(change.Object)) return change.Object;
        }

        throw new TimeoutException("web did not get there");
    }

    internal RollbackDeployment Action(
        IKubernetesClient? client = null, IHealStore? store = null, ISafetySwitch? safety = null, TimeProvider? time = null) =>
        new(client ?? Client, store ?? Store, safety ?? new Allowed(), time ?? TimeProvider.System);

    internal static ActionRequest Request(Deployment diagnosed, string key = "incident-1/1") => new(
        key, "incident-1", RollbackDeployment.Id, Target, new Dictionary<string, string> { ["minimumServed"] = "0s" },
        diagnosed.Metadata.Generation!.Value, Hash(diagnosed));

    internal static UndoRequest Undo(string key = "incident-1/1") => new($"{key}/undo", key, "incident-1", RollbackDeployment.Id, Target);

    internal sealed class Allowed : ISafetySwitch
    {
        public string? Objection() => null;
    }

    internal sealed class Forbidden : ISafetySwitch
    {
        public string? Objection() => "the kill switch is on";
    }
}

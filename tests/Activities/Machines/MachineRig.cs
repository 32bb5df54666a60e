using Heal.Drivers.Libvirt;
using Heal.Healing;
using Heal.Postgres;
using Heal.Postgres.Tests;
using Microsoft.Extensions.Options;

namespace Heal.Activities.Tests;

/// <summary>A store on a database of its own, for tests of machines.</summary>
public sealed class MachineStore : IAsyncLifetime
{
    private readonly TestDatabase _database = new();
    private HealDatabase? _heal;

    /// <summary>For a second process that works on this store.</summary>
    public string ConnectionString => _database.ConnectionString;

    internal Npgsql.NpgsqlDataSource Source => _heal!.DataSource;

    internal IHealStore Store { get; private set; } = null!;

    internal IMachineMemory Memory { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        await _database.InitializeAsync();
        _heal = new HealDatabase(PostgresDataSource.Create(_database.ConnectionString, HealStore.Schema, "test"), HealStore.Schema);
        await _heal.MigrateAsync(CancellationToken.None);
        (Store, Memory) = (new HealStore(_heal.DataSource), new MachineMemory(_heal, Some.UnreadableRows));
    }

    public async Task DisposeAsync()
    {
        await _heal!.DisposeAsync();
        await _database.DisposeAsync();
    }
}

/// <summary>A host in memory with a name of its own, watched by an inventory, and what heals on it.</summary>
internal sealed class MachineRig
{
    private static int _made;

    private readonly MachineStore _store;

    public MachineRig(MachineStore store, params FakeLibvirtHost[] others)
    {
        _store = store;
        Host = new FakeLibvirtHost($"hv{Interlocked.Increment(ref _made)}", Time);
        var settings = new FixedSettings(Options);
        Locks = new FakeImageLocks([Host, .. others]);
        Tools = new MachineTools(new FakeLibvirtHosts([Host, .. others]), store.Memory, settings, Time)
        {
            Fencing = new FencingDesk(
                [new HypervisorWitness(Connector, store.Memory, settings, Time)],
                new DiskLockWitness(Locks, settings, Time.WithRealTimers()), settings, Time),
        };
        Bank = new MachineBank();
        Inventory = new Inventories(Tools).Of(Host, Bank);
    }

    public LeapingTime Time { get; } = new();

    public FakeLibvirtHost Host { get; }

    /// <summary>Other ways to hosts; none at first.</summary>
    public FakeConnector Connector { get; } = new();

    public FakeImageLocks Locks { get; }

    public MachineOptions Options { get; } = new() { Autonomy = Autonomy.Act };

    public MachineTools Tools { get; }

    public MachineBank Bank { get; }

    public HostInventory Inventory { get; private set; }

    public TargetReference Target(string domain = "web") => new(Host.Name, TargetKinds.VirtualMachine, "", domain);

    public FakeGuest Guest(string vm = "<vm desired='running' autonomy='act'/>", string name = "web", bool running = true) =>
        Host.Guests.Add(name, running, vm);

    /// <summary>Lets the inventory hear all that happens while something is done, and look at it.</summary>
    public Task<IReadOnlyList<Signal>> HearAsync(Action what) => HearAsync(() =>
    {
        what();
        return Task.CompletedTask;
    });

    public async Task<IReadOnlyList<Signal>> HearAsync(Func<Task> what)
    {
        using var end = new CancellationTokenSource();
        await using var events = Host.WatchAsync(end.Token).GetAsyncEnumerator(end.Token);
        var connected = await events.MoveNextAsync();
        Assert.True(connected);
        await what();
        Host.Raise(new ConnectedEvent(Time.GetUtcNow(), Missed: false));
        while (await events.MoveNextAsync() && events.Current is not ConnectedEvent) Inventory.Hear(events.Current);
        return await Inventory.LookAtHeardAsync(CancellationToken.None);
    }

    public Task<IReadOnlyList<Signal>> LookAsync() => Inventory.LookAtAllAsync(CancellationToken.None);

    /// <summary>Another healer, or the same one after a restart: it knows what is in the store.</summary>
    public async Task RestartAsync()
    {
        Inventory = new Inventories(Tools).Of(Host, new MachineBank());
        await Inventory.LoadAsync(CancellationToken.None);
    }

    public Task<EvidenceBundle> CollectAsync(TargetReference? target = null) =>
        new MachineCollector(Tools).CollectAsync(target ?? Target(), CancellationToken.None);

    public RecipeAction Action(string id, IHealStore? store = null, ISafetySwitch? safety = null) => new(
        MachineRecipes.Find(id),
            new ActionTools(new AbsentCluster(), store ?? _store.Store, safety ?? new Rig.Allowed(), Time, null, Tools));

    public ActionRequest Request(string id, TargetReference? target = null, params (string Name, string Value)[] parameters) => new(
        $"incident-{Host.Name}/{id}", $"incident-{Host.Name}", id, target ?? Target(),
        ActionParameters.Complete(
            MachineRecipes.Find(id).Descriptor, parameters.ToDictionary(item => item.Name, item => item.Value)), 0, "");

    public Task<Operation?> LedgerAsync(ActionRequest request) => _store.Store.FindOperationAsync(request.Key, CancellationToken.None);
}

/// <summary>Settings that are what a test made them.</summary>
internal sealed class FixedSettings(MachineOptions options) : IOptionsMonitor<MachineOptions>
{
    public MachineOptions CurrentValue => options;

    public MachineOptions Get(string? name) => options;

    public IDisposable? OnChange(Action<MachineOptions, string?> listener) => null;
}

using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Heal.Activities.Tests;

/// <summary>
/// Two real hosts behind the real driver, and one guest on the first of them that runs between two tests. What came of an action is asked
/// of libvirt's own shell and of the guest's console.
/// </summary>
public sealed class RealMachines : IAsyncLifetime
{
    public const string Here = "hv1";
    public const string There = "hv2";

    private const string Mark = "<metadata><heal:vm xmlns:heal='urn:heal:vm:1' desired='running' autonomy='act'/></metadata>";

    // Its own devices take some; the rest is for those that come later.
    private const int Ports = 8;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly MachineStore _store = new();
    private readonly MachineOptions _options = new() { Autonomy = Autonomy.Act };
    private readonly CountedCommands _commands = new();
    private readonly List<string> _guests = [];
    private readonly List<string> _volumes = [];
    private ServiceProvider _services = null!;
    private MachineTools _tools = null!;
    private int _requests;

    internal MachineOptions Options => _options;

    internal ILibvirtHost Host => _tools.Hosts.Find(Here)!;

    internal int CommandsRun => _commands.Count;

    /// <summary>The shared guest.</summary>
    public string Guest { get; private set; } = "";

    public async Task InitializeAsync()
    {
        await _store.InitializeAsync();
        var settings = new Dictionary<string, string?>
        {
            [$"Hosts:{Here}:Uri"] = LibvirtRig.Uri,
            [$"Hosts:{There}:Uri"] = LibvirtRig.Uri2,
            // the hosts have no network between them
            [$"Hosts:{Here}:MigrationUri"] = $"unix://{LibvirtRig.Guests}/{Name("back")}.sock",
            [$"Hosts:{There}:MigrationUri"] = $"unix://{LibvirtRig.Guests}/{Name("out")}.sock",
        };
        _services = new ServiceCollection()
            .AddLibvirtHosts(new ConfigurationBuilder().AddInMemoryCollection(settings).Build()).BuildServiceProvider();
        _tools = new MachineTools(
            _services.GetRequiredService<ILibvirtHosts>(), _store.Memory, new Fixed(_options), TimeProvider.System)
        {
            Commands = _commands,
        };
        var ports = string.Concat(Enumerable.Repeat("<controller type='pci' model='pcie-root-port'/>", Ports));
        Guest = await BootAsync(new Guest
        {
            Disk = await VolumeAsync(), Devices = $"<controller type='pci' index='0' model='pcie-root'/>{ports}",
        });
    }

    public async Task DisposeAsync()
    {
        foreach (var (uri, name) in _guests.SelectMany(name => new[] { (LibvirtRig.Uri, name), (LibvirtRig.Uri2, name) }))
        {
            await LibvirtRig.RunAsync("virsh", "-q", "-c", uri, "destroy", name);
            await LibvirtRig.RunAsync("virsh", "-q", "-c", uri, "undefine", "--snapshots-metadata", name);
            File.Delete(LibvirtRig.ConsoleOf(name));
        }

        foreach (var volume in _volumes) await LibvirtRig.RunAsync("virsh", "-q", "-c", LibvirtRig.Uri, "vol-delete", volume);
        await _services.DisposeAsync();
        await _store.DisposeAsync();
    }

    /// <summary>A guest on the first host whose userspace is up.</summary>
    internal async Task<string> BootAsync(Guest guest)
    {
        var name = Name("act");
        _guests.Add(name);
        await Host.Domains.DefineAsync(LibvirtRig.Domain(name, Guid.NewGuid(), guest with { Metadata = Mark }));
        await VirshAsync("start", name);
        await LibvirtRig.SeesOnConsoleAsync(name, "GUEST-USERSPACE");
        return name;
    }

    /// <returns>The path of a new qcow2 image in the pool <c>default</c>.</returns>
    public async Task<string> VolumeAsync()
    {
        var name = $"{Name("disk")}.qcow2";
        await VirshAsync("vol-create-as", "default", name, "64M", "--format", "qcow2");
        _volumes.Add(await VirshAsync("vol-path", name, "--pool", "default"));
        return _volumes[^1];
    }

    internal ActionRequest Request(string action, TargetReference target, params (string Name, string Value)[] parameters) => new(
        $"real/{++_requests}", "real", action, target,
        ActionParameters.Complete(
            MachineRecipes.Find(action).Descriptor, parameters.ToDictionary(item => item.Name, item => item.Value)), 0, "");

    internal ActionRequest Request(string action, params (string Name, string Value)[] parameters) =>
        Request(action, Machine(Guest), parameters);

    internal static TargetReference Machine(string name) => new(Here, TargetKinds.VirtualMachine, "", name);

    /// <summary>Carries it out in a process that dies before it has written down what came of it, then in another one, then
    /// again.</summary>
    internal async Task<ActionRequest> OnceAsync(ActionRequest request)
    {
        await Assert.ThrowsAsync<KilledException>(() => RunAsync(request, new KilledStore(_store.Store, "before confirm")));
        await AppliedAsync(request);
        return request;
    }

    /// <summary>Carries it out, and once more under the same key.</summary>
    internal async Task<ActionResult> AppliedAsync(ActionRequest request)
    {
        var result = await RunAsync(request, _store.Store);
        var again = await RunAsync(request, _store.Store);
        Assert.True(result.IsApplied, $"{request.ActionId}: {result.Status}, {result.Detail}");
        Assert.Equal(result, again);
        return result;
    }

    internal async Task UndoneAsync(ActionRequest request)
    {
        var undo = new UndoRequest($"{request.Key}/undo", request.Key, request.IncidentId, request.ActionId, request.Target);
        var result = await ToTheEndAsync(() => Action(request, _store.Store).UndoAsync(undo, CancellationToken.None));
        Assert.True(result.IsApplied, $"undo of {request.ActionId}: {result.Status}, {result.Detail}");
    }

    /// <summary>What whoever watches the first host tells of it, once a device of a guest was removed while something was done.</summary>
    internal async Task<IReadOnlyList<Signal>> HearRemovalAsync(Func<Task> what)
    {
        using var patience = new CancellationTokenSource(Patience);
        var inventory = new Inventories(_tools).Of(Host, new MachineBank());
        await using var events = Host.WatchAsync(patience.Token).GetAsyncEnumerator(patience.Token);
        await NextAsync<ConnectedEvent>();
        await inventory.LookAtAllAsync(patience.Token);
        await what();
        await NextAsync<DeviceRemovedEvent>();
        return await inventory.LookAtHeardAsync(patience.Token);

        async Task NextAsync<T>()
            where T : HostEvent
        {
            while (await events.MoveNextAsync())
            {
                inventory.Hear(events.Current);
                if (events.Current is T) return;
            }
        }
    }

    /// <summary>Looks at the whole first host, as whoever watches it does, so that it is remembered.</summary>
    internal Task LookAsync() =>
        new Inventories(_tools).Of(Host, new MachineBank()).LookAtAllAsync(CancellationToken.None);

    public static Task<string> VirshAsync(params string[] arguments) => LibvirtRig.VirshAsync(LibvirtRig.Uri, arguments);

    public static Task<string> VirshThereAsync(params string[] arguments) => LibvirtRig.VirshAsync(LibvirtRig.Uri2, arguments);

    private Task<ActionResult> RunAsync(ActionRequest request, IHealStore store) =>
        ToTheEndAsync(() => Action(request, store).RunAsync(request, CancellationToken.None));

    private RecipeAction Action(ActionRequest request, IHealStore store) => new(
        MachineRecipes.Find(request.ActionId),
        new ActionTools(new AbsentCluster(), store, new Rig.Allowed(), TimeProvider.System, null, _tools));

    // As the durable retry does.
    private static async Task<ActionResult> ToTheEndAsync(Func<Task<ActionResult>> act)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                return await act();
            }
            catch (EffectPendingException) when (!patience.IsCancellationRequested)
            {
                // again under the same key
            }
        }
    }

    private static string Name(string prefix) => $"{prefix}-{Guid.NewGuid():n}"[..14];

    /// <summary>Runs commands, and counts them.</summary>
    private sealed class CountedCommands : IHostCommands
    {
        private readonly LocalCommands _local = new(TimeProvider.System);

        public int Count { get; private set; }

        public Task<(int ExitCode, string Said)> RunAsync(
            IReadOnlyList<string> command, TimeSpan limit, CancellationToken cancellationToken)
        {
            Count++;
            return _local.RunAsync(command, limit, cancellationToken);
        }
    }

    private sealed class Fixed(MachineOptions options) : IOptionsMonitor<MachineOptions>
    {
        public MachineOptions CurrentValue => options;

        public MachineOptions Get(string? name) => options;

        public IDisposable? OnChange(Action<MachineOptions, string?> listener) => null;
    }
}

using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.Extensions.DependencyInjection;

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
    private MachineFacts _facts = null!;
    private int _requests;

    internal MachineOptions Options => _options;

    internal ILibvirtHost Host => _tools.Hosts.Find(Here)!;

    internal int CommandsRun => _commands.Count;

    /// <summary>The shared guest.</summary>
    public string Guest { get; private set; } = "";

    public async Task InitializeAsync()
    {
        await _store.InitializeAsync();
        _facts = new MachineFacts(
            new Dictionary<string, string?>
            {
                [$"Hosts:{Here}:Uri"] = LibvirtRig.Uri,
                [$"Hosts:{There}:Uri"] = LibvirtRig.Uri2,
                // the hosts have no network between them
                [$"Hosts:{Here}:MigrationUri"] = $"unix://{LibvirtRig.Guests}/{Name("back")}.sock",
                [$"Hosts:{There}:MigrationUri"] = $"unix://{LibvirtRig.Guests}/{Name("out")}.sock",
            },
            _store.ConnectionString, _options);
        _services = _facts.Connect();
        _tools = _facts.Tools(_services, _store.Memory) with { Commands = _commands };
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

    /// <summary>The shared guest runs and its userspace takes commands, whatever a test before has left: one that an action calls up, by
    /// its kernel's word, may not have come so far.</summary>
    internal async Task AnswersAsync()
    {
        if (await VirshAsync("domstate", Guest) != "running") await VirshAsync("start", Guest);
        var answers = await LibvirtRig.CountOnConsoleAsync(Guest, "GUEST-PONG");
        using var patience = new CancellationTokenSource(Patience);
        while (await LibvirtRig.CountOnConsoleAsync(Guest, "GUEST-PONG") == answers)
        {
            Assert.False(patience.IsCancellationRequested, $"{Guest} does not answer within {Patience}");
            // what comes to a port that nobody has opened yet is lost
            await LibvirtRig.TellAsync(Guest, "ping");
            await Task.Delay(500);
        }
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

    /// <summary>Carries it out in one process after the other, each of which SIGKILL ends one point further on; then to its end.</summary>
    /// <param name="calls">The driver's calls that change something, in their order: between libvirt's answer to each of them and whatever
    /// comes next, a process dies.</param>
    internal async Task<ActionRequest> OverKillsAsync(ActionRequest request, params string[] calls)
    {
        foreach (var at in (string[])["before intend", "after intend", .. calls.Select(call => $"after {call}"), "before confirm"])
        {
            await Doomed(request, at).DieAsync();
        }

        // Of several steps the last one's was that; the operation's own comes after it.
        if (calls.Length > 1)
        {
            await Doomed(request, "after confirm").DieAsync();
            await Doomed(request, "before confirm").DieAsync();
        }

        await AppliedAsync(request);
        await AssertLedgerAsync(request.Key);
        return request;
    }

    /// <summary>A run of it in another process, which comes to this point and no further.</summary>
    internal DoomedMachineAction Doomed(ActionRequest request, string at) => new(_facts, request, at);

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
        var result = await DoomedMachineAction.ToTheEndAsync(() => Action(request, _store.Store).UndoAsync(undo, CancellationToken.None));
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

    /// <summary>Remembers that a guest was restarted elsewhere, as an evacuation does.</summary>
    internal async Task MovedAsync(string name, string from, string to)
    {
        await new Inventories(_tools).Of(_tools.Hosts.Find(from)!, new MachineBank()).LookAtAllAsync(CancellationToken.None);
        var domain = await _tools.Hosts.Find(from)!.Domains.FindAsync(name);
        await _store.Memory.KeepMoveAsync(
            new MachineMove(from, $"{domain!.Uuid}", name, to, "real/moved", TimeProvider.System.GetUtcNow(), []), CancellationToken.None);
    }

    /// <summary>An incident that was ended while an action of it was under way.</summary>
    internal async Task CloseAsync(string incident)
    {
        await using var command = _store.Source.CreateCommand(
            """
            INSERT INTO incident (incident_id, target_key, cluster, kind, namespace, name, episode, first_signal_id, input, opened_at,
                closed_at, outcome)
            VALUES ($1, $1, 'hv1', 'VirtualMachine', '', $1, 1, 'signal', '{}', now(), now(), 'Failed')
            """);
        command.Parameters.AddWithValue(incident);
        await command.ExecuteNonQueryAsync();
    }

    internal Task<HostMaintenance?> MaintenanceAsync() =>
        _store.Memory.MaintenanceAsync(Here, TimeProvider.System.GetUtcNow(), CancellationToken.None);

    public static Task<string> VirshAsync(params string[] arguments) => LibvirtRig.VirshAsync(LibvirtRig.Uri, arguments);

    public static Task<string> VirshThereAsync(params string[] arguments) => LibvirtRig.VirshAsync(LibvirtRig.Uri2, arguments);

    internal Task<ActionResult> RunAsync(ActionRequest request) => RunAsync(request, _store.Store);

    internal Task<Operation?> LedgerAsync(string key) => _store.Store.FindOperationAsync(key, CancellationToken.None);

    // The operation and each of its steps: done, with what an undo must know.
    private async Task AssertLedgerAsync(string key)
    {
        var row = await LedgerAsync(key);
        Assert.Equal((OperationState.Confirmed, ActionStatus.Applied), (row!.State, row.Status!.Value));
        Assert.NotNull(row.PostImage);
        var steps = ActionImage.From(row).Steps.Count;
        for (var i = 0; steps > 1 && i < steps; i++)
        {
            Assert.Equal(OperationState.Confirmed, (await LedgerAsync(StepSequence.KeyOf(row, i)))?.State);
        }
    }

    private Task<ActionResult> RunAsync(ActionRequest request, IHealStore store) =>
        DoomedMachineAction.ToTheEndAsync(() => Action(request, store).RunAsync(request, CancellationToken.None));

    private RecipeAction Action(ActionRequest request, IHealStore store) => new(
        MachineRecipes.Find(request.ActionId),
        new ActionTools(new AbsentCluster(), store, new Rig.Allowed(), TimeProvider.System, null, _tools));

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
}

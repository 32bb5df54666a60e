using Heal.Drivers.Libvirt;
using Heal.Healing;
using Heal.Postgres;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.Activities.Tests;

/// <summary>Where everything of <see cref="RealMachines"/> is: with it a second process works on the same hosts and the same
/// store.</summary>
/// <param name="Hosts">Settings below <c>Heal:Libvirt</c>.</param>
internal sealed record MachineFacts(Dictionary<string, string?> Hosts, string Database, MachineOptions Options)
{
    /// <summary>The driver's hosts, of a process of their own.</summary>
    public ServiceProvider Connect() => new ServiceCollection().AddLogging()
        .AddLibvirtHosts(new ConfigurationBuilder().AddInMemoryCollection(Hosts).Build()).BuildServiceProvider();

    /// <summary>What an action works with on them; with the witnesses that the options name.</summary>
    /// <param name="services">Of <see cref="Connect"/>.</param>
    /// <param name="reached">Told of every call, see <see cref="WatchedCalls"/>; null: nobody is.</param>
    public MachineTools Tools(ServiceProvider services, IMachineMemory memory, Action<string>? reached = null)
    {
        var (hosts, connector) = (services.GetRequiredService<ILibvirtHosts>(), services.GetRequiredService<ILibvirtConnector>());
        if (reached is not null) (hosts, connector) = (WatchedCalls.Around(hosts, reached), WatchedCalls.Around(connector, reached));
        var (settings, time) = (new FixedSettings(Options), TimeProvider.System);
        return new MachineTools(hosts, memory, settings, time)
        {
            Commands = new WatchedCommands(reached),
            Fencing = new FencingDesk(
                [new HypervisorWitness(connector, memory, settings, time)],
                new DiskLockWitness(services.GetRequiredService<IImageLocks>(), settings, time), settings, time),
            Limits = new PlacementLimits(MemoryReserveBytes: 0, CpuOvercommit: 100, PoolMargin: 0, PoolOvercommit: 1),
        };
    }

    /// <summary>Tells of a command as soon as it is under way, and once it has ended.</summary>
    private sealed class WatchedCommands(Action<string>? reached) : IHostCommands
    {
        private readonly LocalCommands _local = new(TimeProvider.System);

        public async Task<(int ExitCode, string Said)> RunAsync(
            IReadOnlyList<string> command, TimeSpan limit, CancellationToken cancellationToken)
        {
            var running = _local.RunAsync(command, limit, cancellationToken);
            reached?.Invoke("during the command");
            var ended = await running;
            reached?.Invoke("after the command");
            return ended;
        }
    }
}

/// <summary>
/// One run of an action on machines in a process of its own, which SIGKILL ends at a point of it: no handler, no finally, and libvirt's
/// connections are gone with it. Or which is stopped there, as on a machine that stood still.
/// </summary>
/// <param name="At">"before intend", "after intend", "before confirm", what <see cref="WatchedCalls"/> tells, or "during the command" and
/// "after the command".</param>
/// <param name="Stops">Waits there, to be stopped, instead of dying.</param>
internal sealed record DoomedMachineAction(MachineFacts Machines, ActionRequest Request, string At, bool Stops = false)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // what is stopped once goes on to the end
    private int _isThere;

    /// <summary>Starts the process and waits for its end; throws with its words when it ended in any other way.</summary>
    public Task DieAsync() => DoomedProcess.DieAsync(nameof(DoomedMachineAction), this, $"{Request.ActionId}, {At}");

    /// <summary>Starts the process; returns once SIGSTOP holds it at its point.</summary>
    public Task<DoomedProcess> StopAsync() => DoomedProcess.StoppedAsync(nameof(DoomedMachineAction), this with { Stops = true });

    /// <summary>The process's own side.</summary>
    public static async Task RunAsync()
    {
        var doomed = DoomedProcess.Given<DoomedMachineAction>();
        await using var services = doomed.Machines.Connect();
        await using var database = new HealDatabase(
            PostgresDataSource.Create(doomed.Machines.Database, HealStore.Schema, "doomed"), HealStore.Schema);
        var machines = doomed.Machines.Tools(services, new MachineMemory(database, Some.UnreadableRows), doomed.Reach);
        var store = new KilledStore(new HealStore(database.DataSource), doomed.At, doomed.Reach);
        var action = new RecipeAction(
            MachineRecipes.Find(doomed.Request.ActionId),
            new ActionTools(new AbsentCluster(), store, new Rig.Allowed(), TimeProvider.System, null, machines));
        var result = await ToTheEndAsync(() => action.RunAsync(doomed.Request, CancellationToken.None));
        Console.WriteLine($"{result.Status}: {result.Detail}");
    }

    /// <summary>As the durable retry does it: with the same key until the action says what came of it.</summary>
    public static async Task<ActionResult> ToTheEndAsync(Func<Task<ActionResult>> act)
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

    private void Reach(string point)
    {
        if (point != At || Interlocked.Exchange(ref _isThere, 1) != 0) return;
        if (Stops) DoomedProcess.Wait();
        else DoomedProcess.Die();
    }
}

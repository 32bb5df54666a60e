using Heal.Simulator.Api;
using Heal.Simulator.Controllers;
using Heal.Simulator.Faults;
using Heal.Simulator.Kubelet;
using Heal.Simulator.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Heal.Simulator;

/// <summary>A Kubernetes-shaped API server with controllers and faults, in this process. Disposing it ends all of it.</summary>
public sealed class SimulatorServer : IAsyncDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);

    private readonly WebApplication _app;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _controllers;
    private readonly FaultBook _faults;

    private SimulatorServer(WebApplication app, ControllerLoop loop, FaultBook faults, ILogger logger)
    {
        _faults = faults;
        _app = app;
        Url = app.Urls.First();
        _controllers = Task.Run(async () =>
        {
            try
            {
                await loop.RunAsync(_stop.Token);
            }
            catch (Exception e)
            {
                logger.ControllersStopped(e);
            }
        });
    }

    /// <summary>The address it listens on.</summary>
    public string Url { get; }

    /// <summary>
    /// Starts it. Throws <see cref="SimulatorOptionsException"/> for wrong options, <see cref="IOException"/> when the address is taken.
    /// </summary>
    public static async Task<SimulatorServer> StartAsync(SimulatorOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new SimulatorOptions();
        options.Validate();
        var clock = new SimulatorClock(options.Time, options.Speed);
        var random = new Random(options.RandomSeed ?? unchecked((int)options.Time.GetUtcNow().Ticks));
        var registry = new Registry(new ObjectStore(options.HistoryLimit), clock, new Names(random));
        var faults = new FaultBook();
        foreach (var fault in options.Faults)
            faults.Add(fault);
        Bootstrap.Fill(registry, options);

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls(options.Urls).ConfigureKestrel(k => k.Limits.MaxRequestBodySize = null);
        builder.Services.AddLogging(l => l.AddSimpleConsole().SetMinimumLevel(LogLevel.Warning));
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(h => h.ShutdownTimeout = StopLimit);
        var app = builder.Build();
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger<SimulatorServer>();

        var events = new EventRecorder(registry);
        var runner = new ContainerRunner(registry, events, faults, options.Images, options.Times);
        var agent = new NodeAgent(registry, events, runner, options.Times);
        var loop = new ControllerLoop(registry.Store, clock, Controllers(registry, events, agent), logger);
        faults.Changed = () =>
        {
            agent.FaultsChanged();
            loop.Resync();
        };
        var api = new ApiServer(
            new ReadRequests(registry.Store, clock), new WriteRequests(registry),
            new WatchRequests(registry.Store, faults, clock),
            new Subresources(registry, agent), new FaultEndpoint(faults), faults, clock, options.Token);
        app.Run(api.HandleAsync);
        try
        {
            await app.StartAsync(cancellation);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
        return new SimulatorServer(app, loop, faults, logger);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        using var limit = new CancellationTokenSource(StopLimit);
        // Open watches would hold a graceful stop for ever.
        await _app.StopAsync(limit.Token);
        await _controllers;
        await _app.DisposeAsync();
        _faults.Dispose();
        _stop.Dispose();
    }

    private static IReadOnlyList<IController> Controllers(Registry registry, EventRecorder events, NodeAgent agent) =>
    [
        new NamespaceController(registry), new DeploymentController(registry, events), new ReplicaSetController(registry, events),
        new Scheduler(registry, events), agent, new NodeLifecycleController(registry), new EndpointsController(registry),
        new EndpointSliceController(registry), new AutoscalerController(registry), new JobController(registry, events),
        new VolumeController(registry),
        new DisruptionController(registry),
        new GarbageCollector(registry),
    ];
}

using DurableTask.Core.Hub;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Heal.DurableTask.Engine.Tests;

/// <summary>A worker and a client on one hub, built with the public API as an application builds them.</summary>
internal sealed class EngineHost : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly ITaskHub _hub;

    private EngineHost(IHost host, ITaskHub hub)
    {
        _host = host;
        _hub = hub;
        Client = host.Services.GetRequiredService<DurableTaskClient>();
    }

    public DurableTaskClient Client { get; }

    /// <summary>The worker's life.</summary>
    public Task Life => _host.Services.GetServices<IHostedService>().OfType<BackgroundService>().Single().ExecuteTask!;

    public static async Task<EngineHost> StartAsync(
        ITaskHub hub,
        Action<DurableTaskRegistry> tasks,
        Action<DurableTaskWorkerOptions>? configure = null,
        Action<TaskHubWorkerOptions>? configureHub = null,
        Action<IServiceCollection>? services = null,
        Func<DurableTaskClient, Task>? before = null,
        Action<IDurableTaskWorkerBuilder>? worker = null)
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddDurableTaskWorker(own =>
        {
            own.AddTasks(tasks);
            own.UseTaskHub(_ => hub, configureHub);
            own.Configure(options => configure?.Invoke(options));
            worker?.Invoke(own);
        });
        builder.Services.AddDurableTaskClient(client =>
        {
            client.UseTaskHub(_ => hub);
            client.RegisterDirectly();
        });
        services?.Invoke(builder.Services);
        IHost host = builder.Build();
        await hub.InitializeAsync();
        var engine = new EngineHost(host, hub);
        if (before is not null)
        {
            await before(engine.Client);
        }

        await host.StartAsync();
        return engine;
    }

    public async Task<OrchestrationMetadata> RunAsync(TaskName orchestrator, object? input = null) =>
        await WaitAsync(await Client.ScheduleNewOrchestrationInstanceAsync(orchestrator, input));

    public async Task<OrchestrationMetadata> WaitAsync(string instanceId)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await Client.WaitForInstanceCompletionAsync(instanceId, getInputsAndOutputs: true, limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        if (_hub is IAsyncDisposable connected)
        {
            await connected.DisposeAsync();
        }
    }
}

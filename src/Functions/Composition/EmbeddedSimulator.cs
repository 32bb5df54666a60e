using Heal.Simulator;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Heal.Functions.Composition;

/// <summary>A simulated cluster in this process, for a first look without a cluster. It is gone with the process.</summary>
internal sealed partial class EmbeddedSimulator(ILogger<EmbeddedSimulator> logger) : IHostedLifecycleService, IAsyncDisposable
{
    private SimulatorServer? _server;

    /// <exception cref="InvalidOperationException">The host has not started yet.</exception>
    public Uri Url => new(_server?.Url
        ?? throw new InvalidOperationException("The embedded simulator starts with the host, which has not started."));

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        _server = await SimulatorServer.StartAsync(new SimulatorOptions { Objects = DemoSeed.Objects }, cancellationToken);
        Log.Started(logger, _server.Url);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "No cluster is configured: healing a SIMULATED one at {Url}. "
                + "Set KUBECONFIG, or Heal:Kubernetes:Target, for a real one.")]
        public static partial void Started(ILogger logger, string url);
    }
}

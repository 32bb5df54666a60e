using Heal.Simulator;
using Microsoft.Extensions.Logging;

namespace Heal.Functions.Composition;

/// <summary>
/// A simulated cluster in this process, for a first look without a cluster. It starts when its address is first asked for, which is while
/// the host is put together, and is gone with the process.
/// </summary>
internal sealed partial class EmbeddedSimulator(ILogger<EmbeddedSimulator> logger) : IAsyncDisposable
{
    private readonly Lazy<SimulatorServer> _server = new(() => Start(logger));

    public Uri Url => new(_server.Value.Url);

    public ValueTask DisposeAsync() => _server.IsValueCreated ? _server.Value.DisposeAsync() : ValueTask.CompletedTask;

    // Blocks: the container asks for the address in a synchronous factory, before any hosted service has run.
#pragma warning disable VSTHRD002, MA0045, CA2025
    private static SimulatorServer Start(ILogger logger)
    {
        var options = new SimulatorOptions { Objects = DemoSeed.Objects, Faults = DemoSeed.Faults };
        SimulatorServer server = SimulatorServer.StartAsync(options, CancellationToken.None).GetAwaiter().GetResult();
        Log.Started(logger, server.Url);
        return server;
    }
#pragma warning restore VSTHRD002, MA0045, CA2025

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "No cluster is configured: healing a SIMULATED one at {Url}. "
                + "Set KUBECONFIG, or Heal:Kubernetes:Target, for a real one.")]
        public static partial void Started(ILogger logger, string url);
    }
}

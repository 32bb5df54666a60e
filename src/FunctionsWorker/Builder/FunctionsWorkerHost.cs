using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>A whole program in one line.</summary>
public static class FunctionsWorkerHost
{
    /// <summary>Builds the host with all defaults and runs it until it is told to stop.</summary>
    /// <exception cref="HostStartupException">Something is faulty; the exception lists all of it.</exception>
    public static void RunDefault(Action<IServiceCollection>? configureServices = null) => Build(configureServices).Run();

    /// <inheritdoc cref="RunDefault"/>
    public static Task RunDefaultAsync(Action<IServiceCollection>? configureService = null) => Build(configureService).RunAsync();

    private static IHost Build(Action<IServiceCollection>? configure) => new HostBuilder()
        .ConfigureFunctionsWorkerDefaults()
        .ConfigureServices(services => configure?.Invoke(services))
        .Build();
}

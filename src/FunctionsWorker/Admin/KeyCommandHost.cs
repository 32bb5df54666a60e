using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Keys;
using Microsoft.Azure.Functions.Worker.Store;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Azure.Functions.Worker.Admin;

/// <summary>What <c>Build()</c> gives an application that was started as a key command: a host that does it and stops.</summary>
internal static class KeyCommandHost
{
    private const int Refused = 1;

    public static IHost Make(
        string[] args, FunctionCatalog catalog, HostSettings settings, IConfiguration configuration, List<string> faults)
    {
        KeySet configured = KeySet.FromConfiguration(configuration, faults);
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new() { DisableDefaults = true });
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(catalog);
        builder.Services.AddSingleton(configured);
        HostStores.Add(builder.Services, settings, configuration, faults);
        builder.Services.AddSingleton<KeyBootstrap>();
        builder.Services.AddSingleton<KeyAdmin>();
        builder.Services.AddSingleton<IHostedService>(provider => ActivatorUtilities.CreateInstance<Runner>(provider, [args]));
        if (faults.Count > 0)
        {
            throw new HostStartupException(faults);
        }

        return builder.Build();
    }

    private sealed class Runner(
        string[] args, KeyAdmin keys, KeyBootstrap bootstrap, FunctionCatalog catalog, IHostApplicationLifetime lifetime) : IHostedService
    {
        public async Task StartAsync(CancellationToken cancellationToken)
        {
            try
            {
                KeyCommand command = KeyCommand.Parse(args);
                await bootstrap.TakeOverAsync(cancellationToken);
                await command.RunAsync(
                    keys, [.. catalog.Functions.Select(static f => f.Name)], Console.In, Console.Out, cancellationToken);
                lifetime.StopApplication();
            }
            catch (KeyRefusedException refused)
            {
                // The application's own Main ends with 0 whatever its host did: the exit code must come from here.
                await Console.Error.WriteLineAsync(refused.Message);
                Environment.Exit(Refused);
            }
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

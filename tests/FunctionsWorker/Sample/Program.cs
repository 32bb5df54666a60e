using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.InMemory;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Heal.FunctionsWorker.Tests.Sample;

/// <summary>The sample application as a program, for what only a process can show: signals, its output, its start.</summary>
internal static class Program
{
    private static async Task Main(string[] args)
    {
        FunctionsApplicationBuilder builder = FunctionsApplication.CreateBuilder(args);
        builder.ConfigureFunctionsWebApplication();
        if (string.IsNullOrEmpty(builder.Configuration[TestHost.PostgresSetting]))
        {
            var hub = new InMemoryTaskHub(TimeProvider.System);
            builder.ConfigureDurableWorker().UseTaskHub(_ => hub);
            builder.Services.AddDurableTaskClient().UseTaskHub(_ => hub);
        }

        builder.Services.AddScoped<ScopedCounter>();
        builder.Services.AddSingleton(new Journal { Prints = true });
        await builder.Build().RunAsync();
    }
}

using Heal.Activities;
using Heal.Functions.Composition;
using Heal.Workflows;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.Hosting;

try
{
    var builder = FunctionsApplication.CreateBuilder(args);

    // A healer that runs half would let alerts wait, or look as if it watched: its host starts with all of its functions or not at all.
    builder.Configuration.Sources.Insert(
        0, new MemoryConfigurationSource { InitialData = [new("FUNCTIONS_FAULTY_FUNCTIONS", "refuse")] });
    builder.ConfigureFunctionsWebApplication();
    builder.ConfigureDurableWorker().AddTasks(tasks => tasks.AddHealerTasks());

    builder.Services.AddMachines(builder.Configuration);
    builder.Services.AddHealer(builder.Configuration, Database.ConnectionString(builder.Configuration));
    builder.Services.AddAlertDoors(builder.Configuration);
    builder.Services.AddTargetCluster(builder.Configuration);
    builder.Services.AddWatches(builder.Configuration);
    builder.Services.AddTelemetry(builder.Configuration);

    await builder.Build().RunAsync();
    return Environment.ExitCode; // a host that stopped to be started again has set it
}
catch (Exception reason) when (StartupFault.TryReport(reason))
{
    return 1;
}

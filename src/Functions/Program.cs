using Heal.Activities;
using Heal.Functions.Composition;
using Heal.Workflows;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.Hosting;

try
{
    var builder = FunctionsApplication.CreateBuilder(args);

    builder.ConfigureFunctionsWebApplication();
    builder.ConfigureDurableWorker().AddTasks(tasks => tasks.AddHealerTasks());

    builder.Services.AddMachines(builder.Configuration);
    builder.Services.AddHealer(builder.Configuration, Database.ConnectionString(builder.Configuration));
    builder.Services.AddAlertDoors(builder.Configuration);
    builder.Services.AddTargetCluster(builder.Configuration);
    builder.Services.AddWatches(builder.Configuration);
    builder.Services.AddTelemetry(builder.Configuration);

    await builder.Build().RunAsync();
    return 0;
}
catch (Exception reason) when (StartupFault.TryReport(reason))
{
    return 1;
}

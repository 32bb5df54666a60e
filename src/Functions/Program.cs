using Heal.Activities;
using Heal.Functions.Composition;
using Heal.Workflows;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Extensions.DurableTask;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.Hosting;

var builder = FunctionsApplication.CreateBuilder(args);

builder.ConfigureFunctionsWebApplication();
builder.ConfigureDurableWorker().AddTasks(tasks => tasks.AddHealerTasks());

builder.Services.AddHealer(builder.Configuration, Database.ConnectionString(builder.Configuration));
builder.Services.AddAlertDoors(builder.Configuration);
builder.Services.AddTargetCluster(builder.Configuration);
builder.Services.AddTelemetry(builder.Configuration);

builder.Build().Run();

using Microsoft.DurableTask.PostgreSql;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Heal.DurableTask.PostgreSql.Tests.Workers;

/// <summary>
/// The program of a worker process. It prints "ready", and "holding ID" for each step that waits; a line to its input lets the steps go
/// on. What it logs comes in between. It ends when its input ends.
/// </summary>
internal static class Program
{
    public static async Task<int> Main()
    {
        WorkerSettings settings = WorkerSettings.Read();
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Logging.AddSimpleConsole(options => options.SingleLine = true).SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddDurableTaskWorker(worker =>
        {
            worker.UsePostgreSql(
                options =>
                {
                    options.ConnectionString = settings.ConnectionString;
                    options.Schema = settings.Schema;
                },
                options => options.WorkItemLockTimeout = settings.Lease);
            worker.Configure(options =>
            {
                options.Concurrency.MaximumConcurrentActivityWorkItems = settings.MaxActivities;
                options.Concurrency.MaximumConcurrentOrchestrationWorkItems = settings.MaxActivities;
            });
            worker.AddTasks(tasks => Steps.AddTo(tasks, settings.Name, instanceId =>
            {
                if (!settings.Holds)
                {
                    return Task.CompletedTask;
                }

                Console.WriteLine(WorkerProcess.Holding + instanceId);
                return released.Task;
            }));
        });
        using IHost host = builder.Build();
        await host.StartAsync();
        Console.WriteLine(WorkerProcess.Ready);
        while (await Console.In.ReadLineAsync() is not null)
        {
            released.TrySetResult();
        }

        await host.StopAsync();
        return 0;
    }
}

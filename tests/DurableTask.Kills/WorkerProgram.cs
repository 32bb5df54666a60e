using Microsoft.DurableTask.PostgreSql;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Heal.DurableTask.Kills.Tests;

/// <summary>The worker process: runs orders until it is killed, or until its input ends.</summary>
internal static class WorkerProgram
{
    /// <summary>How many activities one worker runs at a time: what a kill can repeat.</summary>
    public const int Concurrency = 40;

    private const int LedgerConnections = 20;

    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(string connectionString)
    {
        // A bounded pool, as the hub's own is: all workers must fit into the server's limit.
        await using var ledger = NpgsqlDataSource.Create(connectionString + $";Maximum Pool Size={LedgerConnections}");
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Logging.AddSimpleConsole(options => options.SingleLine = true).SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddDurableTaskWorker(worker => worker
            .AddTasks(tasks => Orders.AddTo(tasks, (order, number) => Ledger.RecordAsync(ledger, order, number)))
            .Configure(options => options.Concurrency.MaximumConcurrentActivityWorkItems = Concurrency)
            .UsePostgreSql(
                options =>
                {
                    options.ConnectionString = connectionString;
                    options.Schema = Ledger.HubSchema;
                },
                options => options.WorkItemLockTimeout = Lease));
        using var host = builder.Build();
        await host.StartAsync();
        // Lives until whoever started it closes the pipe, or ends.
        while (await Console.In.ReadLineAsync() is { } line)
        {
            if (line == WorkerProcesses.Collect)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                Console.WriteLine(WorkerProcesses.Answer + line);
            }
        }

        await host.StopAsync();
        return 0;
    }
}

using System.Globalization;
using DurableTask.Core.Exceptions;
using DurableTask.Core.History;
using Heal.Postgres;
using Heal.Shared.Tests.Programs;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.PostgreSql;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Heal.DurableTask.Kills.Tests.Programs;

/// <summary>
/// The worker process of generated programs. It also starts orchestrations, one for each line of its input, so that they begin in its
/// memory; it answers with the id. When its input ends it drains and ends.
/// </summary>
/// <param name="seed">Draws the programs, and with the launch how this process is set.</param>
internal sealed class ProgramWorker(string connectionString, int seed, int programs, int launch)
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(4);

    private const int LedgerConnections = 10;

    private readonly ProgramSet _set = ProgramSet.Draw(seed, programs);
    private PostgreSqlTaskHub? _hub;

    /// <summary>What a worker is asked for: an orchestration of this id, name and input.</summary>
    public static string StartLine(string instanceId, string name, int program) => $"{instanceId} {name} {program}";

    public async Task<int> RunAsync()
    {
        await using var ledger = NpgsqlDataSource.Create(connectionString + $";Maximum Pool Size={LedgerConnections}");
        using var host = await StartHostAsync(ledger);
        var client = host.Services.GetRequiredService<DurableTaskClient>();
        var starting = new List<Task>();
        while (await Console.In.ReadLineAsync() is { } line)
        {
            starting.Add(StartAsync(client, line.Split(' ')));
            starting.RemoveAll(task => task.IsCompletedSuccessfully);
        }

        await Task.WhenAll(starting);
        await host.StopAsync();
        return 0;
    }

    /// <summary>A start that meets a crash of PostgreSQL fails; a supervisor would start the process again, so this does.</summary>
    private async Task<IHost> StartHostAsync(NpgsqlDataSource ledger)
    {
        while (true)
        {
            var host = Build(ledger);
            try
            {
                _hub = host.Services.GetRequiredKeyedService<PostgreSqlTaskHub>(Options.DefaultName);
                await host.StartAsync();
                return host;
            }
            catch (Exception away) when (PostgresErrors.IsTransient(away) || away is PostgresUnavailableException)
            {
                await ((IAsyncDisposable)host).DisposeAsync();
            }
        }
    }

    private static async Task StartAsync(DurableTaskClient client, string[] wanted)
    {
        if (wanted is not [var id, var name, var program])
        {
            throw new ArgumentException($"expected 'ID NAME PROGRAM', got '{string.Join(' ', wanted)}'", nameof(wanted));
        }

        try
        {
            await HubClient.UntilAnsweredAsync(async () =>
            {
                if (await client.GetInstancesAsync(id) is null)
                {
                    var order = new Order(int.Parse(program, CultureInfo.InvariantCulture), 0, 0);
                    await client.ScheduleNewOrchestrationInstanceAsync(name, order, new StartOrchestrationOptions(id));
                }

                return true;
            }, CancellationToken.None);
        }
        catch (OrchestrationAlreadyExistsException)
        {
            // What another worker was asked for before it died came through after all.
        }

        Console.WriteLine(WorkerProcesses.Answer + id);
    }

    private IHost Build(NpgsqlDataSource ledger)
    {
        // Each launch is set in another way: with room for everything in memory or with hardly any, with live orchestrators or replays.
        var chance = new Random(unchecked((seed * 31) + launch));
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Logging.AddSimpleConsole(options => options.SingleLine = true).SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddDurableTaskClient(client => client.UsePostgreSql().RegisterDirectly());
        builder.Services.AddDurableTaskWorker(worker => worker
            .AddTasks(tasks => Register(tasks, ledger))
            .Configure(options =>
            {
                options.EnableEntitySupport = true;
                options.MaximumTimerInterval = _set.LongestTimer;
                options.Concurrency.MaximumConcurrentActivityWorkItems = chance.Next(3) == 0 ? 3 : WorkerProgram.Concurrency;
                options.Concurrency.MaximumConcurrentOrchestrationWorkItems = chance.Next(3) == 0 ? 3 : 100;
            })
            .UsePostgreSql(
                options =>
                {
                    options.ConnectionString = connectionString;
                    options.Schema = Ledger.HubSchema;
                    options.SweepInterval = TimeSpan.FromSeconds(1);
                },
                options =>
                {
                    options.WorkItemLockTimeout = Lease;
                    options.ExtendedSessions = chance.Next(2) == 0;
                    options.MaximumCachedInstances = chance.Next(4) switch { 0 => 0, 1 => 5, _ => 1000 };
                    options.DrainTimeout = TimeSpan.FromSeconds(1);

                    // Workers die here of the run's own doing, not of their work: nothing is to be given up for it.
                    options.MaximumLostAttempts = 1_000_000;
                }));
        return builder.Build();
    }

    private void Register(DurableTaskRegistry tasks, NpgsqlDataSource ledger)
    {
        Interpreter.RegisterCommon(tasks);
        foreach (var scenario in _set.Scenarios)
        {
            new Interpreter(scenario).Register(tasks);
            new Activities(scenario, RanAsync, HistoryAsync, TimeProvider.System).Register(tasks);
        }

        // An activity whose database is away waits for it: it must not fail, that would count as an attempt.
        Task RanAsync(string instanceId, Job job) => HubClient.UntilAnsweredAsync(async () =>
        {
            await Ledger.RecordAsync(ledger, instanceId, Ledger.NumberOf(job));
            return true;
        }, CancellationToken.None);
        Task<IReadOnlyList<HistoryEvent>?> HistoryAsync(string instanceId) =>
            HubClient.UntilAnsweredAsync(() => _hub!.GetHistoryAsync(instanceId), CancellationToken.None);
    }
}

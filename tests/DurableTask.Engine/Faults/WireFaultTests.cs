using System.Globalization;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Entities;
using Microsoft.DurableTask.PostgreSql;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit.Abstractions;

namespace Heal.DurableTask.Engine.Tests.Faults;

/// <summary>
/// What the simulation cannot have, because only the hub on PostgreSQL has it: groups of turns, starts that wait for their first turn,
/// instances in the memory of workers, over real connections that a seed cuts, slows down and ends; and batches of an entity that all
/// programs and clients use. The seed draws the programs and the faults, request by request; what meets what is up to the threads. Seeds
/// from HEAL_WIRE_FIRST_SEED (default 1), HEAL_WIRE_SEEDS of them (default 3).
/// </summary>
public sealed class WireFaultTests(HubTestDatabase database, ITestOutputHelper output) : IClassFixture<HubTestDatabase>
{
    private const int Instances = 60;
    private const double FaultsPerRequest = 0.04;
    private const string EventName = "number";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly EntityInstanceId All = new(nameof(Sum), "all");

    /// <summary>How much was certainly added to the entity, and how much more may have been: of what is under way when it is read, and of
    /// what came with no answer.</summary>
    private int _added, _maybeAdded;

    public static TheoryData<int> Seeds
    {
        get
        {
            int first = Number("HEAL_WIRE_FIRST_SEED", 1);
            return [.. Enumerable.Range(first, Number("HEAL_WIRE_SEEDS", 3))];
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task What_is_told_stored_is_stored_once_and_what_is_told_refused_is_not_whatever_the_connections_do(int seed)
    {
        var chance = new Random(seed);
        string schema = $"wire_{Guid.NewGuid():N}"[..20];
        var ledger = new CommitLedger();
        await using var oneWire = new FaultyWire(database.ConnectionString, chance.Next(), FaultsPerRequest);
        await using var otherWire = new FaultyWire(database.ConnectionString, chance.Next(), FaultsPerRequest);
        // Made first, so that no process begins with a schema half made.
        await using PostgreSqlTaskHub clean = CreateHub(database.ConnectionString, schema);
        await using EngineHost observer = await EngineHost.StartAsync(HubProxy.WithoutWork(clean), _ => { });
        using var limit = new CancellationTokenSource(Patience);
        Dictionary<string, Plan> plans;
        await using (PostgreSqlTaskHub one = CreateHub(oneWire.ConnectionString, schema))
        await using (PostgreSqlTaskHub other = CreateHub(otherWire.ConnectionString, schema))
        {
            // The hosts stop before their hubs.
            await using EngineHost oneHost = await StartAsync(ledger.Around(one));
            await using EngineHost otherHost = await StartAsync(ledger.Around(other));

            oneWire.Begin();
            otherWire.Begin();
            plans = await StartAllAsync([oneHost, otherHost], chance, limit.Token);
            oneWire.Calm();
            otherWire.Calm();
            foreach ((string id, Plan plan) in plans)
            {
                OrchestrationMetadata done;
                try
                {
                    done = await WaitAsync(observer, id, limit.Token);
                }
                catch (OperationCanceledException)
                {
                    Assert.Fail($"seed {seed}: '{id}' does not end. {await RowsAsync(schema, id)}");
                    throw;
                }

                Assert.Equal((id, plan.Result), (id, Result(done)));
            }

            // Messages to an entity come in their order: this one after all that was sent by what has ended.
            int sum = await ReadSumAsync(oneHost, limit.Token);
            int certain = _added + plans.Values.Sum(plan => plan.Additions);
            Assert.True(
                certain <= sum && sum <= certain + _maybeAdded,
                $"seed {seed}: expected {certain} additions and at most {_maybeAdded} more, got {sum}");
        }

        output.WriteLine($"seed {seed}: {ledger.Starts.Count} starts, {ledger.Turns.Count} turns; "
            + $"told: {string.Join(", ", ledger.Turns.GroupBy(turn => turn.Told).Select(told => $"{told.Count()} {told.Key}"))}; "
            + $"{string.Join(", ", oneWire.Faults.Concat(otherWire.Faults).GroupBy(fault => fault.Key)
                .Select(fault => $"{fault.Sum(one => one.Value)} {fault.Key}"))}");
        Dictionary<string, StoredHistory> histories = await HistoriesAsync(schema);
        string[] faults = [.. ledger.Faults(histories)];
        Assert.True(faults.Length == 0, $"seed {seed}:\n{string.Join('\n', faults)}");
        Assert.All(plans.Keys, id => Assert.Single(
            histories[id].Events, entry => entry.StartsWith("{\"$event\":\"ExecutionStarted\"", StringComparison.Ordinal)));
        Assert.Contains(ledger.Turns, turn => turn.Told == Told.Unknown);
    }

    /// <summary>Starts everything, and sends the events, while faults happen.</summary>
    /// <returns>What each instance whose start was stored has to come to.</returns>
    private async Task<Dictionary<string, Plan>> StartAllAsync(EngineHost[] hosts, Random chance, CancellationToken cancellation)
    {
        var plans = new Dictionary<string, Plan>(StringComparer.Ordinal);
        var all = new List<Task<(string Id, Plan Plan)?>>();
        for (int i = 0; i < Instances; i++)
        {
            EngineHost host = hosts[chance.Next(hosts.Length)];
            EngineHost second = hosts[chance.Next(hosts.Length)];
            var plan = new Plan(
                chance.Next(6), chance.Next(4), chance.Next(3), chance.Next(4) == 0, chance.Next(8) == 0, chance.Next(3), chance.Next(2));
            string? id = chance.Next(3) == 0 ? $"chosen-{i}" : null;
            all.Add(StartOneAsync(host, second, id, plan, cancellation));
            if (chance.Next(20) == 0)
            {
                await database.TerminateConnectionsAsync();
            }

            if (chance.Next(4) == 0)
            {
                await all[^1];
            }
        }

        foreach ((string Id, Plan Plan)? started in await Task.WhenAll(all))
        {
            if (started is var (id, plan))
            {
                plans.Add(id, plan);
            }
        }

        return plans;
    }

    /// <summary>An id that the caller chose is started twice at the same time: at most one of the two is told that it was stored.</summary>
    private async Task<(string Id, Plan Plan)?> StartOneAsync(
        EngineHost host, EngineHost second, string? id, Plan plan, CancellationToken cancellation)
    {
        await Task.Yield();
        Task<string?>[] tries = id is null ? [TryStartAsync(host)] : [TryStartAsync(host), TryStartAsync(second)];
        string?[] ids = await Task.WhenAll(tries);
        string?[] started = [.. ids.Where(one => one is not null)];
        await SignalAsync();
        if (started.Length == 0)
        {
            Interlocked.Add(ref _maybeAdded, tries.Length * plan.Additions);
            return null;
        }

        Assert.Single(started);
        for (int number = 0; number < plan.Events; number++)
        {
            while (!await TryRaiseAsync(second, started[0]!, number))
            {
                cancellation.ThrowIfCancellationRequested();
            }
        }

        return (started[0]!, plan);

        async Task<string?> TryStartAsync(EngineHost by)
        {
            try
            {
                return await by.Client.ScheduleNewOrchestrationInstanceAsync(
                    nameof(Plan),
                    plan,
                    new StartOrchestrationOptions(InstanceId: id).WithDedupeStatuses(
                        [.. StartOrchestrationOptionsExtensions.ValidDedupeStatuses]),
                    cancellation);
            }
            catch (Exception) when (!cancellation.IsCancellationRequested)
            {
                // Refused, or nobody knows: the ledger does.
                return null;
            }
        }

        async Task SignalAsync()
        {
            try
            {
                await second.Client.Entities.SignalEntityAsync(All, "add", 1, cancellation: cancellation);
                Interlocked.Increment(ref _added);
            }
            catch (Exception) when (!cancellation.IsCancellationRequested)
            {
                Interlocked.Increment(ref _maybeAdded);
            }
        }

        async Task<bool> TryRaiseAsync(EngineHost by, string instanceId, int number)
        {
            try
            {
                await by.Client.RaiseEventAsync(instanceId, EventName, number, cancellation);
                return true;
            }
            catch (Exception) when (!cancellation.IsCancellationRequested)
            {
                return false;
            }
        }
    }

    private static Task<EngineHost> StartAsync(ITaskHub hub) => EngineHost.StartAsync(
        hub,
        tasks => tasks
            .AddEntity<Sum>()
            .AddOrchestratorFunc("Total", context => context.Entities.CallEntityAsync<int>(All, "get"))
            .AddOrchestratorFunc<Plan, int>(nameof(Plan), RunAsync)
            .AddOrchestratorFunc<int, int>("Child", (context, number) => context.CallActivityAsync<int>("Same", number))
            .AddActivityFunc<int, int>("Same", (_, number) => number),
        options => options.EnableEntitySupport = true,
        options =>
        {
            options.MaximumReconnectDelay = TimeSpan.FromMilliseconds(200);
            options.WorkItemLockTimeout = TimeSpan.FromSeconds(5);
        },
        services => services.Configure<DurableTaskClientOptions>(options => options.EnableEntitySupport = true));

    private static async Task<int> RunAsync(TaskOrchestrationContext context, Plan plan)
    {
        if (plan.IsSlow && !context.IsReplaying)
        {
            // Longer than its start waits for its first turn.
            using var never = new ManualResetEventSlim();
            never.Wait(HeldStartPatience);
        }

        if (plan.IsRefused)
        {
            // Names that no database text can hold.
            context.SendEvent("somebody", "e\0", "anything");
            await context.CallActivityAsync<string>("never\0reached");
        }

        int sum = 0;
        for (int i = 0; i < plan.Activities; i++)
        {
            sum += await context.CallActivityAsync<int>("Same", 1);
        }

        for (int i = 0; i < plan.Signals; i++)
        {
            await context.Entities.SignalEntityAsync(All, "add", 1);
        }

        for (int i = 0; i < plan.Calls; i++)
        {
            await context.Entities.CallEntityAsync(All, "add", 1);
        }

        sum += (await Task.WhenAll(Enumerable.Range(0, plan.Children).Select(_ => context.CallSubOrchestratorAsync<int>("Child", 100))))
            .Sum();
        await context.CreateTimer(TimeSpan.FromMilliseconds(20), CancellationToken.None);

        // One whose answer got lost was sent again.
        var numbers = new HashSet<int>();
        while (numbers.Count < plan.Events)
        {
            numbers.Add(await context.WaitForExternalEvent<int>(EventName));
        }

        return sum + (10_000 * numbers.Sum());
    }

    private static readonly TimeSpan HeldStartPatience = TimeSpan.FromMilliseconds(60);

    private static async Task<int> ReadSumAsync(EngineHost host, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return (await host.RunAsync("Total")).ReadOutputAs<int>();
            }
            catch (Exception away) when (away is NpgsqlException or IOException && !cancellation.IsCancellationRequested)
            {
                // A connection that was broken before nothing was any more.
            }
        }
    }

    /// <summary>The observer's connections were ended with the others.</summary>
    private static async Task<OrchestrationMetadata> WaitAsync(EngineHost observer, string id, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await observer.Client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true, cancellation);
            }
            catch (NpgsqlException) when (!cancellation.IsCancellationRequested)
            {
                // The next one is a new connection.
            }
        }
    }

    private static string Result(OrchestrationMetadata done) => done.RuntimeStatus == OrchestrationRuntimeStatus.Completed
        ? done.ReadOutputAs<int>().ToString(CultureInfo.InvariantCulture)
        : done.FailureDetails!.ErrorMessage.Contains("could not be stored, 5 times", StringComparison.Ordinal)
            ? Plan.Refused
            : $"{done.RuntimeStatus}: {done.FailureDetails.ErrorMessage}";

    private PostgreSqlTaskHub CreateHub(string connectionString, string schema) => new(
        new PostgreSqlTaskHubOptions
        {
            ConnectionString = connectionString,
            Schema = schema,
            // Small, so that groups of all sizes come about.
            MaxTurnsPerCommit = 16,
        },
        TimeProvider.System);

    private async Task<Dictionary<string, StoredHistory>> HistoriesAsync(string schema)
    {
        var histories = new Dictionary<string, StoredHistory>(StringComparer.Ordinal);
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(database.ConnectionString) { SearchPath = schema });
        await using NpgsqlCommand command = source.CreateCommand(
            "SELECT i.instance_id, i.execution_id, h.event FROM instances i LEFT JOIN history h ON h.instance_id = i.instance_id "
            + "ORDER BY i.instance_id, h.seq");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            string id = reader.GetString(0);
            IEnumerable<string> events = await reader.IsDBNullAsync(2)
                ? []
                : HistorySerializer.ReadAll(reader.GetString(2)).Select(HistorySerializer.Serialize);
            histories[id] = histories.TryGetValue(id, out StoredHistory? before)
                ? before with { Events = [.. before.Events, .. events] }
                : new StoredHistory(reader.GetString(1), [.. events]);
        }

        return histories;
    }

    /// <summary>All that is stored of an instance.</summary>
    private async Task<string> RowsAsync(string schema, string id)
    {
        var rows = new List<string>();
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(database.ConnectionString) { SearchPath = schema });
        foreach (string table in (string[])["instances", "history", "inbox", "activities"])
        {
            await using NpgsqlCommand command = source.CreateCommand($"SELECT row_to_json(r)::text FROM {table} r WHERE instance_id = $1");
            command.Parameters.AddWithValue(id);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                rows.Add($"{table}: {reader.GetString(0)}");
            }
        }

        return string.Join('\n', rows);
    }

    private static int Number(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>What all instances and clients add to.</summary>
    private sealed class Sum : TaskEntity<int>
    {
        public void Add(int number) => State += number;

        public int Get() => State;
    }

    /// <summary>What an instance does.</summary>
    /// <param name="IsRefused">Its first turn holds what no database can.</param>
    /// <param name="Calls">How often it calls the entity, and how often it signals it.</param>
    internal sealed record Plan(int Activities, int Events, int Children, bool IsSlow, bool IsRefused, int Calls, int Signals)
    {
        public const string Refused = "refused";

        /// <summary>What it adds to the entity.</summary>
        public int Additions => IsRefused ? 0 : Calls + Signals;

        public string Result => IsRefused
            ? Refused
            : (Activities + (100 * Children) + (10_000 * Enumerable.Range(0, Events).Sum())).ToString(CultureInfo.InvariantCulture);
    }
}

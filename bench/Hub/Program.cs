// Usage: HEAL_TEST_POSTGRES='Host=...;Database=...' dotnet run -c Release --project bench/Hub
// Prints turns per second with 1, 16 and 256 concurrent committers, and activity round trips per second. Each run has a schema of its own,
// which stays behind: use a database that you throw away.
using System.Globalization;
using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Heal.Bench.Hub;
using Microsoft.DurableTask.PostgreSql;

var connectionString = Environment.GetEnvironmentVariable("HEAL_TEST_POSTGRES")
    ?? throw new InvalidOperationException("Set HEAL_TEST_POSTGRES to the connection string of a database that may be filled.");
var time = TimeProvider.System;
var duration = TimeSpan.FromSeconds(5);
var lease = TimeSpan.FromMinutes(10);

foreach (var committers in new[] { 1, 16, 256 })
{
    await using var hub = await StartHubAsync($"turns_{committers}");
    var instances = await StartInstancesAsync(hub, committers);
    await MeasureAsync($"turns, {committers} committers", instances, instance => instance.TurnAsync(hub));
}

foreach (var workers in new[] { 1, 16, 256 })
{
    await using var hub = await StartHubAsync($"activities_{workers}");
    var instances = await StartInstancesAsync(hub, workers);
    await MeasureAsync(
        $"activity round trips beside the orchestration, {workers} workers",
        instances,
        instance => instance.FusedActivityAsync(hub, lease));
    using var stopping = new CancellationTokenSource();
    var dispatcher = DispatchAsync(hub, instances.ToDictionary(instance => instance.InstanceId), stopping.Token);
    await MeasureAsync(
        $"activity round trips through the inbox, {workers} workers", instances, instance => instance.ActivityAsync(hub, lease));
    await stopping.CancelAsync();
    await dispatcher;
}

async Task<PostgreSqlTaskHub> StartHubAsync(string name)
{
    var schema = $"bench_{name}_{time.GetUtcNow().ToUnixTimeSeconds()}";
    var hub = new PostgreSqlTaskHub(new PostgreSqlTaskHubOptions { ConnectionString = connectionString, Schema = schema }, time);
    await hub.InitializeAsync();
    return hub;
}

async Task<List<Session>> StartInstancesAsync(PostgreSqlTaskHub hub, int count)
{
    await Parallel.ForEachAsync(Enumerable.Range(0, count), async (i, ct) => await hub.CreateInstanceAsync(
        new NewInstance(new ExecutionStartedEvent(-1, "\"input\"")
        {
            Name = "Bench",
            OrchestrationInstance = new OrchestrationInstance
            {
                InstanceId = i.ToString("D6", CultureInfo.InvariantCulture), ExecutionId = Guid.NewGuid().ToString("N"),
            },
        }), [], ct));
    var sessions = new List<Session>();
    while (sessions.Count < count)
    {
        foreach (var item in await hub.LockOrchestrationsAsync(new LockRequest("bench", 64, lease)))
        {
            var session = new Session(item);
            await session.FirstTurnAsync(hub, item);
            sessions.Add(session);
        }
    }

    return sessions;
}

async Task DispatchAsync(PostgreSqlTaskHub hub, Dictionary<string, Session> sessions, CancellationToken stopping)
{
    try
    {
        while (true)
        {
            var items = await hub.LockOrchestrationsAsync(new LockRequest("bench", 64, lease), stopping);
            foreach (var locked in items)
            {
                await sessions[locked.Instance.InstanceId].Deliveries.Writer.WriteAsync(locked, stopping);
            }

            if (items.Count == 0)
            {
                await hub.WaitForWorkAsync(WorkKind.Orchestration, stopping);
            }
        }
    }
    catch (OperationCanceledException) when (stopping.IsCancellationRequested)
    {
        // Measured enough.
    }
}

async Task MeasureAsync(string what, List<Session> sessions, Func<Session, Task> step)
{
    var start = time.GetTimestamp();
    var counts = await Task.WhenAll(sessions.Select(async session =>
    {
        var count = 0;
        for (; time.GetElapsedTime(start) < duration; count++)
        {
            await step(session);
        }

        return count;
    }));
    Console.WriteLine($"{counts.Sum() / time.GetElapsedTime(start).TotalSeconds,10:N0} /s  {what}");
}

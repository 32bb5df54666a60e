using System.Text.Json;
using DurableTask.Core.Exceptions;
using DurableTask.Core.History;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Client.Entities;
using Microsoft.DurableTask.Entities;
using Microsoft.DurableTask.Worker;

namespace Heal.DurableTask.Engine.Tests;

public abstract partial class EntityTests
{
    private static readonly EntityInstanceId A = new("Counter", "a");
    private static readonly EntityInstanceId B = new("Counter", "b");

    [Fact]
    public async Task Signals_and_calls_of_one_orchestration_arrive_in_the_order_of_their_sending()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddEntity<Recorder>()
            .AddOrchestratorFunc("Sends", async context =>
            {
                var id = new EntityInstanceId("Recorder", context.InstanceId);
                for (int i = 0; i < 10; i++)
                {
                    await context.Entities.SignalEntityAsync(id, "append", 2 * i);
                    await context.Entities.CallEntityAsync(id, "append", (2 * i) + 1);
                }

                return await context.Entities.CallEntityAsync<int>(id, "count");
            }));

        OrchestrationMetadata done = await engine.RunAsync("Sends");

        Assert.Equal(20, done.ReadOutputAs<int>());
        var recorder = new EntityInstanceId("Recorder", done.InstanceId);
        Assert.Equal(Enumerable.Range(0, 20), (await engine.Client.Entities.GetEntityAsync<List<int>>(recorder))!.State);
    }

    [Fact]
    public async Task Many_calls_at_once_each_get_their_own_result()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Fans out", async context =>
        {
            int[] results = await Task.WhenAll(Enumerable.Range(1, 30).Select(i =>
                context.Entities.CallEntityAsync<int>(new EntityInstanceId("Counter", $"{i % 7}-{context.InstanceId}"), "add", i)));
            return results.Length + results.Distinct().Count();
        }));

        Assert.InRange((await engine.RunAsync("Fans out")).ReadOutputAs<int>(), 31, 60);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(100, true)]
    public async Task Calls_and_locks_are_replayed_from_the_history(int cached, bool extendedSessions)
    {
        await using EngineHost engine = await StartAsync(
            tasks => tasks
                .AddActivityFunc<int, int>("Same", (_, n) => n)
                .AddOrchestratorFunc("Mixes", async context =>
                {
                    int sum = 0;
                    for (int i = 0; i < 3; i++)
                    {
                        sum += await context.Entities.CallEntityAsync<int>(A, "add", 1);
                        await using (await context.Entities.LockEntitiesAsync(A, B))
                        {
                            sum += await context.Entities.CallEntityAsync<int>(B, "add", 1);
                            sum += await context.CallActivityAsync<int>("Same", 10);
                        }

                        await context.Entities.SignalEntityAsync(B, "add", 100);
                    }

                    return sum;
                }),
            configureHub: options => (options.MaximumCachedInstances, options.ExtendedSessions) = (cached, extendedSessions));

        OrchestrationMetadata done = await engine.RunAsync("Mixes");

        Assert.Equal(1 + 2 + 3 + 1 + 102 + 203 + 30, done.ReadOutputAs<int>());
        Assert.Equal(303, await CallAsync(engine, B, "get"));
    }

    [Fact]
    public async Task The_history_shows_requests_as_sent_and_answers_as_raised_events()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Uses", async context =>
        {
            await context.Entities.SignalEntityAsync(A, "add", 1);
            await using (await context.Entities.LockEntitiesAsync(B, A, B))
            {
                await context.Entities.CallEntityAsync<int>(A, "add", 2);
            }
        }));

        OrchestrationMetadata done = await engine.RunAsync("Uses");

        IList<HistoryEvent> history = await engine.Client.GetOrchestrationHistoryAsync(done.InstanceId);
        EventSentEvent[] sent = [.. history.OfType<EventSentEvent>()];
        Assert.Equal(
            [("op", "@counter@a"), ("op", "@counter@a"), ("op", "@counter@a"), ("release", "@counter@a"), ("release", "@counter@b")],
            sent.Select(one => (one.Name!, one.InstanceId!)));
        string[] requests = [.. sent[1..3].Select(one => JsonDocument.Parse(one.Input!).RootElement.GetProperty("id").GetString()!)];
        Assert.Equal(requests, history.OfType<EventRaisedEvent>().Select(one => one.Name));
        Assert.Equal(["@counter@a", "@counter@b"],
            JsonDocument.Parse(sent[1].Input!).RootElement.GetProperty("lockset").EnumerateArray().Select(id => id.GetString()!));
    }

    [Fact]
    public async Task A_transfer_between_accounts_in_a_critical_section_keeps_the_sum()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc<Transfer, bool>(
            "Transfer", async (context, order) =>
            {
                await using IAsyncDisposable section = await context.Entities.LockEntitiesAsync(order!.From, order.To);
                int balance = await context.Entities.CallEntityAsync<int>(order.From, "get");
                if (balance < order.Amount)
                {
                    return false;
                }

                await Task.WhenAll(
                    context.Entities.CallEntityAsync<int>(order.From, "add", -order.Amount),
                    context.Entities.CallEntityAsync<int>(order.To, "add", order.Amount));
                return true;
            }));
        EntityInstanceId[] accounts = [.. Enumerable.Range(0, 3).Select(i => new EntityInstanceId("Counter", $"account {i}"))];
        foreach (EntityInstanceId account in accounts)
        {
            await CallAsync(engine, account, "add", 100);
        }

        OrchestrationMetadata[] done = await Task.WhenAll(Enumerable.Range(0, 24).Select(i =>
            engine.RunAsync("Transfer", new Transfer(accounts[i % 3], accounts[(i + 1 + (i % 2)) % 3], 20 + (i * 7 % 60)))));

        Assert.All(done, one => Assert.Equal(OrchestrationRuntimeStatus.Completed, one.RuntimeStatus));
        EntityMetadata<int>?[] after = await Task.WhenAll(accounts.Select(account => engine.Client.Entities.GetEntityAsync<int>(account)));
        Assert.Equal(300, after.Sum(account => account!.State));
        Assert.All(after, account => Assert.True(account!.State >= 0));
    }

    [Theory]
    [InlineData("second section", "another critical section")]
    [InlineData("call outside", "did not lock it")]
    [InlineData("parallel call", "still open")]
    [InlineData("signal locked", "Must not signal")]
    [InlineData("sub-orchestration", "must not call sub-orchestrations")]
    [InlineData("call before the lock", "Must await the lock")]
    public async Task In_a_critical_section_some_things_are_forbidden(string what, string reason)
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc<string, string>(
            "Breaks", async (context, rule) =>
        {
            Task<IAsyncDisposable> locking = context.Entities.LockEntitiesAsync(A);
            if (rule != "call before the lock")
            {
                await locking;
            }

            try
            {
                switch (rule)
                {
                    case "second section":
                        await context.Entities.LockEntitiesAsync(B);
                        break;
                    case "call outside":
                        await context.Entities.CallEntityAsync(B, "get");
                        break;
                    case "parallel call":
                        await Task.WhenAll(context.Entities.CallEntityAsync(A, "get"), context.Entities.CallEntityAsync(A, "get"));
                        break;
                    case "signal locked":
                        await context.Entities.SignalEntityAsync(A, "add", 1);
                        break;
                    case "sub-orchestration":
                        await context.CallSubOrchestratorAsync("Breaks", "nothing");
                        break;
                    default:
                        await context.Entities.CallEntityAsync(A, "get");
                        break;
                }

                return "allowed";
            }
            catch (InvalidOperationException refused)
            {
                return refused.Message;
            }
        }));

        Assert.Contains(reason, (await engine.RunAsync("Breaks", what)).ReadOutputAs<string>(), StringComparison.Ordinal);
        Assert.Equal(0, await CallAsync(engine, A, "get"));
    }

    [Fact]
    public async Task In_a_critical_section_the_locked_entities_are_known_and_others_may_be_signalled()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Asks", async context =>
        {
            var seen = new List<string> { context.Entities.InCriticalSection().ToString() };
            IAsyncDisposable section = await context.Entities.LockEntitiesAsync([B, A]);
            seen.Add(context.Entities.InCriticalSection(out IReadOnlyList<EntityInstanceId>? locked) ? string.Join(' ', locked) : "none");
            await context.Entities.SignalEntityAsync(new EntityInstanceId("Counter", "free"), "add", 7);
            await section.DisposeAsync();
            await section.DisposeAsync();
            seen.Add(context.Entities.InCriticalSection().ToString());
            await using (await context.Entities.LockEntitiesAsync(A))
            {
                seen.Add((await context.Entities.CallEntityAsync<int>(A, "get")).ToString());
            }

            seen.Add((await context.Entities.CallEntityAsync<int>(new EntityInstanceId("Counter", "free"), "get")).ToString());
            return string.Join(", ", seen);
        }));

        Assert.Equal("False, @counter@a @counter@b, False, 0, 7", (await engine.RunAsync("Asks")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task While_an_entity_is_locked_the_operations_of_others_wait_in_order()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddEntity<Recorder>()
            .AddOrchestratorFunc("Holds", HoldAsync));
        var id = new EntityInstanceId("Recorder", "locked");
        string holder = await LockAsync(engine, id);
        for (int i = 1; i <= 5; i++)
        {
            await engine.Client.Entities.SignalEntityAsync(id, "append", i);
        }

        string waiting = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Call", new EntityCall(id, "count"));
        await engine.Client.RaiseEventAsync(holder, "use");
        EntityMetadata seen = (await UntilAsync(
            () => engine.Client.Entities.GetEntityAsync(id), entity => entity?.BacklogQueueSize == 6))!;
        Assert.Equal((holder, "[0]"), (seen.LockedBy, seen.State!.Value));
        Assert.False((await engine.Client.GetInstanceAsync(waiting))!.IsCompleted);

        await engine.Client.RaiseEventAsync(holder, "leave");

        Assert.Equal(6, (await engine.WaitAsync(waiting)).ReadOutputAs<int>());
        EntityMetadata<List<int>> after = (await engine.Client.Entities.GetEntityAsync<List<int>>(id))!;
        Assert.Equal(Enumerable.Range(0, 6), after.State);
        Assert.Null(after.LockedBy);
    }

    [Theory]
    [InlineData("return")]
    [InlineData("throw")]
    [InlineData("continue as new")]
    [InlineData("terminate")]
    [InlineData("change")]
    public async Task However_an_orchestration_ends_its_locks_are_released(string how)
    {
        bool changed = false;
        void ReplayChanges(TaskHubWorkerOptions options)
        {
            options.MaximumCachedInstances = how == "change" ? 0 : options.MaximumCachedInstances;
            options.OrphanedLockSweepInterval = TimeSpan.FromHours(1); // It would hide what is asked here.
        }

        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc<string>("Forgets", async (context, end) =>
        {
            if (end == "done" || changed)
            {
                return; // Without the lock that the history shows: not deterministic, if the history shows one.
            }

            await context.Entities.LockEntitiesAsync(A, B);
            context.SetCustomStatus("locked");
            switch (end)
            {
                case "throw":
                    throw new InvalidOperationException("in the critical section");
                case "continue as new":
                    context.ContinueAsNew("done");
                    break;
                case "terminate" or "change":
                    await context.WaitForExternalEvent<string>("go");
                    break;
            }
        }), configureHub: ReplayChanges);
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Forgets", how);
        if (how == "terminate")
        {
            await WaitForStatusAsync(engine, id, "locked");
            await engine.Client.TerminateInstanceAsync(id);
        }
        else if (how == "change")
        {
            await WaitForStatusAsync(engine, id, "locked");
            changed = true;
            await engine.Client.RaiseEventAsync(id, "go", "x");
        }

        OrchestrationMetadata ended = await engine.WaitAsync(id);
        Assert.Equal(how == "change", ended.FailureDetails?.IsCausedBy<NonDeterministicOrchestrationException>() ?? false);

        Assert.Equal(1, await CallAsync(engine, A, "add", 1));
        Assert.Equal(1, await CallAsync(engine, B, "add", 1));
    }

    [Fact]
    public async Task A_lock_request_of_an_orchestration_that_ended_meanwhile_is_dropped()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddEntity<Recorder>()
            .AddOrchestratorFunc("Holds", HoldAsync));
        var id = new EntityInstanceId("Recorder", "wanted");
        string holder = await LockAsync(engine, id);
        string waiting = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Holds", input: id.ToString());
        await UntilAsync(() => engine.Client.Entities.GetAllEntitiesAsync(new EntityQuery { IncludeTransient = true })
            .FirstOrDefaultAsync(), entity => entity?.BacklogQueueSize == 1);
        await engine.Client.TerminateInstanceAsync(waiting);
        await engine.WaitAsync(waiting);

        await engine.Client.RaiseEventAsync(holder, "leave");

        Assert.Equal(0, await CallAsync(engine, id, "count"));
    }

    [Fact]
    public async Task Signals_scheduled_by_an_orchestration_come_at_their_time()
    {
        var delivered = new TaskCompletionSource<DateTimeOffset>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddEntity("clock", _ => new Clock(delivered))
            .AddOrchestratorFunc("Schedules", async context =>
            {
                DateTimeOffset due = new(context.CurrentUtcDateTime.AddSeconds(1));
                due = DateTimeOffset.FromUnixTimeMilliseconds(due.ToUnixTimeMilliseconds());
                await context.Entities.SignalEntityAsync(new EntityInstanceId("Clock", "key"), "ring", SignalAt(due));
                return due;
            }));

        DateTimeOffset due = (await engine.RunAsync("Schedules")).ReadOutputAs<DateTimeOffset>();

        Assert.True(await delivered.Task.WaitAsync(TimeSpan.FromSeconds(30)) >= due);
    }

    [Fact]
    public async Task Events_to_entity_ids_are_refused_where_entities_are_enabled()
    {
        void Tasks(DurableTaskRegistry tasks) => tasks.AddOrchestratorFunc("Sends", context =>
        {
            try
            {
                context.SendEvent("@counter@a", "add", 1);
                return Task.FromResult("sent");
            }
            catch (ArgumentException refused)
            {
                return Task.FromResult(refused.Message);
            }
        });
        await using EngineHost enabled = await StartAsync(Tasks);
        await using EngineHost disabled = await EngineHost.StartAsync(CreateHub(NewStore()), Tasks);

        Assert.Contains("those of entities", (await enabled.RunAsync("Sends")).ReadOutputAs<string>(), StringComparison.Ordinal);
        Assert.Equal("sent", (await disabled.RunAsync("Sends")).ReadOutputAs<string>());
        await Assert.ThrowsAsync<ArgumentException>(() => enabled.Client.RaiseEventAsync("@counter@a", "add"));
    }

    [Fact]
    public async Task Where_entities_are_not_enabled_nobody_has_them()
    {
        await using EngineHost engine = await EngineHost.StartAsync(CreateHub(NewStore()), tasks => tasks
            .AddOrchestratorFunc("Uses", context => context.Entities.CallEntityAsync(A, "get")));

        OrchestrationMetadata done = await engine.RunAsync("Uses");

        Assert.True(done.FailureDetails!.IsCausedBy<NotSupportedException>());
        Assert.Throws<NotSupportedException>(() => engine.Client.Entities);
    }

    private sealed record Transfer(EntityInstanceId From, EntityInstanceId To, int Amount);

    /// <summary>Locks the entity that its input names, appends 0 to it on "use", and leaves on "leave".</summary>
    private static async Task HoldAsync(TaskOrchestrationContext context)
    {
        EntityInstanceId id = EntityInstanceId.FromString(context.GetInput<string>()!);
        await using (await context.Entities.LockEntitiesAsync(id))
        {
            context.SetCustomStatus("locked");
            Task leave = context.WaitForExternalEvent<string>("leave");
            Task use = context.WaitForExternalEvent<string>("use");
            if (await Task.WhenAny(use, leave) == use)
            {
                await context.Entities.CallEntityAsync(id, "append", 0);
                await leave;
            }
        }
    }

    private static async Task<string> LockAsync(EngineHost engine, EntityInstanceId id)
    {
        string holder = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Holds", input: id.ToString());
        await WaitForStatusAsync(engine, holder, "locked");
        return holder;
    }

    private static Task<OrchestrationMetadata?> WaitForStatusAsync(EngineHost engine, string instanceId, string status) => UntilAsync(
        () => engine.Client.GetInstanceAsync(instanceId, getInputsAndOutputs: true),
        instance => instance?.SerializedCustomStatus is { } seen && seen.Contains(status, StringComparison.Ordinal));

    /// <summary>Reads again and again: what is waited for here has no signal of its own for clients.</summary>
    private static async Task<T> UntilAsync<T>(Func<ValueTask<T>> read, Func<T, bool> isSo)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            T seen = await read();
            if (isSo(seen))
            {
                return seen;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), limit.Token);
        }
    }

    private static Task<T> UntilAsync<T>(Func<Task<T>> read, Func<T, bool> isSo) => UntilAsync(() => new ValueTask<T>(read()), isSo);
}

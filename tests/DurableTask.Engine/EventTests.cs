using DurableTask.Core.History;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.DurableTask.Engine.Tests;

public sealed class EventsInMemory(InMemoryBackend backend) : EventTests(backend), IClassFixture<InMemoryBackend>;

public sealed class EventsOnPostgreSql(PostgreSqlBackend backend) : EventTests(backend), IClassFixture<PostgreSqlBackend>;

public abstract class EventTests(IHubBackend backend) : EngineSuite(backend)
{
    [Fact]
    public async Task Events_of_one_name_are_taken_in_the_order_of_their_arrival()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Collects", async context =>
        {
            var seen = new List<int>();
            while (seen.Count < 50)
            {
                seen.Add(await context.WaitForExternalEvent<int>("number"));
            }

            return seen;
        }));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Collects");

        for (int i = 0; i < 50; i++)
        {
            await engine.Client.RaiseEventAsync(id, i % 2 == 0 ? "number" : "NUMBER", i);
        }

        Assert.Equal(Enumerable.Range(0, 50), (await engine.WaitAsync(id)).ReadOutputAs<List<int>>()!);
    }

    [Fact]
    public async Task As_many_waiters_as_events_each_get_one()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Collects", async context =>
        {
            int[] all = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => context.WaitForExternalEvent<int>("number")));
            return all.Order().ToArray();
        }));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Collects");
        await engine.Client.WaitForInstanceStartAsync(id);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => engine.Client.RaiseEventAsync(id, "number", i)));

        Assert.Equal(Enumerable.Range(0, 20), (await engine.WaitAsync(id)).ReadOutputAs<int[]>()!);
    }

    [Fact]
    public async Task A_cancelled_first_waiter_leaves_the_event_to_the_second()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Waits", async context =>
        {
            using var enough = new CancellationTokenSource();
            Task<string> first = context.WaitForExternalEvent<string>("e", enough.Token);
            enough.Cancel();
            Exception? cancelled = await Record.ExceptionAsync(() => first);
            context.SetCustomStatus(cancelled?.GetType().Name);
            return await context.WaitForExternalEvent<string>("e");
        }));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        await UntilAsync(engine, id, state => state.ReadCustomStatusAs<string>() == nameof(TaskCanceledException));

        await engine.Client.RaiseEventAsync(id, "e", "arrived");

        Assert.Equal("arrived", (await engine.WaitAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_cancelled_waiter_uses_up_no_event_even_when_it_is_the_newest()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Waits", async context =>
        {
            Task<string> patient = context.WaitForExternalEvent<string>("e");
            using var enough = new CancellationTokenSource();
            Task<string> impatient = context.WaitForExternalEvent<string>("e", enough.Token);
            enough.Cancel();
            await Record.ExceptionAsync(() => impatient);
            context.SetCustomStatus("cancelled");
            return await patient;
        }));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        await UntilAsync(engine, id, state => state.SerializedCustomStatus is not null);

        await engine.Client.RaiseEventAsync(id, "e", "arrived");

        Assert.Equal("arrived", (await engine.WaitAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_wait_that_timed_out_leaves_the_event_to_the_next_wait()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Waits", async context =>
        {
            Exception? late = await Record.ExceptionAsync(
                () => context.WaitForExternalEvent<string>("e", TimeSpan.FromMilliseconds(50)));
            context.SetCustomStatus(late is OperationCanceledException);
            return await context.WaitForExternalEvent<string>("e", TimeSpan.FromHours(1));
        }));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        await UntilAsync(engine, id, state => state.SerializedCustomStatus == "true");

        await engine.Client.RaiseEventAsync(id, "e", "arrived");

        // It ends at once although the second wait's timer had an hour to go: the loser is cancelled.
        Assert.Equal("arrived", (await engine.WaitAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task The_callers_token_ends_a_wait_with_a_timeout()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Waits", async context =>
        {
            using var enough = new CancellationTokenSource();
            Task<string> wait = context.WaitForExternalEvent<string>("e", TimeSpan.FromHours(1), enough.Token);
            enough.Cancel();
            return await Record.ExceptionAsync(() => wait) is OperationCanceledException;
        }));

        Assert.True((await engine.RunAsync("Waits")).ReadOutputAs<bool>());
    }

    [Fact]
    public async Task Waiters_of_one_name_must_agree_on_the_type()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Waits", async context =>
        {
            Task<string> text = context.WaitForExternalEvent<string>("e");
            Exception? refused = await Record.ExceptionAsync(() => context.WaitForExternalEvent<int>("E"));
            context.SetCustomStatus(refused?.GetType().Name);
            return await text;
        }));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        await engine.Client.RaiseEventAsync(id, "e", "text");

        OrchestrationMetadata done = await engine.WaitAsync(id);
        Assert.Equal(nameof(ArgumentException), done.ReadCustomStatusAs<string>());
        Assert.Equal("text", done.ReadOutputAs<string>());
    }

    [Fact]
    public async Task Events_that_come_before_the_start_are_kept_for_it()
    {
        await using EngineHost engine = await StartAfterAsync(
            tasks => tasks.AddOrchestratorFunc(
                "Waits",
                async context => await context.WaitForExternalEvent<string>("e") + await context.WaitForExternalEvent<string>("e")),
            "Waits",
            null,
            async client =>
            {
                await client.RaiseEventAsync("one", "e", "1");
                await client.RaiseEventAsync("one", "e", "2");
                Assert.Equal(OrchestrationRuntimeStatus.Pending, (await client.GetInstanceAsync("one"))!.RuntimeStatus);
            });

        Assert.Equal("12", (await engine.WaitAsync("one")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Events_that_come_before_a_scheduled_start_wait_for_it()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Waits", context => context.WaitForExternalEvent<string>("e")));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Waits", new StartOrchestrationOptions(StartAt: DateTimeOffset.UtcNow.AddMilliseconds(500)));

        await engine.Client.RaiseEventAsync(id, "e", "early");

        Assert.Equal("early", (await engine.WaitAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Events_for_unknown_and_ended_instances_are_dropped_without_an_error()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Ends", _ => "ended")
            .AddOrchestratorFunc("Waits", context => context.WaitForExternalEvent<string>("e")));
        string ended = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Ends");
        await engine.WaitAsync(ended);

        await engine.Client.RaiseEventAsync("nobody", "e", "lost");
        await engine.Client.RaiseEventAsync(ended, "e", "lost");

        Assert.Null(await engine.Client.GetInstanceAsync("nobody"));
        Assert.Empty(await HistoryAsync<EventRaisedEvent>(engine, ended));
        string reused = await engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Waits", new StartOrchestrationOptions(InstanceId: ended));
        await engine.Client.RaiseEventAsync(reused, "e", "for the new one");
        Assert.Equal("for the new one", (await engine.WaitAsync(reused)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task An_event_may_have_no_payload()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc(
            "Waits", async context => await context.WaitForExternalEvent<int?>("e") is null));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        await engine.Client.RaiseEventAsync(id, "e");

        Assert.True((await engine.WaitAsync(id)).ReadOutputAs<bool>());
    }

    [Fact]
    public async Task An_orchestration_sends_events_to_others_without_waiting()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc<string, string>("Sends", (context, target) =>
            {
                context.SendEvent(target, "e", 42);
                context.SendEvent("nobody", "e", 43);
                return "sent";
            })
            .AddOrchestratorFunc("Waits", context => context.WaitForExternalEvent<int>("E")));
        string waits = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        string sends = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Sends", waits);

        Assert.Equal(42, (await engine.WaitAsync(waits)).ReadOutputAs<int>());
        Assert.Equal("sent", (await engine.WaitAsync(sends)).ReadOutputAs<string>());
        Assert.Equal([waits, "nobody"], (await HistoryAsync<EventSentEvent>(engine, sends)).Select(sent => sent.InstanceId));
    }

    [Fact]
    public async Task An_event_of_the_wrong_type_fails_the_code_that_waits_for_it_and_nobody_else()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc(
            "Waits", context => context.WaitForExternalEvent<int>("e")));
        string wrong = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");
        string right = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Waits");

        await engine.Client.RaiseEventAsync(wrong, "e", "not a number");
        await engine.Client.RaiseEventAsync(right, "e", 7);

        OrchestrationMetadata failed = await engine.WaitAsync(wrong);
        Assert.Equal(OrchestrationRuntimeStatus.Failed, failed.RuntimeStatus);
        Assert.Equal("System.Text.Json.JsonException", failed.FailureDetails!.ErrorType);
        Assert.Equal(7, (await engine.WaitAsync(right)).ReadOutputAs<int>());
    }
}

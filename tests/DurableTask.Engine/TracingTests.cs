using System.Collections.Concurrent;
using System.Diagnostics;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Entities;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.DurableTask.Engine.Tests;

public sealed class TracingInMemory(InMemoryBackend backend) : TracingTests(backend), IClassFixture<InMemoryBackend>;

public sealed class TracingOnPostgreSql(PostgreSqlBackend backend) : TracingTests(backend), IClassFixture<PostgreSqlBackend>;

public abstract class TracingTests(IHubBackend backend) : EngineSuite(backend)
{
    [Fact]
    public async Task A_start_its_orchestration_and_its_activities_are_one_trace()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Greets", async context =>
            {
                await context.CallActivityAsync<string>("Hello", "Tokyo");
                await context.CallActivityAsync<string>("Hello", "London");
                return "done";
            })
            .AddActivityFunc<string, string>("Hello", (_, name) => $"Hello, {name}!"));
        using var spans = new CollectingSpans();

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Greets");
        await engine.WaitAsync(id);

        Activity create = spans.Single("create_orchestration:Greets", ActivityKind.Producer);
        AssertParent(spans.Root, create);
        AssertTags(
            create, ("durabletask.type", "orchestration"), ("durabletask.task.name", "Greets"), ("durabletask.task.instance_id", id));
        Activity orchestration = spans.Single("orchestration:Greets", ActivityKind.Server);
        AssertParent(create, orchestration);
        AssertTags(
            orchestration,
            ("durabletask.type", "orchestration"), ("durabletask.task.name", "Greets"), ("durabletask.task.instance_id", id),
            ("durabletask.task.execution_id", create.GetTagItem("durabletask.task.execution_id")),
            ("durabletask.task.status", "Completed"));

        IReadOnlyList<Activity> calls = spans.All("activity:Hello", ActivityKind.Client);
        IReadOnlyList<Activity> executions = spans.All("activity:Hello", ActivityKind.Server);
        Assert.Equal((2, 2), (calls.Count, executions.Count));
        for (int task = 0; task < 2; task++)
        {
            Activity call = Assert.Single(calls, each => each.GetTagItem("durabletask.task.task_id") is int own && own == task);
            Activity execution = Assert.Single(executions, each => each.GetTagItem("durabletask.task.task_id") is int own && own == task);
            AssertParent(orchestration, call);
            AssertParent(call, execution);
            foreach (Activity each in new[] { call, execution })
            {
                AssertTags(
                    each,
                    ("durabletask.type", "activity"), ("durabletask.task.name", "Hello"), ("durabletask.task.instance_id", id));
            }

            Assert.InRange(execution.StartTimeUtc, call.StartTimeUtc.AddMilliseconds(-20), DateTime.MaxValue);
            Assert.InRange(call.StartTimeUtc, orchestration.StartTimeUtc, DateTime.MaxValue);
        }

        Assert.InRange(orchestration.StartTimeUtc + orchestration.Duration, calls[1].StartTimeUtc, DateTime.MaxValue);
    }

    [Fact]
    public async Task Versions_are_part_of_names_and_tags()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Versioned", context => context.CallActivityAsync("Works"))
            .AddActivityFunc("Works", _ => { }));
        using var spans = new CollectingSpans();

        await engine.WaitAsync(await engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Versioned", new StartOrchestrationOptions { Version = "1.2" }));

        foreach (Activity each in new[]
        {
            spans.Single("create_orchestration:Versioned@(1.2)", ActivityKind.Producer),
            spans.Single("orchestration:Versioned@(1.2)", ActivityKind.Server),
            spans.Single("activity:Works@(1.2)", ActivityKind.Client),
            spans.Single("activity:Works@(1.2)", ActivityKind.Server),
        })
        {
            AssertTags(each, ("durabletask.task.version", "1.2"));
        }
    }

    [Fact]
    public async Task A_failure_marks_every_span_that_it_passes()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Parent", context => context.CallSubOrchestratorAsync("Child"))
            .AddOrchestratorFunc("Child", context => context.CallActivityAsync("Breaks"))
            .AddActivityFunc("Breaks", _ => throw new InvalidOperationException("broken")));
        using var spans = new CollectingSpans();

        await engine.WaitAsync(await engine.Client.ScheduleNewOrchestrationInstanceAsync("Parent"));

        const string InChild = "Task 'Breaks' (#0) failed with an unhandled exception: broken";
        AssertError("broken", spans.Single("activity:Breaks", ActivityKind.Server));
        AssertError("broken", spans.Single("activity:Breaks", ActivityKind.Client));
        AssertError(InChild, spans.Single("orchestration:Child", ActivityKind.Server));
        AssertError(InChild, spans.Single("orchestration:Child", ActivityKind.Client));
        Activity parent = spans.Single("orchestration:Parent", ActivityKind.Server);
        AssertError($"Task 'Child' (#0) failed with an unhandled exception: {InChild}", parent);
        AssertTags(parent, ("durabletask.task.status", "Failed"));
    }

    [Fact]
    public async Task A_sub_orchestration_is_a_call_within_its_parent_and_an_execution_within_the_call()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Parent", context => context.CallSubOrchestratorAsync<string>("Child"))
            .AddOrchestratorFunc("Child", context => context.CallActivityAsync<string>("Works"))
            .AddActivityFunc("Works", _ => "done"));
        using var spans = new CollectingSpans();

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Parent");
        await engine.WaitAsync(id);

        Activity parent = spans.Single("orchestration:Parent", ActivityKind.Server);
        Activity call = spans.Single("orchestration:Child", ActivityKind.Client);
        Activity child = spans.Single("orchestration:Child", ActivityKind.Server);
        AssertParent(parent, call);
        AssertParent(call, child);
        AssertParent(child, spans.Single("activity:Works", ActivityKind.Client));
        AssertTags(
            call, ("durabletask.type", "orchestration"), ("durabletask.task.name", "Child"), ("durabletask.task.instance_id", id));
    }

    [Fact]
    public async Task Timers_and_events_are_spans_of_their_orchestration()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Sends", async context =>
            {
                await context.CreateTimer(TimeSpan.FromMilliseconds(30), CancellationToken.None);
                context.SendEvent("somebody", "news", 1);
                await context.WaitForExternalEvent<string>("go");
            }));
        using var spans = new CollectingSpans();

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Sends");
        await engine.Client.RaiseEventAsync(id, "go");
        await engine.WaitAsync(id);

        Activity orchestration = spans.Single("orchestration:Sends", ActivityKind.Server);
        Activity timer = spans.Single("orchestration:Sends:timer", ActivityKind.Internal);
        AssertParent(orchestration, timer);
        AssertTags(
            timer,
            ("durabletask.type", "timer"), ("durabletask.task.name", "Sends"), ("durabletask.task.instance_id", id),
            ("durabletask.task.task_id", 0));
        Assert.NotNull(timer.GetTagItem("durabletask.fire_at"));
        Activity sent = spans.Single("orchestration_event:news", ActivityKind.Producer);
        AssertParent(orchestration, sent);
        AssertTags(
            sent,
            ("durabletask.type", "event"), ("durabletask.task.instance_id", id), ("durabletask.event.target_instance_id", "somebody"));
        Activity raised = spans.Single("orchestration_event:go", ActivityKind.Producer);
        AssertParent(spans.Root, raised);
        AssertTags(raised, ("durabletask.type", "event"), ("durabletask.event.target_instance_id", id));
    }

    [Fact]
    public async Task Requests_to_entities_are_spans_of_the_orchestration_that_sent_them_and_operations_are_spans_of_requests()
    {
        var counter = new EntityInstanceId("Counter", "key");
        const string name = "@counter@key";
        await using EngineHost engine = await StartAsync(
            tasks => tasks
                .AddEntity<Counter>()
                .AddOrchestratorFunc("Counts", async context =>
                {
                    await context.Entities.SignalEntityAsync(
                        counter, "add", 1, new SignalEntityOptions { SignalTime = new DateTimeOffset(context.CurrentUtcDateTime) });
                    await context.Entities.CallEntityAsync(counter, "add", 2);
                    await using (await context.Entities.LockEntitiesAsync(counter))
                    {
                        await context.Entities.CallEntityAsync(counter, "add", 3);
                    }

                    await Assert.ThrowsAsync<EntityOperationFailedException>(() => context.Entities.CallEntityAsync(counter, "fail"));
                }),
            options => options.EnableEntitySupport = true);
        using var spans = new CollectingSpans();

        string id = (await engine.RunAsync("Counts")).InstanceId;

        Activity orchestration = spans.Single("orchestration:Counts", ActivityKind.Server);
        Activity signal = spans.Single("entity:counter:add", ActivityKind.Producer);
        Activity signalled = spans.Single("entity:counter:add", ActivityKind.Consumer);
        IReadOnlyList<Activity> calls = spans.All("entity:counter:add", ActivityKind.Client);
        Activity locking = spans.Single("entity:counter:lock", ActivityKind.Client);
        Activity failing = spans.Single("entity:counter:fail", ActivityKind.Client);
        Activity failed = spans.Single("entity:counter:fail", ActivityKind.Server);
        Assert.Equal(2, calls.Count);
        Assert.All([signal, .. calls, locking, failing], span => AssertParent(orchestration, span));
        AssertParent(signal, signalled);
        AssertParent(failing, failed);
        Assert.Equal(
            calls.Select(call => call.SpanId.ToHexString()).Order(StringComparer.Ordinal),
            spans.All("entity:counter:add", ActivityKind.Server).Select(run => run.ParentSpanId.ToHexString())
                .Order(StringComparer.Ordinal));

        AssertTags(signal, ("durabletask.task.operation", "signal_entity"), ("durabletask.event.target_instance_id", name));
        Assert.NotNull(signal.GetTagItem("durabletask.task.scheduled_time"));
        Assert.All([.. calls, locking, failing], call => AssertTags(
            call, ("durabletask.task.operation", "call_entity"), ("durabletask.event.target_instance_id", name)));
        Assert.All([signal, .. calls, locking, failing], span => AssertTags(
            span, ("durabletask.type", "entity"), ("durabletask.task.instance_id", id)));
        AssertTags(
            signalled,
            ("durabletask.type", "entity"), ("durabletask.task.operation", "signal_entity"), ("durabletask.task.instance_id", name));
        AssertTags(
            failed,
            ("durabletask.type", "entity"), ("durabletask.task.operation", "call_entity"), ("durabletask.task.instance_id", name),
            ("durabletask.entity.error_message", "broken"));
        AssertError("broken", failed);
        AssertError("broken", failing);
        Assert.All([signalled, .. calls, locking], span => Assert.Equal(ActivityStatusCode.Unset, span.Status));
        Assert.Empty(spans.All("orchestration_event:op", ActivityKind.Producer));
    }

    [Fact]
    public async Task A_signal_of_a_client_and_what_the_entity_starts_are_one_trace()
    {
        var counter = new EntityInstanceId("Counter", "key");
        await using EngineHost engine = await StartAsync(
            tasks => tasks.AddEntity<Counter>().AddOrchestratorFunc("Follows", _ => Task.FromResult("done")),
            options => options.EnableEntitySupport = true,
            services: all => all.Configure<DurableTaskClientOptions>(options => options.EnableEntitySupport = true));
        using var spans = new CollectingSpans();

        await engine.Client.Entities.SignalEntityAsync(counter, "start", "follower");
        await UntilAsync(engine, "follower", state => state.IsCompleted);
        await UntilAsync(engine, "second", state => state.IsCompleted);

        Activity signal = spans.Single("entity:counter:start", ActivityKind.Producer);
        AssertParent(spans.Root, signal);
        AssertTags(
            signal,
            ("durabletask.type", "entity"), ("durabletask.task.operation", "signal_entity"),
            ("durabletask.event.target_instance_id", "@counter@key"));
        Activity operation = spans.Single("entity:counter:start", ActivityKind.Consumer);
        AssertParent(signal, operation);
        Activity passedOn = spans.Single("entity:counter:follow", ActivityKind.Producer);
        AssertParent(operation, passedOn);
        AssertTags(
            passedOn,
            ("durabletask.task.instance_id", "@counter@key"), ("durabletask.event.target_instance_id", "@counter@other"));
        Activity second = spans.Single("entity:counter:follow", ActivityKind.Consumer);
        AssertParent(passedOn, second);
        Assert.All(new[] { (operation, "follower"), (second, "second") }, started =>
        {
            Activity create = Assert.Single(
                spans.All("counter:create_orchestration", ActivityKind.Producer),
                span => span.GetTagItem("durabletask.event.target_instance_id") is string target && target == started.Item2);
            AssertParent(started.Item1, create);
            Assert.Single(spans.All("orchestration:Follows", ActivityKind.Server), span => span.ParentId == create.Id);
        });
    }

    [Fact]
    public async Task An_operation_that_fails_has_no_span_for_what_it_did_not_send()
    {
        var counter = new EntityInstanceId("Counter", "key");
        await using EngineHost engine = await StartAsync(
            tasks => tasks.AddEntity<Counter>().AddOrchestratorFunc("Calls", context => Assert.ThrowsAsync<EntityOperationFailedException>(
                () => context.Entities.CallEntityAsync(counter, "breakOff"))),
            options => options.EnableEntitySupport = true);
        using var spans = new CollectingSpans();

        await engine.RunAsync("Calls");

        Assert.Equal(ActivityStatusCode.Error, spans.Single("entity:counter:breakOff", ActivityKind.Server).Status);
        Assert.Empty(spans.All("entity:counter:follow", ActivityKind.Producer));
        Assert.Empty(spans.All("counter:create_orchestration", ActivityKind.Producer));
    }

    private sealed class Counter : TaskEntity<int>
    {
        public void Start(string id)
        {
            Follow(id);
            Context.SignalEntity(new EntityInstanceId("Counter", "other"), "follow", "second");
        }

        public void Follow(string id) =>
            Context.ScheduleNewOrchestration("Follows", options: new StartOrchestrationOptions(id));

        public void BreakOff()
        {
            Start("nobody");
            Fail();
        }

        public int Add(int amount) => State += amount;

        public void Fail() => throw new InvalidOperationException("broken");
    }

    [Fact]
    public async Task Each_execution_of_continue_as_new_is_a_span_of_its_own()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc<int, int>("Twice", async (context, turn) =>
            {
                await context.CreateTimer(TimeSpan.Zero, CancellationToken.None);
                if (turn == 0)
                {
                    context.ContinueAsNew(1);
                }

                return turn;
            }));
        using var spans = new CollectingSpans();

        await engine.WaitAsync(await engine.Client.ScheduleNewOrchestrationInstanceAsync("Twice", 0));

        IReadOnlyList<Activity> executions = spans.All("orchestration:Twice", ActivityKind.Server);
        Assert.Equal(
            ["ContinuedAsNew", "Completed"], executions.Select(each => each.GetTagItem("durabletask.task.status") as string));
        Assert.Equal(2, executions.Select(each => each.SpanId).Distinct().Count());
        Assert.All(executions, each => AssertParent(spans.Single("create_orchestration:Twice", ActivityKind.Producer), each));
    }

    [Fact]
    public async Task Workers_that_share_an_orchestration_write_parts_of_the_same_span()
    {
        string store = NewStore();
        static void Tasks(DurableTaskRegistry tasks) => tasks
            .AddOrchestratorFunc("Moves", async context =>
            {
                await context.CallActivityAsync("Works");
                context.SetCustomStatus("half");
                await context.WaitForExternalEvent<string>("go");
                await context.CallActivityAsync("Works");
            })
            .AddActivityFunc("Works", _ => { });
        using var spans = new CollectingSpans();

        string id;
        await using (EngineHost first = await StartAsync(Tasks, store: store))
        {
            id = await first.Client.ScheduleNewOrchestrationInstanceAsync("Moves");
            await UntilAsync(first, id, state => state.SerializedCustomStatus is not null);
        }

        await using EngineHost second = await StartAsync(Tasks, store: store);
        await second.Client.RaiseEventAsync(id, "go");
        await second.WaitAsync(id);

        Activity orchestration = spans.Single("orchestration:Moves", ActivityKind.Server);
        IReadOnlyList<Activity> calls = spans.All("activity:Works", ActivityKind.Client);
        Assert.Equal(2, calls.Count);
        Assert.All(calls, call => AssertParent(orchestration, call));
        Assert.All(calls, call => Assert.InRange(call.StartTimeUtc, orchestration.StartTimeUtc, DateTime.MaxValue));
    }

    [Fact]
    public async Task Without_a_starters_trace_an_orchestration_is_a_trace_of_its_own()
    {
        using var spans = new CollectingSpans(anyTrace: true);
        ITaskHub hub = CreateHub(NewStore());
        const string id = "alone";
        await using EngineHost engine = await EngineHost.StartAsync(
            hub,
            tasks => tasks
                .AddOrchestratorFunc("Alone", context => context.CallActivityAsync("Works"))
                .AddActivityFunc("Works", _ => { }),
            before: _ => hub.CreateInstanceAsync(
                new NewInstance(new ExecutionStartedEvent(-1, null)
                {
                    Name = "Alone",
                    OrchestrationInstance = new() { InstanceId = id, ExecutionId = Guid.NewGuid().ToString("N") },
                }),
                []));

        await engine.WaitAsync(id);

        Activity orchestration = Assert.Single(
            spans.All("orchestration:Alone", ActivityKind.Server), each => each.GetTagItem("durabletask.task.instance_id") as string == id);
        Activity call = Assert.Single(
            spans.All("activity:Works", ActivityKind.Client), each => each.TraceId == orchestration.TraceId);
        Assert.Equal(default, orchestration.ParentSpanId);
        AssertParent(orchestration, call);
        Assert.Contains(spans.All("activity:Works", ActivityKind.Server), each => each.ParentSpanId == call.SpanId);
    }

    private static void AssertParent(Activity parent, Activity child) =>
        Assert.Equal((parent.Id, parent.TraceId, parent.SpanId), (child.ParentId, child.TraceId, child.ParentSpanId));

    private static void AssertTags(Activity span, params (string Key, object? Value)[] tags) =>
        Assert.All(tags, tag => Assert.Equal(tag.Value, span.GetTagItem(tag.Key)));

    private static void AssertError(string message, Activity span) =>
        Assert.Equal((ActivityStatusCode.Error, message), (span.Status, span.StatusDescription));

    /// <summary>Keeps the spans of the trace that it starts: tests of other classes run at the same time.</summary>
    private sealed class CollectingSpans : IDisposable
    {
        private readonly ActivitySource _source = new("Heal.DurableTask.Engine.Tests");
        private readonly ConcurrentQueue<Activity> _spans = new();
        private readonly ActivityListener _listener;
        private readonly bool _anyTrace;

        public CollectingSpans(bool anyTrace = false)
        {
            _anyTrace = anyTrace;
            _listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name is "Microsoft.DurableTask" || source == _source,
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = _spans.Enqueue,
            };
            ActivitySource.AddActivityListener(_listener);
            Root = _source.StartActivity("test")!;
        }

        public Activity Root { get; }

        public IReadOnlyList<Activity> All(string name, ActivityKind kind) => [.. _spans.Where(span =>
            span.OperationName == name && span.Kind == kind && (_anyTrace || span.TraceId == Root.TraceId))];

        public Activity Single(string name, ActivityKind kind) => Assert.Single(All(name, kind));

        public void Dispose()
        {
            Root.Dispose();
            _listener.Dispose();
            _source.Dispose();
        }
    }
}

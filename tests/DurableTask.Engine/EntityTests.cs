using System.Collections.Concurrent;
using DurableTask.Core.Hub;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Entities;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Heal.DurableTask.Engine.Tests;

/// <summary>What an author of entities relies on, run against every hub.</summary>
public abstract partial class EntityTests
{
    private protected static readonly EntityInstanceId Some = new("Counter", "some");

    /// <summary>A hub object on a store; two objects with the same store's name are two processes on one hub.</summary>
    protected abstract ITaskHub CreateHub(string store);

    private protected static string NewStore() => Guid.NewGuid().ToString("N");

    private protected Task<EngineHost> StartAsync(
        Action<DurableTaskRegistry> tasks,
        ITaskHub? hub = null,
        Action<TaskHubWorkerOptions>? configureHub = null,
        Action<IServiceCollection>? services = null,
        Action<DurableTaskWorkerOptions>? configure = null) =>
        EngineHost.StartAsync(
            hub ?? CreateHub(NewStore()),
            registry =>
            {
                registry.AddEntity<Counter>();
                registry.AddOrchestratorFunc<EntityCall, int>(
                    "Call", (context, call) => context.Entities.CallEntityAsync<int>(call!.Id, call.Operation, call.Input));
                tasks(registry);
            },
            options =>
            {
                options.EnableEntitySupport = true;
                configure?.Invoke(options);
            },
            configureHub,
            all =>
            {
                all.Configure<DurableTaskClientOptions>(options => options.EnableEntitySupport = true);
                services?.Invoke(all);
            });

    /// <summary>Calls an operation and gives its result. What the client signalled before is done by then.</summary>
    private protected static async Task<int> CallAsync(EngineHost engine, EntityInstanceId id, string operation, int? input = null)
    {
        OrchestrationMetadata done = await engine.RunAsync("Call", new EntityCall(id, operation, input));
        Assert.Equal((OrchestrationRuntimeStatus.Completed, null), (done.RuntimeStatus, done.FailureDetails?.ErrorMessage));
        return done.ReadOutputAs<int>();
    }

    [Fact]
    public async Task An_entity_keeps_its_state_from_call_to_call()
    {
        await using EngineHost engine = await StartAsync(_ => { });

        Assert.Equal(3, await CallAsync(engine, Some, "add", 3));
        Assert.Equal(7, await CallAsync(engine, Some, "ADD", 4));
        Assert.Equal(7, (await engine.Client.Entities.GetEntityAsync<int>(Some))!.State);
        Assert.Equal(0, await CallAsync(engine, new EntityInstanceId("counter", "other"), "get"));
    }

    [Fact]
    public async Task Signals_of_a_client_are_applied_once_and_in_order()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddEntity<Recorder>());
        var id = new EntityInstanceId("Recorder", "of signals");
        for (int i = 0; i < 40; i++)
        {
            await engine.Client.Entities.SignalEntityAsync(id, "append", i);
        }

        Assert.Equal(40, await CallAsync(engine, id, "count"));
        Assert.Equal(Enumerable.Range(0, 40), (await engine.Client.Entities.GetEntityAsync<List<int>>(id))!.State);
    }

    [Fact]
    public async Task A_state_survives_the_worker()
    {
        string store = NewStore();
        await using (EngineHost first = await StartAsync(_ => { }, CreateHub(store)))
        {
            Assert.Equal(5, await CallAsync(first, Some, "add", 5));
        }

        await using EngineHost second = await StartAsync(_ => { }, CreateHub(store));

        Assert.Equal(6, await CallAsync(second, Some, "add", 1));
    }

    [Fact]
    public async Task Signals_that_come_while_no_worker_has_entities_wait_for_one()
    {
        string store = NewStore();
        EngineHost without = await EngineHost.StartAsync(
            CreateHub(store),
            _ => { },
            services: all => all.Configure<DurableTaskClientOptions>(client => client.EnableEntitySupport = true));
        await without.Client.Entities.SignalEntityAsync(Some, "add", 2);
        await without.Client.Entities.SignalEntityAsync(Some, "add", 3);
        await without.DisposeAsync();

        await using EngineHost worker = await StartAsync(_ => { }, CreateHub(store));

        Assert.Equal(5, await CallAsync(worker, Some, "get"));
    }

    [Fact]
    public async Task A_failed_operation_takes_back_its_state_and_what_it_sent_but_not_that_of_its_neighbours()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddEntity<Forwarder>());
        var id = new EntityInstanceId("Forwarder", "mixed");
        foreach (string operation in new[] { "forward", "forwardAndFail", "forward", "forwardAndFail", "forward" })
        {
            await engine.Client.Entities.SignalEntityAsync(id, operation);
        }

        Assert.Equal(3, await CallAsync(engine, id, "count"));
        Assert.Equal(3, await CallAsync(engine, Forwarder.Target, "get"));
    }

    [Fact]
    public async Task A_failed_call_throws_its_details_into_the_orchestrator()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Catches", async context =>
        {
            await context.Entities.CallEntityAsync(Some, "add", 1);
            try
            {
                await context.Entities.CallEntityAsync(Some, "fail");
                return "nothing thrown";
            }
            catch (EntityOperationFailedException failed)
            {
                int still = await context.Entities.CallEntityAsync<int>(Some, "get");
                return $"{failed.EntityId} {failed.OperationName}: {failed.FailureDetails.ErrorMessage}, "
                    + $"{failed.FailureDetails.IsCausedBy<InvalidDataException>()}, "
                    + $"{failed.FailureDetails.InnerFailure?.ErrorType}, {still}";
            }
        }));

        OrchestrationMetadata done = await engine.RunAsync("Catches");

        Assert.Equal("@counter@some fail: broken, True, System.TimeoutException, 1", done.ReadOutputAs<string>());
    }

    [Fact]
    public async Task An_unhandled_failure_of_an_operation_fails_the_orchestration_and_keeps_the_cause()
    {
        await using EngineHost engine = await StartAsync(_ => { });

        OrchestrationMetadata done = await engine.RunAsync("Call", new EntityCall(Some, "fail"));

        Assert.Equal(OrchestrationRuntimeStatus.Failed, done.RuntimeStatus);
        Assert.True(done.FailureDetails!.IsCausedBy<EntityOperationFailedException>());
        Assert.True(done.FailureDetails.InnerFailure!.IsCausedBy<InvalidDataException>());
    }

    [Theory]
    [InlineData("Nobody", "get", "EntityTaskNotFound")]
    [InlineData("Counter", "fly", "System.NotSupportedException")]
    [InlineData("Counter", "add", "System.InvalidOperationException")]
    public async Task What_cannot_be_dispatched_is_the_callers_failure(string entity, string operation, string errorType)
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Tells", async context =>
        {
            try
            {
                await context.Entities.CallEntityAsync(new EntityInstanceId(entity, "key"), operation);
                return "nothing thrown";
            }
            catch (EntityOperationFailedException failed)
            {
                return failed.FailureDetails.ErrorType;
            }
        }));

        Assert.Equal(errorType, (await engine.RunAsync("Tells")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_failed_operation_is_logged_as_event_15()
    {
        var log = new CollectingLog();
        await using EngineHost engine = await StartAsync(
            _ => { }, services: all => all.AddLogging(logging => logging.AddProvider(log)));
        await engine.Client.Entities.SignalEntityAsync(Some, "fail");
        await CallAsync(engine, Some, "get");

        Assert.Contains(log.Lines, line => line.Id == 15 && line.Level == LogLevel.Error && line.Exception is InvalidDataException);
    }

    [Fact]
    public async Task Delete_ends_an_entity_without_a_method_of_its_own()
    {
        await using EngineHost engine = await StartAsync(_ => { });
        await CallAsync(engine, Some, "add", 3);
        await engine.Client.Entities.SignalEntityAsync(Some, "delete");

        Assert.Equal(1, await CallAsync(engine, Some, "add", 1));
        await engine.Client.Entities.SignalEntityAsync(Some, "delete");
        OrchestrationMetadata gone = await engine.RunAsync("Call", new EntityCall(Some, "fail"));
        Assert.Equal(OrchestrationRuntimeStatus.Failed, gone.RuntimeStatus);
        Assert.Null(await engine.Client.Entities.GetEntityAsync(Some));
    }

    [Fact]
    public async Task The_first_state_and_the_dispatch_to_it_are_the_entitys_own_choice()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddEntity<OverState>());
        var id = new EntityInstanceId("OverState", "key");

        Assert.Equal(101, await CallAsync(engine, id, "grow", 1));
        Assert.Equal(103, (await CallAsync(engine, id, "grow", 2)));
    }

    [Fact]
    public async Task An_entity_needs_no_base_class()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddEntity("plain", _ => new PlainEntity()));
        var id = new EntityInstanceId("Plain", "key");

        Assert.Equal(2, await CallAsync(engine, id, "twice", 1));
        Assert.Equal(4, await CallAsync(engine, id, "twice", 2));
        Assert.Equal("4", (await engine.Client.Entities.GetEntityAsync(id))!.State!.Value);
    }

    [Fact]
    public async Task A_state_that_cannot_be_written_is_that_operations_failure()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddEntity("plain", _ => new PlainEntity()));
        var id = new EntityInstanceId("Plain", "key");
        await CallAsync(engine, id, "twice", 1);

        OrchestrationMetadata failed = await engine.RunAsync("Call", new EntityCall(id, "spoil"));

        Assert.Equal(OrchestrationRuntimeStatus.Failed, failed.RuntimeStatus);
        Assert.Equal(4, await CallAsync(engine, id, "twice", 2));
    }

    [Fact]
    public async Task A_scheduled_signal_is_not_delivered_before_its_time()
    {
        var delivered = new TaskCompletionSource<DateTimeOffset>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using EngineHost engine = await StartAsync(tasks => tasks.AddEntity("clock", _ => new Clock(delivered)));
        DateTimeOffset due = DateTimeOffset.FromUnixTimeMilliseconds(DateTimeOffset.UtcNow.AddSeconds(1).ToUnixTimeMilliseconds());

        await engine.Client.Entities.SignalEntityAsync(new EntityInstanceId("Clock", "key"), "ring", SignalAt(due));

        Assert.True(await delivered.Task.WaitAsync(TimeSpan.FromSeconds(30)) >= due);
    }

    [Fact]
    public async Task An_entity_may_signal_itself_and_starts_orchestrations_only_if_the_operation_succeeds()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddEntity<Starter>()
            .AddOrchestratorFunc<string, string>("Greets", (context, name) => Task.FromResult($"Hello, {name}! {context.Version}")));
        var id = new EntityInstanceId("Starter", "key");
        string good = NewStore();
        string bad = NewStore();

        await engine.Client.Entities.SignalEntityAsync(id, "startAndFail", bad);
        await engine.Client.Entities.SignalEntityAsync(id, "startLater", good);

        OrchestrationMetadata done = await engine.WaitAsync(good);
        Assert.Equal("Hello, @starter@key! 2", done.ReadOutputAs<string>());
        Assert.Null(await engine.Client.GetInstanceAsync(bad));
    }

    [Fact]
    public async Task An_entity_does_one_operation_at_a_time_and_a_worker_as_many_as_it_is_told()
    {
        var running = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        int all = 0;
        int most = 0;
        int mostOfOne = 0;
        var full = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        async ValueTask<object?> Run(TaskEntityOperation operation)
        {
            string id = operation.Context.Id.ToString();
            int now = Interlocked.Increment(ref all);
            most = Math.Max(most, now);
            mostOfOne = Math.Max(mostOfOne, running.AddOrUpdate(id, 1, (_, count) => count + 1));
            if (now == 2)
            {
                full.TrySetResult();
            }

            await goOn.Task;
            running.AddOrUpdate(id, 0, (_, count) => count - 1);
            Interlocked.Decrement(ref all);
            return operation.GetInput<int>();
        }

        await using EngineHost engine = await StartAsync(
            tasks => tasks
                .AddEntity("slow", _ => new Delegated(Run))
                .AddOrchestratorFunc("Calls", async context => (await Task.WhenAll(Enumerable.Range(0, 15).Select(
                    i => context.Entities.CallEntityAsync<int>(new EntityInstanceId("slow", $"{i % 5}"), "run", i)))).Sum()),
            configure: options => options.Concurrency.MaximumConcurrentEntityWorkItems = 2);
        string calls = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Calls");
        await full.Task.WaitAsync(TimeSpan.FromSeconds(30));
        goOn.SetResult();

        Assert.Equal(14 * 15 / 2, (await engine.WaitAsync(calls)).ReadOutputAs<int>());
        Assert.Equal((2, 1), (most, mostOfOne));
    }

    [Fact]
    public async Task A_batch_that_moves_to_another_worker_is_applied_once()
    {
        string store = NewStore();
        int runs = 0;
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        async ValueTask<object?> Run(TaskEntityOperation operation)
        {
            operation.State.SetState(operation.State.GetState<int>() + 1);
            operation.Context.SignalEntity(Some, "add", 1);
            if (Interlocked.Increment(ref runs) == 1)
            {
                entered.SetResult();
                await goOn.Task;
            }

            return operation.State.GetState<int>();
        }

        void Tasks(DurableTaskRegistry tasks) => tasks.AddEntity("once", _ => new Delegated(Run));
        EngineHost first = await StartAsync(Tasks, CreateHub(store), options => options.DrainTimeout = TimeSpan.Zero);
        var id = new EntityInstanceId("Once", "key");
        await first.Client.Entities.SignalEntityAsync(id, "run");
        await entered.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await first.DisposeAsync();
        await using EngineHost second = await StartAsync(Tasks, CreateHub(store));

        Assert.Equal(2, await CallAsync(second, id, "run"));
        goOn.SetResult();
        Assert.Equal(3, await CallAsync(second, id, "run"));
        Assert.Equal(3, await CallAsync(second, Some, "get"));
    }

    private static SignalEntityOptions SignalAt(DateTimeOffset time) => new() { SignalTime = time };

    internal sealed record EntityCall(EntityInstanceId Id, string Operation, int? Input = null);

    private sealed class Counter : TaskEntity<int>
    {
        public int Add(int amount) => State += amount;

        public int Get() => State;

        public void Fail()
        {
            State = -1;
            throw new InvalidDataException("broken", new TimeoutException());
        }
    }

    private sealed class Recorder : TaskEntity<List<int>>
    {
        public void Append(int value) => State.Add(value);

        public int Count() => State.Count;
    }

    private sealed class Forwarder : TaskEntity<int>
    {
        public static readonly EntityInstanceId Target = new("Counter", "target");

        public void Forward()
        {
            State++;
            Context.SignalEntity(Target, "add", 1);
        }

        public void ForwardAndFail()
        {
            Forward();
            throw new InvalidOperationException("after all was sent");
        }

        public int Count() => State;
    }

    private sealed class Box
    {
        public int Size { get; set; }

        public int Grow(int by) => Size += by;
    }

    private sealed class OverState : TaskEntity<Box>
    {
        protected override bool AllowStateDispatch => true;

        protected override Box InitializeState(TaskEntityOperation entityOperation) => new() { Size = 100 };
    }

    private sealed class PlainEntity : ITaskEntity
    {
        public ValueTask<object?> RunAsync(TaskEntityOperation operation)
        {
            if (operation.Name == "spoil")
            {
                operation.State.SetState(new Func<int>(() => 0));
            }

            operation.State.SetState(operation.GetInput<int>() * 2);
            return ValueTask.FromResult<object?>(operation.State.GetState<int>());
        }
    }

    private sealed class Delegated(Func<TaskEntityOperation, ValueTask<object?>> run) : ITaskEntity
    {
        public ValueTask<object?> RunAsync(TaskEntityOperation operation) => run(operation);
    }

    private sealed class Clock(TaskCompletionSource<DateTimeOffset> delivered) : TaskEntity<int>
    {
        public void Ring() => delivered.TrySetResult(DateTimeOffset.UtcNow);
    }

    private sealed class Starter : TaskEntity<int>
    {
        public void StartAndFail(string instanceId)
        {
            StartNow(instanceId);
            throw new InvalidOperationException("after the start");
        }

        public void StartLater(string instanceId) => Context.SignalEntity(Context.Id, "startNow", instanceId);

        public string StartNow(string instanceId) => Context.ScheduleNewOrchestration(
            "Greets", Context.Id.ToString(), new StartOrchestrationOptions(instanceId) { Version = "2" });
    }

    private sealed class CollectingLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<(int Id, LogLevel Level, Exception? Exception)> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue((eventId.Id, logLevel, exception));

        public void Dispose()
        {
        }
    }
}

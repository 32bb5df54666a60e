using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Entities;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Heal.DurableTask.Engine.Tests;

public sealed class HostFaultsInMemory(InMemoryBackend backend) : HostFaultTests(backend), IClassFixture<InMemoryBackend>;

public sealed class HostFaultsOnPostgreSql(PostgreSqlBackend backend) : HostFaultTests(backend), IClassFixture<PostgreSqlBackend>;

/// <summary>What the host's own code does wrong is not held against an instance, nor does it repeat what was done.</summary>
public abstract class HostFaultTests(IHubBackend backend) : EngineSuite(backend)
{
    // More than a turn that can never be stored is tried, and one for the try that a start has in memory.
    private const int Faults = 7;

    [Fact]
    public async Task An_orchestration_filter_that_throws_ends_no_instance()
    {
        await using EngineHost engine = await EngineHost.StartAsync(
            CreateHub(NewStore()),
            tasks => tasks.AddOrchestratorFunc("Job", _ => "done"),
#pragma warning disable CS0618 // Obsolete by contract.
            worker: builder => builder.UseOrchestrationFilter(
                new Filter(asked => asked > Faults ? true : throw new InvalidOperationException("The filter's own fault."))));
#pragma warning restore CS0618

        OrchestrationMetadata done = await engine.RunAsync("Job");

        Assert.Equal((OrchestrationRuntimeStatus.Completed, null), (done.RuntimeStatus, done.FailureDetails?.ErrorMessage));
    }

    [Fact]
    public async Task What_an_orchestration_filter_always_throws_at_can_be_terminated()
    {
        await using EngineHost engine = await EngineHost.StartAsync(
            CreateHub(NewStore()),
            tasks => tasks.AddOrchestratorFunc("Job", _ => "done"),
#pragma warning disable CS0618 // Obsolete by contract.
            worker: builder => builder.UseOrchestrationFilter(
                new Filter(_ => throw new InvalidOperationException("The filter's own fault."))));
#pragma warning restore CS0618
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Job");

        await engine.Client.TerminateInstanceAsync(id);

        Assert.Equal(OrchestrationRuntimeStatus.Terminated, (await engine.WaitAsync(id)).RuntimeStatus);
    }

    [Fact]
    public async Task A_turn_middleware_that_throws_ends_no_instance_whatever_it_throws()
    {
        await using EngineHost engine = await StartAsync(
            tasks => tasks.AddOrchestratorFunc("Job", _ => "done"),
            services: services => services.AddSingleton<IOrchestrationTurnMiddleware>(new FaultyMiddleware()));

        OrchestrationMetadata done = await engine.RunAsync("Job");

        Assert.Equal((OrchestrationRuntimeStatus.Completed, null), (done.RuntimeStatus, done.FailureDetails?.ErrorMessage));
    }

    [Fact]
    public async Task A_provider_of_properties_that_throws_costs_the_properties_only()
    {
        int runs = 0;
        await using EngineHost engine = await StartAsync(
            tasks => tasks
                .AddEntity<Failing>()
                .AddOrchestratorFunc("Activity", context => context.CallActivityAsync("Fails"))
                .AddOrchestratorFunc("Itself", _ => throw new InvalidOperationException("on purpose"))
                .AddOrchestratorFunc("Entity", context => context.Entities.CallEntityAsync(new EntityInstanceId("Failing", "one"), "fail"))
                .AddActivityFunc("Fails", _ =>
                {
                    runs++;
                    throw new InvalidOperationException("on purpose");
                }),
            options => options.EnableEntitySupport = true,
            hub => hub.WorkItemLockTimeout = TimeSpan.FromSeconds(1),
            services => services.AddSingleton<IExceptionPropertiesProvider>(new FaultyProvider()));

        TaskFailureDetails activity = (await engine.RunAsync("Activity")).FailureDetails!;
        TaskFailureDetails itself = (await engine.RunAsync("Itself")).FailureDetails!;
        TaskFailureDetails entity = (await engine.RunAsync("Entity")).FailureDetails!;

        Assert.Equal(("on purpose", 1), (activity.InnerFailure!.ErrorMessage, runs));
        Assert.Equal(typeof(InvalidOperationException).FullName, activity.InnerFailure.ErrorType);
        Assert.Equal("on purpose", itself.ErrorMessage);
        Assert.Equal("on purpose", entity.InnerFailure!.ErrorMessage);
        Assert.All([activity.InnerFailure, itself, entity.InnerFailure], failure => Assert.Null(failure.Properties));
    }

    [Fact]
    public async Task An_exception_whose_own_texts_throw_is_a_failure_like_any_other()
    {
        int runs = 0;
        await using EngineHost engine = await StartAsync(
            tasks => tasks
                .AddOrchestratorFunc("Calls", context => context.CallActivityAsync("Fails"))
                .AddActivityFunc("Fails", _ =>
                {
                    runs++;
                    throw new UnspeakableException();
                }),
            configureHub: hub => hub.WorkItemLockTimeout = TimeSpan.FromSeconds(1));

        TaskFailureDetails failure = (await engine.RunAsync("Calls")).FailureDetails!.InnerFailure!;

        Assert.Equal((typeof(UnspeakableException).FullName, 1), (failure.ErrorType, runs));
    }

    [Fact]
    public async Task What_throws_when_it_is_disposed_of_costs_no_outcome()
    {
        var runs = new ConcurrentQueue<string>();
        await using EngineHost engine = await StartAsync(
            tasks => tasks
                .AddEntity("Adding", provider =>
                {
                    provider.GetRequiredService<FaultyService>();
                    return new Adding(runs);
                })
                .AddOrchestrator<Calls>()
                .AddActivity("Works", (IServiceProvider provider) =>
                {
                    provider.GetRequiredService<FaultyService>();
                    return FuncTaskActivity.Create<object?, string>((_, _) =>
                    {
                        runs.Enqueue("activity");
                        return Task.FromResult("done ");
                    });
                }),
            options => options.EnableEntitySupport = true,
            hub => hub.WorkItemLockTimeout = TimeSpan.FromSeconds(1),
            services => services.AddScoped<FaultyService>());

        OrchestrationMetadata done = await engine.RunAsync(nameof(Calls));

        Assert.Equal((OrchestrationRuntimeStatus.Completed, null), (done.RuntimeStatus, done.FailureDetails?.ErrorMessage));
        Assert.Equal("done done 1", done.ReadOutputAs<string>());
        Assert.Equal(["activity", "activity", "entity"], runs);
    }

    [Theory]
    [InlineData("logs")]
    [InlineData("metrics")]
    [InlineData("spans")]
    public async Task Whoever_listens_and_throws_costs_no_outcome_and_repeats_nothing(string what)
    {
        var runs = new ConcurrentQueue<string>();
        using var trace = new ActivitySource("Heal.DurableTask.Engine.Tests.HostFaults");
        using var spans = new ActivityListener
        {
            ShouldListenTo = source => what == "spans" && (source.Name == "Microsoft.DurableTask" || source == trace),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(spans);
        using Activity? root = trace.StartActivity("test");
        int faults = 0;

        // Tests of other classes run at the same time: only what the worker writes in this trace is thrown at.
        spans.ActivityStarted = span => Throw(IsOfWorker(span));
        spans.ActivityStopped = span => Throw(IsOfWorker(span));
        bool IsOfWorker(Activity span) =>
            span != root && span.TraceId == root!.TraceId && span.OperationName != "create_orchestration:Calls";
        using var meters = new OwnMeters();
        using var metrics = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (what == "metrics" && instrument.Meter.Scope == meters)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        metrics.SetMeasurementEventCallback<long>((_, _, _, _) => Throw(true));
        metrics.SetMeasurementEventCallback<double>((_, _, _, _) => Throw(true));
        metrics.Start();
        await using EngineHost engine = await StartAsync(
            tasks => tasks
                .AddEntity("Adding", _ => new Adding(runs))
                .AddOrchestratorFunc("Calls", async context =>
                {
                    var entity = new EntityInstanceId("Adding", "one");
                    await context.CallSubOrchestratorAsync("Child");
                    await context.CreateTimer(TimeSpan.FromMilliseconds(1), CancellationToken.None);
                    await Assert.ThrowsAsync<TaskFailedException>(() => context.CallActivityAsync("Fails"));
                    return await context.CallActivityAsync<string>("Works")
                        + await context.Entities.CallEntityAsync<int>(entity, "addAndPassOn");
                })
                .AddOrchestratorFunc("Child", _ => Task.FromResult("done"))
                .AddActivityFunc("Works", _ =>
                {
                    runs.Enqueue("activity");
                    return "done ";
                })
                .AddActivityFunc("Fails", _ =>
                {
                    runs.Enqueue("failing activity");
                    throw new InvalidOperationException("on purpose");
                }),
            options => options.EnableEntitySupport = true,
            hub => hub.WorkItemLockTimeout = TimeSpan.FromSeconds(1),
            services =>
            {
                services.AddSingleton<IMeterFactory>(meters);
                if (what == "logs")
                {
                    services.AddSingleton<ILoggerProvider>(new ThrowingLogs(() => Throw(true)));
                }
            });

        OrchestrationMetadata done = await engine.RunAsync("Calls");

        Assert.Equal((OrchestrationRuntimeStatus.Completed, null), (done.RuntimeStatus, done.FailureDetails?.ErrorMessage));
        Assert.Equal("done 1", done.ReadOutputAs<string>());
        await UntilAsync(engine, "follower", state => state.IsCompleted);
        Assert.Equal(["failing activity", "activity", "entity"], runs);
        Assert.NotEqual(0, faults);

        void Throw(bool isOwn)
        {
            if (isOwn)
            {
                Interlocked.Increment(ref faults);
                throw new InvalidOperationException("The listener's own fault.");
            }
        }
    }

    /// <summary>Meters of one host: a listener listens to all of the process.</summary>
    private sealed class OwnMeters : IMeterFactory
    {
        private readonly List<Meter> _meters = [];

        public Meter Create(MeterOptions options)
        {
            options.Scope = this;
            var meter = new Meter(options);
            _meters.Add(meter);
            return meter;
        }

        public void Dispose() => _meters.ForEach(meter => meter.Dispose());
    }

    /// <summary>What a full disk makes of a provider that writes to it. What others log is none of its business.</summary>
    private sealed class ThrowingLogs(Action fail) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) =>
            categoryName.StartsWith("Microsoft.DurableTask", StringComparison.Ordinal) ? this : NullLogger.Instance;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => fail();

        public void Dispose()
        {
            // It holds nothing.
        }
    }

    /// <summary>Throws what a store throws that refuses a text.</summary>
    private sealed class FaultyMiddleware : IOrchestrationTurnMiddleware
    {
        private int _turns;

        public Task InvokeAsync(TaskName orchestrator, string instanceId, Action turn)
        {
            if (Interlocked.Increment(ref _turns) <= Faults)
            {
                throw new PostgresException(
                    "A fault of the middleware's own store.", "ERROR", "ERROR", PostgresErrorCodes.CharacterNotInRepertoire);
            }

            turn();
            return Task.CompletedTask;
        }
    }

    private sealed class FaultyProvider : IExceptionPropertiesProvider
    {
        public IDictionary<string, object?>? GetExceptionProperties(Exception exception) =>
            throw new InvalidOperationException("The provider's own fault.");
    }

    private sealed class FaultyService : IDisposable, IAsyncDisposable
    {
        public void Dispose() => throw new InvalidOperationException("The service's own fault.");

        public ValueTask DisposeAsync() => throw new InvalidOperationException("The service's own fault.");
    }

    private sealed class Calls : TaskOrchestrator<object?, string>, IDisposable
    {
        public override async Task<string> RunAsync(TaskOrchestrationContext context, object? input) =>
            await context.CallActivityAsync<string>("Works")
            + await context.CallActivityAsync<string>("Works")
            + await context.Entities.CallEntityAsync<int>(new EntityInstanceId("Adding", "one"), "add");

        public void Dispose() => throw new InvalidOperationException("The orchestrator's own fault.");
    }

    private sealed class UnspeakableException : Exception
    {
        public override string Message => throw new InvalidOperationException("The exception's own fault.");

        public override string? StackTrace => throw new InvalidOperationException("The exception's own fault.");

        public override string ToString() => nameof(UnspeakableException);
    }

    private sealed class Failing : TaskEntity<int>
    {
        public int Fail() => State >= 0 ? throw new InvalidOperationException("on purpose") : State;
    }

    private sealed class Adding(ConcurrentQueue<string> runs) : TaskEntity<int>
    {
        public int Add()
        {
            runs.Enqueue("entity");
            return ++State;
        }

        public int AddAndPassOn()
        {
            Context.ScheduleNewOrchestration("Child", options: new StartOrchestrationOptions("follower"));
            return Add();
        }
    }
}

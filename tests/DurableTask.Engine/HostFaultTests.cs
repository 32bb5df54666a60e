using System.Collections.Concurrent;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Entities;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
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
    }
}

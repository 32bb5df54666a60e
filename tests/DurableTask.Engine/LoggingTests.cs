using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Entities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Heal.DurableTask.Engine.Tests;

public sealed class LoggingInMemory(InMemoryBackend backend) : LoggingTests(backend), IClassFixture<InMemoryBackend>;

public sealed class LoggingOnPostgreSql(PostgreSqlBackend backend) : LoggingTests(backend), IClassFixture<PostgreSqlBackend>;

public abstract class LoggingTests(IHubBackend backend) : EngineSuite(backend)
{
    private const string Orchestrations = "Microsoft.DurableTask.Worker.Orchestrations";
    private const string Activities = "Microsoft.DurableTask.Worker.Activities";
    private const string Legacy = "Microsoft.DurableTask";
    private readonly CollectingLogs _logs = new();

    private static void Tasks(DurableTaskRegistry tasks) => tasks
        .AddOrchestratorFunc("Calls", context => context.CallActivityAsync("Works"))
        .AddOrchestratorFunc("Fails", context => context.CallActivityAsync("Breaks"))
        .AddActivityFunc("Works", _ => { })
        .AddActivityFunc("Breaks", _ => throw new IOException("wanted"));

    private Task<EngineHost> StartLoggingAsync(Action<DurableTaskRegistry> tasks, bool legacy) => StartAsync(
        tasks,
        options => options.Logging.UseLegacyCategories = legacy,
        services: services => services.AddSingleton<ILoggerProvider>(_logs));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Starts_ends_and_failures_are_logged_in_their_categories_and_in_the_legacy_one_if_wanted(bool legacy)
    {
        await using EngineHost engine = await StartLoggingAsync(Tasks, legacy);

        await engine.RunAsync("Calls");
        await engine.RunAsync("Fails");

        Assert.Equal([600, 601, 600, 602], Ids(Orchestrations));
        Assert.Equal([603, 604, 603, 605], Ids(Activities));
        Assert.Equal(legacy ? [600, 603, 604, 601, 600, 603, 605, 602] : [], Ids(Legacy));
        Assert.Equal(legacy, _logs.Entries.Any(entry => entry is { Category: Legacy, EventId: 640 }));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_failed_operation_is_logged_in_the_category_of_entities_and_in_the_legacy_one_if_wanted(bool legacy)
    {
        await using EngineHost engine = await StartAsync(
            tasks => tasks
                .AddEntity("Broken", _ => new Broken())
                .AddOrchestratorFunc("Calls", async context =>
                    await Assert.ThrowsAsync<EntityOperationFailedException>(
                        () => context.Entities.CallEntityAsync(new EntityInstanceId("Broken", "1"), "any"))),
            options =>
            {
                options.EnableEntitySupport = true;
                options.Logging.UseLegacyCategories = legacy;
            },
            services: services => services.AddSingleton<ILoggerProvider>(_logs));

        await engine.RunAsync("Calls");

        Assert.Equal(
            legacy ? ["Microsoft.DurableTask.Worker.Entities", Legacy] : ["Microsoft.DurableTask.Worker.Entities"],
            _logs.Entries.Where(entry => entry.EventId == 15).Select(entry => entry.Category));
    }

    [Fact]
    public async Task A_second_outcome_of_a_task_changes_nothing_and_is_logged_as_a_warning()
    {
        ITaskHub hub = CreateHub(NewStore());
        await using EngineHost engine = await EngineHost.StartAsync(
            hub,
            tasks => tasks
                .AddOrchestratorFunc("Twice", async context =>
                {
                    int first = await context.CallActivityAsync<int>("One");
                    context.SetCustomStatus("called");
                    return first + await context.WaitForExternalEvent<int>("more");
                })
                .AddActivityFunc("One", _ => 1),
            options => options.Logging.UseLegacyCategories = false,
            services: services => services.AddSingleton<ILoggerProvider>(_logs));
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Twice");
        await UntilAsync(engine, id, state => state.SerializedCustomStatus is not null);

        await hub.SendMessageAsync(id, new TaskCompletedEvent(-1, 0, "100"));
        await hub.SendMessageAsync(id, new TaskFailedEvent(-1, 0, new FailureDetails("Some.Exception", "late")));
        await engine.Client.RaiseEventAsync(id, "more", 2);

        Assert.Equal(3, (await engine.WaitAsync(id)).ReadOutputAs<int>());
        LogEntry[] ignored = [.. _logs.Entries.Where(entry => entry.EventId == 610)];
        Assert.Equal(2, ignored.Length);
        Assert.All(ignored, entry => Assert.Equal(
            (Orchestrations, LogLevel.Warning, $"'{id}': a second outcome of task #0 was ignored."),
            (entry.Category, entry.Level, entry.Message)));
    }

    [Fact]
    public async Task Starts_ends_and_failures_are_found_by_event_name_instance_and_task()
    {
        await using EngineHost engine = await StartLoggingAsync(Tasks, legacy: false);

        string done = (await engine.RunAsync("Calls")).InstanceId;
        string failed = (await engine.RunAsync("Fails")).InstanceId;

        Logged("OrchestrationStarted", done, "Calls");
        Logged("ActivityStarted", done, "Works");
        Logged("ActivityCompleted", done, "Works");
        Logged("OrchestrationCompleted", done, "Calls");
        Assert.Equal("wanted", Assert.IsType<IOException>(Logged("ActivityFailed", failed, "Breaks").Exception).Message);
        Assert.Equal(
            "Task 'Breaks' (#0) failed with an unhandled exception: wanted",
            Assert.IsType<TaskFailedException>(Logged("OrchestrationFailed", failed, "Fails").Exception).Message);
    }

    [Fact]
    public async Task A_replay_safe_logger_writes_each_line_once()
    {
        await using EngineHost engine = await StartLoggingAsync(
            tasks => tasks
                .AddOrchestratorFunc("Talks", async context =>
                {
                    ILogger own = context.CreateReplaySafeLogger("own");
                    ILogger typed = context.CreateReplaySafeLogger<LoggingTests>();
                    ILogger fromFactory = context.ReplaySafeLoggerFactory.CreateLogger("factory");
                    for (int i = 0; i < 3; i++)
                    {
                        foreach (ILogger each in new[] { own, typed, fromFactory })
                        {
#pragma warning disable CA1848, CA2254 // The test is about who writes, not about how.
                            each.LogInformation($"step {i}");
#pragma warning restore CA1848, CA2254
                        }

                        await context.CallActivityAsync("Works");
                    }
                })
                .AddActivityFunc("Works", _ => { }),
            legacy: false);

        await engine.RunAsync("Talks");

        foreach (string category in new[] { "own", typeof(LoggingTests).FullName!, "factory" })
        {
            Assert.Equal(
                ["step 0", "step 1", "step 2"],
                _logs.Entries.Where(entry => entry.Category == category).Select(entry => entry.Message));
        }
    }

    [Fact]
    public async Task Changed_code_is_logged_with_both_histories()
    {
        bool changed = false;
        await using EngineHost engine = await StartLoggingAsync(
            tasks => tasks
                .AddOrchestratorFunc("Changes", async context =>
                {
                    // Not deterministic on purpose: stands for code that was deployed while the instance ran.
                    await context.CallActivityAsync(changed ? "New" : "Works");
                    changed = true;
                    context.SetCustomStatus("changed");
                    await context.WaitForExternalEvent<string>("go");
                })
                .AddActivityFunc("Works", _ => { }),
            legacy: false);
        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Changes");
        await UntilAsync(engine, id, state => state.SerializedCustomStatus is not null);

        await engine.Client.RaiseEventAsync(id, "go");
        OrchestrationMetadata done = await engine.WaitAsync(id);

        Assert.Equal("DurableTask.Core.Exceptions.NonDeterministicOrchestrationException", done.FailureDetails!.ErrorType);
        Assert.StartsWith(
            "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled the activity 'Works'",
            done.FailureDetails.ErrorMessage,
            StringComparison.Ordinal);
        const string Row = "> 0  the activity 'Works' | the activity 'New'";
        Assert.Contains(Row, done.FailureDetails.ErrorMessage, StringComparison.Ordinal);
        LogEntry logged = Assert.Single(_logs.Entries, entry => entry is { EventId: 602, Category: Orchestrations });
        Assert.Contains(Row, logged.Message, StringComparison.Ordinal);
    }

    private LogEntry Logged(string eventName, string instanceId, string name) => Assert.Single(_logs.Entries, entry =>
        entry.EventName == eventName
        && entry.Category.StartsWith("Microsoft.DurableTask.Worker", StringComparison.Ordinal)
        && entry.Values["InstanceId"] as string == instanceId
        && entry.Values["Name"] as string == name);

    private IEnumerable<int> Ids(string category) => _logs.Entries
        .Where(entry => entry.Category == category && entry.EventId is >= 600 and <= 605).Select(entry => entry.EventId);

    private sealed class Broken : ITaskEntity
    {
        public ValueTask<object?> RunAsync(TaskEntityOperation operation) => throw new IOException("wanted");
    }
}

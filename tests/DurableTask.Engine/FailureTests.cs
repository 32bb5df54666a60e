using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.DurableTask.Engine.Tests;

public sealed class FailuresInMemory(InMemoryBackend backend) : FailureTests(backend), IClassFixture<InMemoryBackend>;

public sealed class FailuresOnPostgreSql(PostgreSqlBackend backend) : FailureTests(backend), IClassFixture<PostgreSqlBackend>;

/// <summary>How failures look, and what bad input comes to.</summary>
public abstract class FailureTests(IHubBackend backend) : EngineSuite(backend)
{
    [Fact]
    public async Task The_exception_of_a_failed_task_names_the_task_and_the_cause()
    {
        TaskFailedException? caught = null;
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Catches", async context =>
            {
                await context.CallActivityAsync("Fine");
                caught = await Record.ExceptionAsync(() => context.CallActivityAsync("Fails")) as TaskFailedException;
            })
            .AddActivityFunc("Fine", _ => { })
            .AddActivityFunc("Fails", _ => throw new InvalidDataException("bad")));

        await engine.RunAsync("Catches");

        Assert.Equal("Task 'Fails' (#1) failed with an unhandled exception: bad", caught!.Message);
        Assert.Equal(("Fails", 1), (caught.TaskName, caught.TaskId));
        Assert.Contains(nameof(FailureTests), caught.FailureDetails.StackTrace, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Causes_are_kept_down_to_the_last()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Fails", _ =>
            throw new InvalidOperationException("1", new IOException("2", new TimeoutException("3")))));

        TaskFailureDetails failure = (await engine.RunAsync("Fails")).FailureDetails!;

        Assert.Equal(("System.InvalidOperationException", "1"), (failure.ErrorType, failure.ErrorMessage));
        Assert.Equal(("System.IO.IOException", "2"), (failure.InnerFailure!.ErrorType, failure.InnerFailure.ErrorMessage));
        Assert.Equal("System.TimeoutException", failure.InnerFailure.InnerFailure!.ErrorType);
        Assert.Null(failure.InnerFailure.InnerFailure.InnerFailure);
        Assert.NotNull(failure.StackTrace);
    }

    [Fact]
    public async Task A_failure_is_caused_by_its_own_type_and_by_those_that_it_derives_from()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Catches", async context =>
            {
                var failed = (TaskFailedException)(await Record.ExceptionAsync(() => context.CallActivityAsync("Fails")))!;
                TaskFailureDetails failure = failed.FailureDetails;
                return new[]
                {
                    failure.IsCausedBy<OwnException>(), failure.IsCausedBy<InvalidOperationException>(), failure.IsCausedBy<Exception>(),
                    failure.IsCausedBy<IOException>(),
                };
            })
            .AddActivityFunc("Fails", _ => throw new OwnException()));

        Assert.Equal("[true,true,true,false]", (await engine.RunAsync("Catches")).SerializedOutput);
    }

    [Fact]
    public async Task An_applications_own_properties_travel_with_every_failure_of_the_chain()
    {
        await using EngineHost engine = await StartAsync(
            tasks => tasks
                .AddOrchestratorFunc("Calls", context => context.CallActivityAsync("Fails"))
                .AddActivityFunc("Fails", _ => throw new InvalidOperationException("outer", new OwnException { Code = 42 })),
            services: services => services.AddSingleton<IExceptionPropertiesProvider>(new CodeProvider()));

        TaskFailureDetails failure = (await engine.RunAsync("Calls")).FailureDetails!.InnerFailure!;

        Assert.Null(failure.Properties);
        Assert.Equal(42.0, failure.InnerFailure!.Properties!["Code"]);
    }

    [Fact]
    public async Task Properties_come_back_as_texts_numbers_times_lists_and_dictionaries()
    {
        var time = new DateTime(2026, 2, 3, 4, 5, 6, DateTimeKind.Utc);
        var sent = new Dictionary<string, object?>
        {
            ["text"] = "2026-02-03T04:05:06Z",
            ["long"] = 5_000_000_000L,
            ["flag"] = true,
            ["time"] = time,
            ["offset"] = new DateTimeOffset(time),
            ["id"] = Guid.Empty,
            ["nothing"] = null,
            ["list"] = new List<object?> { "a", 1, null },
            ["dictionary"] = new Dictionary<string, object?> { ["count"] = 3 },
        };
        await using EngineHost engine = await StartAsync(
            tasks => tasks
                .AddOrchestratorFunc("Calls", context => context.CallActivityAsync("Fails"))
                .AddActivityFunc("Fails", _ => throw new OwnException()),
            services: services => services.AddSingleton<IExceptionPropertiesProvider>(new AnyProvider(sent)));

        IDictionary<string, object?> got = (await engine.RunAsync("Calls")).FailureDetails!.InnerFailure!.Properties!;

        Assert.Equal(sent.Keys, got.Keys);
        Assert.Equal("2026-02-03T04:05:06Z", got["text"]);
        Assert.Equal(5_000_000_000.0, got["long"]);
        Assert.Equal(true, got["flag"]);
        Assert.Equal(time, got["time"]);
        Assert.Equal(new DateTimeOffset(time), got["offset"]);
        Assert.Equal(Guid.Empty.ToString(), got["id"]);
        Assert.Null(got["nothing"]);
        Assert.Equal(["a", 1.0, null], Assert.IsAssignableFrom<IList<object?>>(got["list"]));
        Assert.Equal(3.0, Assert.IsAssignableFrom<IDictionary<string, object?>>(got["dictionary"])["count"]);
    }

    [Fact]
    public async Task Inputs_that_cannot_be_serialised_are_refused_where_they_are_handed_in()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Calls", async context =>
        {
            object bad = new Action(() => { });
            Exception?[] thrown =
            [
                await Record.ExceptionAsync(() => context.CallActivityAsync("A", bad)),
                await Record.ExceptionAsync(() => context.CallSubOrchestratorAsync("B", bad)),
                Record.Exception(() => context.SendEvent("c", "d", bad)),
                Record.Exception(() => context.SetCustomStatus(bad)),
            ];
            return thrown.Select(exception => exception?.GetType().Name);
        }));

        await Assert.ThrowsAsync<NotSupportedException>(
            () => engine.Client.ScheduleNewOrchestrationInstanceAsync("Calls", new Action(() => { })));
        Assert.Equal(
            Enumerable.Repeat(nameof(NotSupportedException), 4), (await engine.RunAsync("Calls")).ReadOutputAs<string[]>()!);
    }

    [Fact]
    public async Task An_output_that_cannot_be_serialised_fails_its_task_and_nobody_else()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("BadOutput", _ => new Action(() => { }))
            .AddOrchestratorFunc("BadActivity", context => context.CallActivityAsync<string>("Bad"))
            .AddOrchestratorFunc("Good", _ => "fine")
            .AddActivityFunc("Bad", _ => new Action(() => { })));

        OrchestrationMetadata orchestrator = await engine.RunAsync("BadOutput");
        OrchestrationMetadata activity = await engine.RunAsync("BadActivity");

        Assert.Equal("System.NotSupportedException", orchestrator.FailureDetails!.ErrorType);
        Assert.Equal("System.NotSupportedException", activity.FailureDetails!.InnerFailure!.ErrorType);
        Assert.Equal("fine", (await engine.RunAsync("Good")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task An_input_of_the_wrong_type_fails_its_task_with_the_reason()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc<int, int>("Number", (_, number) => number)
            .AddOrchestratorFunc("Calls", context => context.CallActivityAsync<int>("Number", "text"))
            .AddOrchestratorFunc("WrongResult", context => context.CallActivityAsync<int>("Text"))
            .AddActivityFunc<int, int>("Number", (_, number) => number)
            .AddActivityFunc("Text", _ => "text"));

        Assert.Equal("System.Text.Json.JsonException", (await engine.RunAsync("Number", "text")).FailureDetails!.ErrorType);
        Assert.Equal(
            "System.Text.Json.JsonException", (await engine.RunAsync("Calls")).FailureDetails!.InnerFailure!.ErrorType);
        Assert.Equal("System.Text.Json.JsonException", (await engine.RunAsync("WrongResult")).FailureDetails!.ErrorType);
    }

    [Fact]
    public async Task A_name_that_nobody_registered_is_said_in_the_failure()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Calls", context =>
            context.CallActivityAsync("Misspelt")));

        Assert.Contains("'Unknown'", (await engine.RunAsync("Unknown")).FailureDetails!.ErrorMessage, StringComparison.Ordinal);
        Assert.Contains(
            "'Misspelt'", (await engine.RunAsync("Calls")).FailureDetails!.InnerFailure!.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_task_that_cannot_be_constructed_fails_with_the_reason()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestrator("BadOrchestrator", () => throw new InvalidOperationException("no orchestrator today"))
            .AddOrchestratorFunc("Calls", context => context.CallActivityAsync("BadActivity"))
            .AddActivity("BadActivity", _ => throw new InvalidOperationException("no activity today")));

        Assert.Equal("no orchestrator today", (await engine.RunAsync("BadOrchestrator")).FailureDetails!.ErrorMessage);
        Assert.Equal("no activity today", (await engine.RunAsync("Calls")).FailureDetails!.InnerFailure!.ErrorMessage);
    }

    internal sealed class OwnException : InvalidOperationException
    {
        public int Code { get; init; }
    }

    private sealed class AnyProvider(Dictionary<string, object?> properties) : IExceptionPropertiesProvider
    {
        public IDictionary<string, object?>? GetExceptionProperties(Exception exception) => exception is OwnException ? properties : null;
    }

    private sealed class CodeProvider : IExceptionPropertiesProvider
    {
        public IDictionary<string, object?>? GetExceptionProperties(Exception exception) =>
            exception is OwnException own ? new Dictionary<string, object?> { ["Code"] = own.Code } : null;
    }
}

using DurableTask.Core.History;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Heal.DurableTask.Engine.Tests;

public sealed class CallsInMemory(InMemoryBackend backend) : CallTests(backend), IClassFixture<InMemoryBackend>;

public sealed class CallsOnPostgreSql(PostgreSqlBackend backend) : CallTests(backend), IClassFixture<PostgreSqlBackend>;

/// <summary>Calls of activities and sub-orchestrations: options, retries, what is not retried.</summary>
public abstract class CallTests(IHubBackend backend) : EngineSuite(backend)
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(1);

    [Fact]
    public async Task Options_that_are_passed_as_the_input_are_refused()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Slips", async context =>
        {
            object options = new TaskOptions(new RetryPolicy(2, Soon));
            Exception? activity = await Record.ExceptionAsync(() => context.CallActivityAsync("A", options));
            Exception? child = await Record.ExceptionAsync(() => context.CallSubOrchestratorAsync("B", options));
            return new[] { activity?.GetType().Name, child?.GetType().Name };
        }));

        Assert.Equal(
            [nameof(ArgumentException), nameof(ArgumentException)], (await engine.RunAsync("Slips")).ReadOutputAs<string[]>()!);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(10)]
    public async Task A_policy_tries_an_activity_as_often_as_it_says_and_then_fails(int attempts)
    {
        int tried = 0;
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Retries", context =>
                context.CallActivityAsync("Fails", TaskOptions.FromRetryPolicy(new RetryPolicy(attempts, Soon))))
            .AddActivityFunc("Fails", _ =>
            {
                Interlocked.Increment(ref tried);
                throw new IOException("never");
            }));

        OrchestrationMetadata done = await engine.RunAsync("Retries");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, done.RuntimeStatus);
        Assert.True(done.FailureDetails!.IsCausedBy<TaskFailedException>());
        Assert.True(done.FailureDetails.InnerFailure!.IsCausedBy<IOException>());
        Assert.Equal(attempts, tried);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(10)]
    public async Task A_policy_tries_a_sub_orchestration_as_often_as_it_says_and_then_fails(int attempts)
    {
        int tried = 0;
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Retries", context =>
                context.CallSubOrchestratorAsync("Fails", TaskOptions.FromRetryPolicy(new RetryPolicy(attempts, Soon))))
            .AddOrchestratorFunc("Fails", _ =>
            {
                Interlocked.Increment(ref tried);
                throw new IOException("never");
            }));

        OrchestrationMetadata done = await engine.RunAsync("Retries");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, done.RuntimeStatus);
        Assert.True(done.FailureDetails!.InnerFailure!.IsCausedBy<IOException>());
        Assert.Equal(attempts, tried);
    }

    [Fact]
    public async Task The_delays_grow_and_a_timer_without_delay_follows_the_last_attempt()
    {
        var policy = new RetryPolicy(
            4, TimeSpan.FromMilliseconds(20), backoffCoefficient: 3, maxRetryInterval: TimeSpan.FromMilliseconds(100));
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Retries", context => context.CallActivityAsync("Fails", TaskOptions.FromRetryPolicy(policy)))
            .AddActivityFunc("Fails", _ => throw new IOException("never")));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Retries");
        await engine.WaitAsync(id);

        var delays = new List<double>();
        DateTime now = default;
        foreach (HistoryEvent entry in await engine.Client.GetOrchestrationHistoryAsync(id))
        {
            now = entry is OrchestratorStartedEvent ? entry.Timestamp : now;
            if (entry is TimerCreatedEvent timer)
            {
                delays.Add((timer.FireAt - now).TotalMilliseconds);
            }
        }

        Assert.Equal([20, 60, 100, 0], delays);
    }

    [Fact]
    public async Task A_policy_gives_up_when_its_filter_says_no_or_throws()
    {
        int tried = 0;
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc<bool, string>("Retries", async (context, throws) =>
            {
                var policy = new RetryPolicy(5, Soon)
                {
                    HandleFailure = failure => throws
                        ? throw new InvalidOperationException("the filter itself")
                        : !failure.IsCausedBy<IOException>(),
                };
                try
                {
                    await context.CallActivityAsync("Fails", TaskOptions.FromRetryPolicy(policy));
                    return "";
                }
                catch (TaskFailedException failed)
                {
                    return failed.FailureDetails.ErrorMessage;
                }
            })
            .AddActivityFunc("Fails", _ =>
            {
                Interlocked.Increment(ref tried);
                throw new EndOfStreamException("the activity");
            }));

        Assert.Equal("the activity", (await engine.RunAsync("Retries", false)).ReadOutputAs<string>());
        Assert.Equal("the activity", (await engine.RunAsync("Retries", true)).ReadOutputAs<string>());
        Assert.Equal(2, tried);
    }

    [Fact]
    public async Task No_retry_starts_after_the_timeout()
    {
        int tried = 0;
        var policy = new RetryPolicy(
            100, TimeSpan.FromMilliseconds(100), retryTimeout: TimeSpan.FromMilliseconds(250));
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Retries", context => context.CallActivityAsync("Fails", TaskOptions.FromRetryPolicy(policy)))
            .AddActivityFunc("Fails", _ =>
            {
                Interlocked.Increment(ref tried);
                throw new IOException("never");
            }));

        Assert.Equal(OrchestrationRuntimeStatus.Failed, (await engine.RunAsync("Retries")).RuntimeStatus);
        Assert.InRange(tried, 1, 4);
    }

    [Theory]
    [InlineData(1, false, false)]
    [InlineData(2, true, false)]
    [InlineData(10, true, true)]
    [InlineData(3, false, true)]
    public async Task A_handler_decides_about_every_failure_and_knows_what_happened(int attempts, bool isAsync, bool isChild)
    {
        var seen = new List<RetryContext>();
        bool Decide(RetryContext retry)
        {
            if (!retry.OrchestrationContext.IsReplaying)
            {
                seen.Add(retry);
            }

            return retry.LastAttemptNumber < attempts;
        }

        int tried = 0;
        object? Fail(object? _)
        {
            Interlocked.Increment(ref tried);
            throw new InvalidDataException($"failure {tried}");
        }

        TaskOptions options = isAsync
            ? TaskOptions.FromRetryHandler(async retry =>
            {
                await retry.OrchestrationContext.CreateTimer(TimeSpan.FromMilliseconds(5), CancellationToken.None);
                return Decide(retry);
            })
            : TaskOptions.FromRetryHandler(Decide);
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Retries", context => isChild
                ? context.CallSubOrchestratorAsync("FailingChild", options)
                : context.CallActivityAsync("FailingActivity", options))
            .AddOrchestratorFunc("FailingChild", context => Fail(context))
            .AddActivityFunc("FailingActivity", context => Fail(context)));

        OrchestrationMetadata done = await engine.RunAsync("Retries");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, done.RuntimeStatus);
        Assert.Equal(attempts, tried);
        Assert.Equal(Enumerable.Range(1, attempts), seen.Select(retry => retry.LastAttemptNumber));
        Assert.Equal(Enumerable.Range(1, attempts).Select(n => $"failure {n}"), seen.Select(retry => retry.LastFailure.ErrorMessage));
        Assert.All(seen, retry => Assert.True(retry.LastFailure.IsCausedBy<InvalidDataException>()));
        Assert.Equal(seen.Select(retry => retry.TotalRetryTime).Order(), seen.Select(retry => retry.TotalRetryTime));
        Assert.True(attempts == 1 || seen[^1].TotalRetryTime > TimeSpan.Zero);
    }

    [Fact]
    public async Task Each_question_to_a_retry_handler_is_logged_once()
    {
        var logs = new CollectingLogs();
        await using EngineHost engine = await StartAsync(
            tasks => tasks
                .AddOrchestratorFunc("Retries", context => context.CallActivityAsync(
                    "Fails", TaskOptions.FromRetryHandler(retry => retry.LastAttemptNumber < 3)))
                .AddActivityFunc("Fails", _ => throw new IOException("never")),
            options => options.Logging.UseLegacyCategories = false,
            services: services => services.AddSingleton<ILoggerProvider>(logs));

        await engine.RunAsync("Retries");

        Assert.Equal(3, logs.Entries.Count(entry => entry is { EventId: 55, Category: "Microsoft.DurableTask.Worker.Orchestrations" }));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_task_that_nobody_knows_is_not_retried_and_no_handler_is_asked(bool isActivity, bool byPolicy)
    {
        int asked = 0;
        TaskOptions options = byPolicy
            ? TaskOptions.FromRetryPolicy(new RetryPolicy(5, TimeSpan.FromHours(1)) { HandleFailure = _ => ++asked > 0 })
            : TaskOptions.FromRetryHandler(_ => ++asked > 0);
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Calls", context =>
            isActivity ? context.CallActivityAsync("Missing", options) : context.CallSubOrchestratorAsync("Missing", options)));

        OrchestrationMetadata done = await engine.RunAsync("Calls");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, done.RuntimeStatus);
        Assert.Equal(isActivity ? "ActivityTaskNotFound" : "OrchestratorTaskNotFound", done.FailureDetails!.InnerFailure!.ErrorType);
        Assert.Equal(0, asked);
    }

    [Fact]
    public async Task A_child_of_a_version_that_the_worker_refuses_is_not_retried()
    {
        int asked = 0;
        await using EngineHost engine = await StartAsync(
            tasks => tasks
                .AddOrchestratorFunc("Calls", context => context.CallSubOrchestratorAsync("Child", new SubOrchestrationOptions(
                    TaskRetryOptions.FromRetryHandler(_ => ++asked > 0)) { Version = "9.0" }))
                .AddOrchestratorFunc("Child", _ => "never"),
            options => options.Versioning = new()
            {
                Version = "1.0",
                MatchStrategy = Microsoft.DurableTask.Worker.DurableTaskWorkerOptions.VersionMatchStrategy.CurrentOrOlder,
                FailureStrategy = Microsoft.DurableTask.Worker.DurableTaskWorkerOptions.VersionFailureStrategy.Fail,
            });

        OrchestrationMetadata done = await engine.RunAsync("Calls");

        Assert.Equal("VersionMismatch", done.FailureDetails!.InnerFailure!.ErrorType);
        Assert.Equal(0, asked);
    }

    [Fact]
    public async Task An_activity_runs_again_when_its_worker_dies_before_it_ends()
    {
        string store = NewStore();
        int runs = 0;
        var hangs = new TaskCompletionSource();
        void Tasks(DurableTaskRegistry tasks) => tasks
            .AddOrchestratorFunc("Calls", context => context.CallActivityAsync<int>("Hangs"))
            .AddActivityFunc("Hangs", async _ =>
            {
                if (Interlocked.Increment(ref runs) == 1)
                {
                    await hangs.Task;
                }

                return runs;
            });

        string id;
        await using (EngineHost first = await StartAsync(
            Tasks, configureHub: options => options.DrainTimeout = TimeSpan.FromMilliseconds(100), store: store))
        {
            id = await first.Client.ScheduleNewOrchestrationInstanceAsync("Calls");
            while (Volatile.Read(ref runs) == 0)
            {
                await Task.Delay(20);
            }
        }

        await using EngineHost second = await StartAsync(Tasks, store: store);

        Assert.Equal(2, (await second.WaitAsync(id)).ReadOutputAs<int>());
        hangs.SetResult();
    }
}

using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using static Microsoft.DurableTask.Worker.DurableTaskWorkerOptions;

namespace Heal.DurableTask.Engine.Tests;

public sealed class VersioningInMemory(InMemoryBackend backend) : VersioningTests(backend), IClassFixture<InMemoryBackend>;

public sealed class VersioningOnPostgreSql(PostgreSqlBackend backend) : VersioningTests(backend), IClassFixture<PostgreSqlBackend>;

public abstract class VersioningTests(IHubBackend backend) : EngineSuite(backend)
{
    [Theory]
    [InlineData(VersionMatchStrategy.None, "3.0", true)]
    [InlineData(VersionMatchStrategy.Strict, "2.0", true)]
    [InlineData(VersionMatchStrategy.Strict, "1.0", false)]
    [InlineData(VersionMatchStrategy.Strict, "", false)]
    [InlineData(VersionMatchStrategy.CurrentOrOlder, "2.0", true)]
    [InlineData(VersionMatchStrategy.CurrentOrOlder, "1.9.5", true)]
    [InlineData(VersionMatchStrategy.CurrentOrOlder, "", true)]
    [InlineData(VersionMatchStrategy.CurrentOrOlder, "2.1", false)]
    public async Task A_worker_that_fails_on_mismatch_runs_what_its_strategy_allows(
        VersionMatchStrategy strategy, string version, bool isAllowed)
    {
        await using EngineHost engine = await StartAsync(
            tasks => tasks.AddOrchestratorFunc("Versioned", context => context.Version),
            Versioning("2.0", strategy, VersionFailureStrategy.Fail));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Versioned", new StartOrchestrationOptions { Version = version });
        OrchestrationMetadata done = await engine.WaitAsync(id);

        if (isAllowed)
        {
            Assert.Equal(version, done.ReadOutputAs<string>());
        }
        else
        {
            Assert.Equal("VersionMismatch", done.FailureDetails!.ErrorType);
        }
    }

    [Fact]
    public async Task An_unknown_strategy_fails_with_a_version_error()
    {
        await using EngineHost engine = await StartAsync(
            tasks => tasks.AddOrchestratorFunc("Versioned", context => context.Version),
            Versioning("2.0", (VersionMatchStrategy)9, VersionFailureStrategy.Fail));

        Assert.Equal("VersionError", (await engine.RunAsync("Versioned")).FailureDetails!.ErrorType);
    }

    [Fact]
    public async Task A_worker_that_rejects_leaves_the_instance_to_another()
    {
        string store = NewStore();
        await using EngineHost older = await StartAsync(
            tasks => tasks.AddOrchestratorFunc("Versioned", _ => "older"),
            Versioning("1.0", VersionMatchStrategy.Strict, VersionFailureStrategy.Reject),
            hub => hub.RejectionDelay = TimeSpan.FromMilliseconds(50),
            store: store);
        string id = await older.Client.ScheduleNewOrchestrationInstanceAsync(
            "Versioned", new StartOrchestrationOptions { Version = "2.0" });
        string own = await older.Client.ScheduleNewOrchestrationInstanceAsync(
            "Versioned", new StartOrchestrationOptions { Version = "1.0" });
        Assert.Equal("older", (await older.WaitAsync(own)).ReadOutputAs<string>());
        Assert.Equal(OrchestrationRuntimeStatus.Pending, (await older.Client.GetInstanceAsync(id))!.RuntimeStatus);

        await using EngineHost newer = await StartAsync(
            tasks => tasks.AddOrchestratorFunc("Versioned", _ => "newer"),
            Versioning("2.0", VersionMatchStrategy.Strict, VersionFailureStrategy.Reject),
            hub => hub.RejectionDelay = TimeSpan.FromMilliseconds(50),
            store: store);

        Assert.Equal("newer", (await newer.WaitAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_client_gives_its_default_version_unless_told_otherwise()
    {
        await using EngineHost engine = await StartAsync(
            tasks => tasks.AddOrchestratorFunc("Versioned", context => context.Version),
            services: services => services.Configure<DurableTaskClientOptions>(options => options.DefaultVersion = "1.5"));

        string told = await engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Versioned", new StartOrchestrationOptions { Version = "7.0" });

        Assert.Equal("1.5", (await engine.RunAsync("Versioned")).ReadOutputAs<string>());
        Assert.Equal("7.0", (await engine.WaitAsync(told)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_child_gets_the_workers_default_version_not_its_parents()
    {
        await using EngineHost engine = await StartAsync(
            tasks => tasks
                .AddOrchestratorFunc("Parent", async context => new[]
                {
                    context.Version,
                    await context.CallSubOrchestratorAsync<string>("Child"),
                    await context.CallSubOrchestratorAsync<string>("Child", new TaskOptions { Version = "4.0" }),
                    await context.CallSubOrchestratorAsync<string>("Child", new SubOrchestrationOptions { Version = "5.0" }),
                })
                .AddOrchestratorFunc("Child", context => context.Version),
            options => options.Versioning = new VersioningOptions { DefaultVersion = "3.0" });

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Parent", new StartOrchestrationOptions { Version = "2.0" });

        Assert.Equal(["2.0", "3.0", "4.0", "5.0"], (await engine.WaitAsync(id)).ReadOutputAs<string[]>()!);
    }

    [Fact]
    public async Task An_activity_gets_the_orchestrations_version_unless_told_otherwise()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc("Calls", async context => new[]
            {
                await context.CallActivityAsync<string>("Version"),
                await context.CallActivityAsync<string>("Version", new TaskOptions { Version = "8.0" }),
            })
            .AddActivityFunc("Version", context => context.Version));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Calls", new StartOrchestrationOptions { Version = "2.0" });

        Assert.Equal(["2.0", "8.0"], (await engine.WaitAsync(id)).ReadOutputAs<string[]>()!);
    }

    [Fact]
    public async Task An_activity_is_found_by_its_exact_version_and_by_name_only_when_no_version_is_registered()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks
            .AddOrchestratorFunc<string, string>("Calls", (context, name) => context.CallActivityAsync<string>(name))
            .AddActivityFunc<string, string>("Both", "2.0", (_, _) => Task.FromResult("version 2.0"))
            .AddActivityFunc("Both", _ => "unversioned")
            .AddActivityFunc("Plain", _ => "plain"));
        async Task<OrchestrationMetadata> CallAsync(string activity, string version) => await engine.WaitAsync(
            await engine.Client.ScheduleNewOrchestrationInstanceAsync(
                "Calls", activity, new StartOrchestrationOptions { Version = version }));

        Assert.Equal("version 2.0", (await CallAsync("Both", "2.0")).ReadOutputAs<string>());
        Assert.Equal("unversioned", (await CallAsync("Both", "")).ReadOutputAs<string>());
        Assert.Equal("plain", (await CallAsync("Plain", "3.0")).ReadOutputAs<string>());
        Assert.Equal("ActivityTaskNotFound", (await CallAsync("Both", "3.0")).FailureDetails!.InnerFailure!.ErrorType);
    }

    [Fact]
    public async Task Code_can_compare_its_version()
    {
        await using EngineHost engine = await StartAsync(tasks => tasks.AddOrchestratorFunc("Compares", context => new[]
        {
            context.CompareVersionTo(""), context.CompareVersionTo("1.9"),
            context.CompareVersionTo("1.10"), context.CompareVersionTo("1.11"),
        }));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync(
            "Compares", new StartOrchestrationOptions { Version = "1.10" });

        Assert.Equal([1, 1, 0, -1], (await engine.WaitAsync(id)).ReadOutputAs<int[]>()!.Select(Math.Sign));
    }

    private static Action<DurableTaskWorkerOptions> Versioning(
        string version, VersionMatchStrategy match, VersionFailureStrategy failure) =>
        options => options.Versioning = new VersioningOptions { Version = version, MatchStrategy = match, FailureStrategy = failure };
}

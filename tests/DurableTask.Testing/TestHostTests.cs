using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Heal.DurableTask.Testing.Tests;

/// <summary>The test host as its users write their tests.</summary>
public sealed class TestHostTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task An_orchestration_runs_with_its_activities()
    {
        await using DurableTaskTestHost host = await DurableTaskTestHost.StartAsync(tasks =>
        {
            tasks.AddOrchestratorFunc<string, string>("Greet", (context, name) => context.CallActivityAsync<string>("Hello", name));
            tasks.AddActivityFunc<string, string>("Hello", (_, name) => $"Hello, {name}!");
        });

        string id = await host.Client.ScheduleNewOrchestrationInstanceAsync("Greet", input: "World");
        OrchestrationMetadata done = await WaitAsync(host.Client, id);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, done.RuntimeStatus);
        Assert.Equal("Hello, World!", done.ReadOutputAs<string>());
    }

    [Fact]
    public async Task Class_based_tasks_get_services_from_the_tests_own_registrations()
    {
        await using DurableTaskTestHost host = await DurableTaskTestHost.StartAsync(
            tasks =>
            {
                tasks.AddOrchestrator<PriceOrchestrator>();
                tasks.AddActivity<PriceActivity>();
            },
            new DurableTaskTestHostOptions { ConfigureServices = services => services.AddSingleton(new PriceList(42)) });

        string id = await host.Client.ScheduleNewOrchestrationInstanceAsync(nameof(PriceOrchestrator), "tea");

        Assert.Equal(42, (await WaitAsync(host.Client, id)).ReadOutputAs<int>());
        Assert.Equal(42, host.Services.GetRequiredService<PriceList>().Price);
    }

    [Fact]
    public async Task Events_timers_and_sub_orchestrations_work_too()
    {
        await using DurableTaskTestHost host = await DurableTaskTestHost.StartAsync(tasks =>
        {
            tasks.AddOrchestratorFunc("Parent", async context =>
            {
                await context.CreateTimer(TimeSpan.FromMilliseconds(10), CancellationToken.None);
                return await context.CallSubOrchestratorAsync<string>("Child");
            });
            tasks.AddOrchestratorFunc("Child", context => context.WaitForExternalEvent<string>("Answer"));
        });

        string id = await host.Client.ScheduleNewOrchestrationInstanceAsync("Parent");
        await host.Client.WaitForInstanceStartAsync(id);
        await foreach (OrchestrationMetadata child in ChildrenAsync(host.Client))
        {
            await host.Client.RaiseEventAsync(child.InstanceId, "Answer", "yes");
        }

        Assert.Equal("yes", (await WaitAsync(host.Client, id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_failed_activity_shows_in_the_failure_details()
    {
        await using DurableTaskTestHost host = await DurableTaskTestHost.StartAsync(tasks =>
        {
            tasks.AddOrchestratorFunc("Fails", context => context.CallActivityAsync("Throws"));
            tasks.AddActivityFunc("Throws", _ => throw new InvalidOperationException("Kah-BOOOOM!!!"));
        });

        OrchestrationMetadata done = await WaitAsync(host.Client, await host.Client.ScheduleNewOrchestrationInstanceAsync("Fails"));

        Assert.Equal(OrchestrationRuntimeStatus.Failed, done.RuntimeStatus);
        Assert.True(done.FailureDetails!.IsCausedBy<TaskFailedException>());
        Assert.True(done.FailureDetails.InnerFailure!.IsCausedBy<InvalidOperationException>());
    }

    [Fact]
    public async Task Hosts_side_by_side_do_not_see_each_other()
    {
        static void Tasks(DurableTaskRegistry tasks) => tasks.AddOrchestratorFunc<int, int>("Same", (_, number) => number);
        await using DurableTaskTestHost one = await DurableTaskTestHost.StartAsync(Tasks);
        await using DurableTaskTestHost other = await DurableTaskTestHost.StartAsync(Tasks);

        string id = await one.Client.ScheduleNewOrchestrationInstanceAsync("Same", 1, new StartOrchestrationOptions("mine"));
        await WaitAsync(one.Client, id);

        Assert.Null(await other.Client.GetInstanceAsync("mine"));
    }

    [Fact]
    public async Task The_host_logs_to_the_tests_own_factory()
    {
        using var loggers = new CollectingLoggerFactory();
        await using (DurableTaskTestHost host = await DurableTaskTestHost.StartAsync(
            tasks => tasks.AddOrchestratorFunc("Empty", _ => Task.CompletedTask),
            new DurableTaskTestHostOptions { LoggerFactory = loggers }))
        {
            await WaitAsync(host.Client, await host.Client.ScheduleNewOrchestrationInstanceAsync("Empty"));
        }

        Assert.Contains("Microsoft.DurableTask.Worker.Orchestrations", loggers.Categories);
        Assert.False(loggers.IsDisposed);
    }

    [Fact]
    public async Task An_applications_own_host_runs_orchestrations_in_memory()
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(new PriceList(7));
        builder.Services.AddInMemoryDurableTask(tasks => tasks.AddOrchestrator<PriceOrchestrator>().AddActivity<PriceActivity>());
        using IHost host = builder.Build();
        await host.StartAsync();

        var client = host.Services.GetRequiredService<DurableTaskClient>();
        string id = await client.ScheduleNewOrchestrationInstanceAsync(nameof(PriceOrchestrator), "tea");

        Assert.Equal(7, (await WaitAsync(client, id)).ReadOutputAs<int>());
        Assert.Equal(id, (await host.Services.GetInMemoryOrchestrationService().Hub.GetInstanceAsync(id, withPayloads: false))!.InstanceId);
        await host.StopAsync();
    }

    [Fact]
    public void Without_tasks_in_memory_there_is_no_store_to_get()
    {
        using ServiceProvider services = new ServiceCollection().BuildServiceProvider();

        Assert.Throws<InvalidOperationException>(() => services.GetInMemoryOrchestrationService());
    }

    private static async Task<OrchestrationMetadata> WaitAsync(DurableTaskClient client, string id)
    {
        using var limit = new CancellationTokenSource(Patience);
        return await client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true, limit.Token);
    }

    /// <summary>The running children; waits until there is one.</summary>
    private static async IAsyncEnumerable<OrchestrationMetadata> ChildrenAsync(DurableTaskClient client)
    {
        for (bool found = false; !found;)
        {
            await foreach (OrchestrationMetadata instance in client.GetAllInstancesAsync())
            {
                if (instance.Name == "Child")
                {
                    found = true;
                    yield return instance;
                }
            }
        }
    }

    private sealed record PriceList(int Price);

    private sealed class PriceOrchestrator : TaskOrchestrator<string, int>
    {
        public override Task<int> RunAsync(TaskOrchestrationContext context, string input) =>
            context.CallActivityAsync<int>(nameof(PriceActivity), input);
    }

    private sealed class PriceActivity(PriceList prices) : TaskActivity<string, int>
    {
        public override Task<int> RunAsync(TaskActivityContext context, string input) => Task.FromResult(prices.Price);
    }
}

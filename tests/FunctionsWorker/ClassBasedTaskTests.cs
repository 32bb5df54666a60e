using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Extensions.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;

namespace Heal.FunctionsWorker.Tests;

public sealed class ClassBasedTaskTests
{
    [Fact]
    public async Task Generated_functions_run_classes_with_services_from_the_container()
    {
        await using TestHost host = await TestHost.StartAsync();
        (string id, string output) = await RunAsync<string>(host, nameof(WelcomeAll), new[] { "Ada", "Bob" });
        Assert.Equal("Welcome, Ada! Welcome, Bob! (2, WelcomeAll)", output);
        Assert.Equal([$"Welcome in {id}", $"Welcome in {id}", "add 2"], host.Get<Journal>().Entries.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Classes_registered_with_the_worker_run_beside_the_functions()
    {
        await using TestHost host = await TestHost.StartAsync(static builder =>
        {
            new DurableTaskExtensionStartup().Configure(builder);
            builder.ConfigureDurableWorker().AddTasks(static tasks => tasks.AddOrchestrator<Countdown>().AddActivity<Say>());
        });
        Assert.Equal("said 3 True", (await RunAsync<string>(host, nameof(Countdown), 3)).Output);
        Assert.Equal(["3 True"], host.Get<Journal>().Entries);
        HttpResponseMessage started = await host.SendAsync(
            HttpMethod.Post, $"/runtime/webhooks/durabletask/orchestrators/{nameof(Countdown)}", TestHost.SystemKey);
        Assert.Equal(System.Net.HttpStatusCode.Accepted, started.StatusCode);
    }

    [Fact]
    public async Task An_entity_function_may_dispatch_to_an_object_of_its_own()
    {
        await using TestHost host = await TestHost.StartAsync();
        Assert.Equal(15, (await RunAsync<int>(host, "AskReady", input: null)).Output);
    }

    private static async Task<(string Id, T Output)> RunAsync<T>(TestHost host, string orchestrator, object? input)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        DurableTaskClient client = host.Get<DurableTaskClient>();
        string id = await client.ScheduleNewOrchestrationInstanceAsync(orchestrator, input, limit.Token);
        OrchestrationMetadata ended = await client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true, limit.Token);
        Assert.Null(ended.FailureDetails);
        return (id, ended.ReadOutputAs<T>()!);
    }
}

using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Hosting;

namespace Heal.FunctionsWorker.Tests;

public sealed class OrchestratorTurnTests
{
    [Fact]
    public async Task What_an_orchestrator_uses_is_disposed_with_each_turn_also_in_the_middle_of_its_code()
    {
        await using TestHost host = await TestHost.StartAsync();
        DurableTaskClient client = host.Get<DurableTaskClient>();
        string id = await client.ScheduleNewOrchestrationInstanceAsync("Fleeting");
        await host.Get<Journal>().NextAsync();

        Assert.Equal(["disposed"], host.Get<Journal>().Entries);
        Assert.Equal(OrchestrationRuntimeStatus.Running, (await client.WaitForInstanceStartAsync(id)).RuntimeStatus);
        await GoOnAsync(host, id);
        await host.Get<Journal>().NextAsync();
        Assert.Equal(["disposed", "disposed"], host.Get<Journal>().Entries);
    }

    [Fact]
    public async Task Middleware_stands_around_each_turn_of_an_orchestrator_which_sees_what_it_has_set()
    {
        await using TestHost host = await TestHost.StartAsync(static builder => builder.UseMiddleware(static async (context, next) =>
        {
            var journal = (Journal)context.InstanceServices.GetService(typeof(Journal))!;
            context.Items["mark"] = $"marked {context.FunctionDefinition.Name}";
            await next();
            journal.Write($"after {context.FunctionDefinition.Name}");
        }));
        DurableTaskClient client = host.Get<DurableTaskClient>();
        string id = await client.ScheduleNewOrchestrationInstanceAsync("Marked");
        await host.Get<Journal>().NextAsync();
        OrchestrationMetadata ended = await GoOnAsync(host, id);

        Assert.Equal("marked Marked", ended.ReadOutputAs<string>());
        Assert.Equal(["after Marked", "after Marked"], host.Get<Journal>().Entries);
    }

    [Fact]
    public async Task A_turn_whose_middleware_fails_is_not_stored_and_runs_again()
    {
        int turns = 0;
        await using TestHost host = await TestHost.StartAsync(builder => builder.UseMiddleware(async (context, next) =>
        {
            await next();
            if (context.FunctionDefinition.Name == "Marked" && Interlocked.Increment(ref turns) == 1)
            {
                throw new InvalidOperationException("The middleware is out of order.");
            }
        }));
        DurableTaskClient client = host.Get<DurableTaskClient>();
        string id = await client.ScheduleNewOrchestrationInstanceAsync("Marked");

        Assert.Equal("none", (await GoOnAsync(host, id)).ReadOutputAs<string>());
        Assert.True(turns >= 2, $"{turns} turns");
    }

    private static async Task<OrchestrationMetadata> GoOnAsync(TestHost host, string id)
    {
        await host.Get<DurableTaskClient>().RaiseEventAsync(id, "End", "");
        return await host.EndAsync(id);
    }
}

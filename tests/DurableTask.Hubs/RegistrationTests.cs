using Heal.Postgres.Tests;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.PostgreSql;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Heal.DurableTask.Hubs.Tests;

public sealed class RegistrationTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    [Fact]
    public async Task A_client_and_a_worker_of_one_name_share_one_hub_and_run_an_orchestration()
    {
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Services.AddDurableTaskClient(client => client.UsePostgreSql(Configure).RegisterDirectly());
        builder.Services.AddDurableTaskWorker(worker => worker.UsePostgreSql().AddTasks(Tasks));
        using var host = builder.Build();
        await host.StartAsync();

        var client = host.Services.GetRequiredService<DurableTaskClient>();
        var id = await client.ScheduleNewOrchestrationInstanceAsync("Greet", "world");
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var ended = await client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true, deadline.Token);
        Assert.Equal("\"hello world\"", ended.SerializedOutput);
        Assert.Same(
            host.Services.GetRequiredKeyedService<PostgreSqlTaskHub>(Options.DefaultName),
            host.Services.GetRequiredKeyedService<ITaskHub>(Options.DefaultName));
        await host.StopAsync();
    }

    [Fact]
    public async Task Options_that_can_not_be_used_stop_the_host_and_name_every_fault()
    {
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Services.AddPostgreSqlTaskHub(configure: options => options.MaxTurnsPerCommit = -1);
        using var host = builder.Build();
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        Assert.Contains("ConnectionString is empty", error.Message);
        Assert.Contains("MaxTurnsPerCommit is -1", error.Message);
    }

    private void Configure(PostgreSqlTaskHubOptions options) => options.ConnectionString = database.ConnectionString;

    private static void Tasks(DurableTaskRegistry tasks)
    {
        tasks.AddOrchestratorFunc<string, string>("Greet", (context, name) => context.CallActivityAsync<string>("SayHello", name));
        tasks.AddActivityFunc<string, string>("SayHello", (_, name) => "hello " + name);
    }
}

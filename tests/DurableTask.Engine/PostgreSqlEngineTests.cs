using DurableTask.Core.Hub;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.PostgreSql;

namespace Heal.DurableTask.Engine.Tests;

public sealed class PostgreSqlEngineTests(HubTestDatabase database) : EngineTests, IClassFixture<HubTestDatabase>
{
    protected override ITaskHub CreateHub(string store) => new PostgreSqlTaskHub(
        new PostgreSqlTaskHubOptions { ConnectionString = database.ConnectionString, Schema = $"engine_{store}" }, TimeProvider.System);

    [Fact]
    public async Task An_instance_whose_turn_can_never_be_stored_ends_with_the_reason()
    {
        await using EngineHost engine = await EngineHost.StartAsync(
            CreateHub(Guid.NewGuid().ToString("N")),
            tasks => tasks.AddOrchestratorFunc("Sends", context =>
            {
                context.SendEvent("somebody", "e\0", "a name that no database text can hold");
                return context.CallActivityAsync<string>("never\0reached");
            }));

        OrchestrationMetadata done = await engine.RunAsync("Sends");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, done.RuntimeStatus);
        Assert.Contains("could not be stored", done.FailureDetails!.ErrorMessage, StringComparison.Ordinal);
    }
}

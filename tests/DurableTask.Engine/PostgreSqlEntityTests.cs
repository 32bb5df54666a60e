using DurableTask.Core.Exceptions;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Entities;
using Microsoft.DurableTask.PostgreSql;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Heal.DurableTask.Engine.Tests;

public sealed class PostgreSqlEntityTests(HubTestDatabase database) : EntityTests, IClassFixture<HubTestDatabase>
{
    protected override ITaskHub CreateHub(string store) => new PostgreSqlTaskHub(
        new PostgreSqlTaskHubOptions { ConnectionString = database.ConnectionString, Schema = $"entities_{store}" }, TimeProvider.System);

    [Fact]
    public async Task Of_many_large_states_and_inputs_only_the_state_that_counts_is_left()
    {
        string store = NewStore();
        await using EngineHost engine = await EngineHost.StartAsync(CreateHub(store), Keepers, Entities, services: Entities);
        for (int i = 0; i < 10; i++)
        {
            await engine.Client.Entities.SignalEntityAsync(Kept, "set", OfSize(300_000 + i));
        }

        Assert.Equal(OfSize(300_009), await AskAsync(engine, "get"));

        Assert.Equal([Kept.ToString()], await ListAsync(store, "SELECT instance_id FROM payloads WHERE instance_id LIKE '@%'"));
        Assert.Equal([], await ListAsync(store, "SELECT id FROM payloads WHERE octet_length(data) > 3000"));
        Assert.Equal([], await ListAsync(store, "SELECT entity_id FROM entities WHERE octet_length(state) > 100"));
    }

    [Fact]
    public async Task An_operation_whose_entity_lost_its_state_s_payload_fails_with_the_reason_and_its_neighbours_go_on()
    {
        string store = NewStore();
        await using EngineHost engine = await EngineHost.StartAsync(CreateHub(store), tasks =>
        {
            Keepers(tasks);
            tasks.AddOrchestratorFunc<int>("Locks", async context =>
            {
                await using (await context.Entities.LockEntitiesAsync(Kept, new EntityInstanceId("keeper", "other")))
                {
                    await context.Entities.CallEntityAsync<string>(new EntityInstanceId("keeper", "other"), "set", "beside");
                    return 1;
                }
            });
        }, Entities, services: Entities);
        await engine.RunAsync("Set", OfSize(300_000));
        List<string> before = await ListAsync(store, "SELECT state FROM entities");
        await ListAsync(store, "DELETE FROM payloads WHERE instance_id = '@keeper@kept' RETURNING id");

        OrchestrationMetadata failed = await engine.RunAsync("Ask", "get");

        Assert.Equal(typeof(PayloadStorageException).FullName, failed.FailureDetails!.InnerFailure!.ErrorType);
        Assert.Contains("which was stored apart, is gone", failed.FailureDetails.InnerFailure.ErrorMessage, StringComparison.Ordinal);
        await Assert.ThrowsAsync<PayloadStorageException>(() => engine.Client.Entities.GetEntityAsync<string>(Kept));
        Assert.Equal(1, (await engine.RunAsync("Locks")).ReadOutputAs<int>());
        Assert.Equal(before, await ListAsync(store, "SELECT state FROM entities WHERE entity_id = '@keeper@kept'"));
    }

    [Fact]
    public async Task A_damaged_message_fails_nobody_but_itself()
    {
        string store = NewStore();
        ITaskHub hub = CreateHub(store);
        await hub.InitializeAsync();
        await AddOneAsync(hub);
        await hub.Entities.SignalAsync(new OutgoingEntityMessage(
            "@counter@other", new EntityMessage { Operation = "add", Input = "7", IsSignal = true }));
        await ListAsync(
            store,
            $$"""INSERT INTO entity_inbox (entity_id, visible_at, message) VALUES ('{{Some}}', now(), '{"op":') RETURNING message""");
        await AddOneAsync(hub);

        await using EngineHost engine = await StartAsync(_ => { }, hub);

        Assert.Equal(2, await CallAsync(engine, Some, "get"));
        Assert.Equal(7, await CallAsync(engine, new EntityInstanceId("Counter", "other"), "get"));
        Assert.Equal([], await ListAsync(store, "SELECT message FROM entity_inbox"));
    }

    private static void Entities(DurableTaskWorkerOptions options) => options.EnableEntitySupport = true;

    private static void Entities(IServiceCollection services) =>
        services.Configure<DurableTaskClientOptions>(options => options.EnableEntitySupport = true);

    private async Task<List<string>> ListAsync(string store, string query)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(database.ConnectionString) { SearchPath = $"entities_{store}" });
        await using NpgsqlCommand command = source.CreateCommand(query);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        var found = new List<string>();
        while (await reader.ReadAsync())
        {
            found.Add(reader.GetString(0));
        }

        return found;
    }
}

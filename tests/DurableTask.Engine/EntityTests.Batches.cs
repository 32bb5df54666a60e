using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Entities;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.DurableTask.Engine.Tests;

public abstract partial class EntityTests
{
    [Fact]
    public async Task A_batch_holds_no_more_operations_than_the_worker_is_told()
    {
        var id = new EntityInstanceId("counted", "key");
        int batches = 0;
        await using EngineHost engine = await EngineHost.StartAsync(
            CreateHub(NewStore()),
            tasks => tasks
                // One object serves a whole batch.
                .AddEntity("counted", _ =>
                {
                    Interlocked.Increment(ref batches);
                    return new Counter();
                })
                .AddOrchestratorFunc<EntityCall, int>(
                    "Call", (context, call) => context.Entities.CallEntityAsync<int>(call!.Id, call.Operation, call.Input)),
            configure: options => options.EnableEntitySupport = true,
            configureHub: options => options.MaximumEntityOperationsPerBatch = 2,
            services: all => all.Configure<DurableTaskClientOptions>(options => options.EnableEntitySupport = true),
            before: async client =>
            {
                for (int i = 0; i < 5; i++)
                {
                    await client.Entities.SignalEntityAsync(id, "add", 1);
                }
            });

        Assert.Equal(5, await CallAsync(engine, id, "get"));
        Assert.InRange(batches, 3, 4);
    }
}

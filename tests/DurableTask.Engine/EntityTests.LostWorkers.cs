using DurableTask.Core.Hub;

namespace Heal.DurableTask.Engine.Tests;

/// <summary>Operations that workers were lost with; those that kill for good are in <see cref="PoisonTests"/>.</summary>
public abstract partial class EntityTests
{
    /// <summary>Whatever the limit: with an operation that was never lost by itself, nobody knows that it kills.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Operations_that_were_beside_others_when_their_workers_were_lost_are_not_refused(int most)
    {
        ITaskHub hub = CreateHub(NewStore());
        await hub.InitializeAsync();
        for (int i = 0; i < 3; i++)
        {
            await AddOneAsync(hub);
        }

        for (int lost = 0; lost <= most; lost++)
        {
            Assert.Equal(lost, (await LoseAsync(hub)).LostAttempts);
        }

        await using EngineHost engine = await StartAsync(_ => { }, hub, options => options.MaximumLostAttempts = most);

        Assert.Equal(3, await CallAsync(engine, Some, "get"));
    }

    [Fact]
    public async Task An_operation_whose_worker_lives_on_was_not_lost()
    {
        ITaskHub hub = CreateHub(NewStore());
        await using var connected = hub as IAsyncDisposable;
        await hub.InitializeAsync();
        await AddOneAsync(hub);
        for (int lost = 0; lost <= 2; lost++)
        {
            await LoseAsync(hub);
        }

        int failures = 2;
        await using EngineHost engine = await StartAsync(
            _ => { },
            HubProxy.AroundEntities(hub, method => method == nameof(IEntityHub.CommitAsync) && Interlocked.Decrement(ref failures) >= 0),
            options => options.MaximumLostAttempts = 3);

        Assert.Equal(1, await CallAsync(engine, Some, "get"));
    }

    private protected static Task AddOneAsync(ITaskHub hub) => hub.Entities.SignalAsync(new OutgoingEntityMessage(
        Some.ToString(), new EntityMessage { Operation = "add", Input = "1", IsSignal = true }));

    /// <summary>A worker takes the entity, and is never heard of again.</summary>
    private static async Task<EntityWorkItem> LoseAsync(ITaskHub hub)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var request = new LockRequest("lost", 1, TimeSpan.FromMilliseconds(1));
            if (await hub.Entities.LockAsync(request, limit.Token) is [var item])
            {
                return item;
            }

            await hub.WaitForWorkAsync(WorkKind.Entity, limit.Token);
        }
    }
}

using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Entities;
using Microsoft.DurableTask.Worker.Orchestrations;
using static Heal.DurableTask.Worker.Tests.ReplayedOrchestration;

namespace Heal.DurableTask.Worker.Tests;

public sealed class OrchestrationEntitiesTests
{
    private static readonly EntityInstanceId A = new("Account", "a");
    private static readonly EntityInstanceId B = new("Account", "b");

    [Fact]
    public void Every_request_takes_the_next_of_the_orchestrations_ids()
    {
        Guid own = default;
        var orchestration = new ReplayedOrchestration(async context =>
        {
            context.NewGuid();
            await context.Entities.SignalEntityAsync(A, "add", 1);
            Task<int> call = context.Entities.CallEntityAsync<int>(A, "get");
            own = context.NewGuid();
            return await call;
        });

        TurnResult begun = orchestration.Begin();

        Assert.Equal([Id(1), Id(2)], begun.ToEntities.OrderBy(sent => sent.Key).Select(sent => sent.Value.Message.Id));
        Assert.Equal(Id(3), own.ToString());
        Assert.Equal("5", orchestration.Play(Answer(Id(2), new EntityResponse { Result = "5" })).Output);
    }

    [Fact]
    public void A_request_waits_while_the_orchestration_is_suspended_and_is_sent_once()
    {
        var orchestration = new ReplayedOrchestration(async context =>
        {
            await context.WaitForExternalEvent<string>("go");
            await context.Entities.SignalEntityAsync(A, "add", 1);
            return await context.WaitForExternalEvent<string>("end");
        });
        orchestration.Begin();

        Assert.Empty(orchestration.Play(Raised("go", "\"\""), new ExecutionSuspendedEvent(-1, null)).Actions);
        TurnResult resumed = orchestration.Play(new ExecutionResumedEvent(-1, null));
        Assert.Equal(Assert.Single(resumed.Actions).EventId, Assert.Single(resumed.ToEntities).Key);
        Assert.Empty(orchestration.Play(Raised("other")).Actions);
    }

    [Fact]
    public void Replayed_requests_are_not_sent_again()
    {
        var orchestration = new ReplayedOrchestration(async context =>
        {
            await using (await context.Entities.LockEntitiesAsync(B, A))
            {
                return await context.Entities.CallEntityAsync<int>(B, "get");
            }
        });

        EntityMessage request = Assert.Single(orchestration.Begin().ToEntities).Value.Message;
        TurnResult entered = orchestration.Play(Answer(request.Id!, new EntityResponse()));
        EntityMessage call = Assert.Single(entered.ToEntities).Value.Message;
        TurnResult left = orchestration.Play(Answer(call.Id!, new EntityResponse { Result = "1" }));

        Assert.Equal(["@account@a", "@account@b"], request.LockSet!);
        Assert.Equal("get", call.Operation);
        Assert.Equal(
            ["@account@a", "@account@b"], left.ToEntities.Values.Select(release => release.EntityId).Order(StringComparer.Ordinal));
        Assert.All(left.ToEntities.Values, release => Assert.True(release.Message.IsRelease));
        Assert.Empty(left.LockReleases);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_orchestration_that_is_terminated_lets_go_of_what_it_locked_or_waits_to_lock(bool isGranted)
    {
        var orchestration = new ReplayedOrchestration(async context =>
        {
            await context.Entities.LockEntitiesAsync(A, B);
            return await context.WaitForExternalEvent<string>("never");
        });
        EntityMessage request = Assert.Single(orchestration.Begin().ToEntities).Value.Message;
        if (isGranted)
        {
            orchestration.Play(Answer(request.Id!, new EntityResponse()));
        }

        TurnResult ended = orchestration.Play(new ExecutionTerminatedEvent(-1, null));

        Assert.Equal(["@account@a", "@account@b"], ended.LockReleases.Select(release => release.EntityId));
        Assert.All(ended.LockReleases, release => Assert.True(release.Message.IsRelease && release.Message.Sender == request.Sender));
        Assert.Empty(ended.Actions);
    }

    private static string Id(int counter) => DeterministicGuid.Create("order-1", Some.Time, counter).ToString();

    private static EventRaisedEvent Answer(string request, EntityResponse response) => Raised(request, response.Serialize());
}

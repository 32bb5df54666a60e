using System.Text;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Entities;

namespace Heal.DurableTask.Engine.Tests;

/// <summary>Messages that can never be read, or with which nothing can be stored, and the others of their entity.</summary>
public abstract partial class EntityTests
{
    private const string OfANewKind = """{"op":{"name":"add"},"id":"ID","parent":"PARENT","parentExecution":"EXECUTION"}""";

    [Theory]
    [InlineData("{\"op\":", true)]
    [InlineData("{\"op\":{\"name\":\"add\"}}", false)]
    [InlineData("null", false)]
    [InlineData("{\"lockset\":[\"@counter@some\"]}", false)]
    public async Task A_stored_message_that_cannot_be_read_is_dropped_and_the_others_are_done(string stored, bool isDamaged)
    {
        ITaskHub hub = CreateHub(NewStore());
        await using var connected = hub as IAsyncDisposable;
        await hub.InitializeAsync();
        await AddOneAsync(hub);
        await SignalAsync(hub, "broken");
        await AddOneAsync(hub);

        await using EngineHost engine = await StartAsync(
            _ => { },
            Reading(hub, "broken", _ => stored),
            options =>
            {
                // What is damaged is not waited for.
                options.UnreadableWorkTimeout = isDamaged ? TimeSpan.FromHours(1) : TimeSpan.FromMilliseconds(200);
                options.RejectionDelay = TimeSpan.FromMilliseconds(50);
            });

        Assert.Equal(2, await CallAsync(engine, Some, "get"));
    }

    [Fact]
    public async Task Whoever_waits_for_the_answer_to_a_message_that_cannot_be_read_hears_why_there_is_none()
    {
        ITaskHub hub = CreateHub(NewStore());
        await using var connected = hub as IAsyncDisposable;
        await using EngineHost engine = await StartAsync(
            _ => { },
            Reading(hub, "odd", sent => OfANewKind.Replace("ID", sent.Id, StringComparison.Ordinal)
                .Replace("PARENT", sent.ParentInstanceId, StringComparison.Ordinal)
                .Replace("EXECUTION", sent.ParentExecutionId, StringComparison.Ordinal)),
            options =>
            {
                options.UnreadableWorkTimeout = TimeSpan.FromMilliseconds(200);
                options.RejectionDelay = TimeSpan.FromMilliseconds(50);
            });

        OrchestrationMetadata failed = await engine.RunAsync("Call", new EntityCall(Some, "odd", null));

        Assert.Equal("UnreadableWorkItem", failed.FailureDetails!.InnerFailure!.ErrorType);
        Assert.Contains("No worker that can read it", failed.FailureDetails.InnerFailure.ErrorMessage, StringComparison.Ordinal);
        Assert.Equal(1, await CallAsync(engine, Some, "add", 1));
    }

    [Fact]
    public async Task A_message_that_an_old_worker_cannot_read_is_left_to_a_new_one_with_all_behind_it()
    {
        string store = NewStore();
        ITaskHub hub = CreateHub(store);
        await using var connected = hub as IAsyncDisposable;
        await hub.InitializeAsync();
        await AddOneAsync(hub);
        await SignalAsync(hub, "delete");
        await AddOneAsync(hub);
        var isLeft = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int left = 0;
        await using EngineHost older = await StartAsync(
            _ => { },
            HubProxy.AroundEntities(Reading(hub, "delete", _ => """{"op":{"name":"delete"}}"""), method =>
            {
                if (method == nameof(IEntityHub.AbandonAsync) && Interlocked.Increment(ref left) == 7)
                {
                    isLeft.SetResult();
                }

                return null;
            }),
            options => options.RejectionDelay = TimeSpan.FromMilliseconds(20));
        await isLeft.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("1", (await hub.Entities.GetAsync(Some.ToString(), withState: true))!.State);

        await using EngineHost newer = await StartAsync(_ => { }, CreateHub(store));

        Assert.Equal(1, await CallAsync(newer, Some, "get"));
    }

    [Fact]
    public async Task An_operation_whose_outcome_can_never_be_stored_fails_with_the_reason_and_those_beside_it_are_done_once()
    {
        ITaskHub hub = CreateHub(NewStore());
        await using var connected = hub as IAsyncDisposable;
        await hub.InitializeAsync();
        await AddOneAsync(hub);
        await SignalAsync(hub, "add", "1000");
        await AddOneAsync(hub);
        int refusals = 0;
        await using EngineHost engine = await StartAsync(
            _ => { },
            Refusing(hub, () => Interlocked.Increment(ref refusals)));

        Assert.Equal(2, await CallAsync(engine, Some, "get"));
        // Once together with the others, five times alone.
        Assert.Equal(6, refusals);
        OrchestrationMetadata failed = await engine.RunAsync("Call", new EntityCall(Some, "add", 1000));

        Assert.Equal("UnstorableOperation", failed.FailureDetails!.InnerFailure!.ErrorType);
        Assert.Contains("Operation 'add' of entity '@counter@some' is not tried again", failed.FailureDetails.InnerFailure.ErrorMessage,
            StringComparison.Ordinal);
        Assert.Contains("5 times, EncoderFallbackException: half  pair", failed.FailureDetails.InnerFailure.ErrorMessage,
            StringComparison.Ordinal);
        Assert.Equal(2, await CallAsync(engine, Some, "get"));
    }

    [Fact]
    public async Task A_lock_that_can_never_be_granted_fails_its_request_and_leaves_the_entity_to_others()
    {
        ITaskHub hub = CreateHub(NewStore());
        await using var connected = hub as IAsyncDisposable;
        await using EngineHost engine = await StartAsync(
            tasks => tasks.AddOrchestratorFunc<string>("Locks", async context =>
            {
                try
                {
                    await using (await context.Entities.LockEntitiesAsync(Some, new EntityInstanceId("Counter", "unwilling")))
                    {
                        return "locked";
                    }
                }
                catch (EntityOperationFailedException refused)
                {
                    // It is in no critical section any more, and may enter another one; then it stays, and holds nobody up.
                    await (await context.Entities.LockEntitiesAsync(Some)).DisposeAsync();
                    context.SetCustomStatus("refused");
                    await context.WaitForExternalEvent<string>("go");
                    return refused.FailureDetails.ErrorType;
                }
            }),
            HubProxy.AroundEntities(hub, (method, arguments) =>
                method == nameof(IEntityHub.CommitAsync)
                && arguments[0] is EntityCommit { EntityMessages: [{ Message.IsLockRequest: true }] }
                    ? Task.FromException(new EncoderFallbackException("no such entity"))
                    : null));

        string id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Locks");
        await WaitForStatusAsync(engine, id, "refused");
        Assert.Equal(1, await CallAsync(engine, Some, "add", 1));
        await engine.Client.RaiseEventAsync(id, "go");
        Assert.Equal("UnstorableOperation", (await engine.WaitAsync(id)).ReadOutputAs<string>());
    }

    /// <summary>A hub whose text of these operations is another one.</summary>
    private static ITaskHub Reading(ITaskHub hub, string operation, Func<EntityMessage, string> stored) =>
        HubProxy.AroundEntities(hub, (method, arguments) => method == nameof(IEntityHub.LockAsync)
            ? ReadAsync(hub.Entities.LockAsync((LockRequest)arguments[0]!), operation, stored)
            : null);

    private static async Task<IReadOnlyList<EntityWorkItem>> ReadAsync(
        Task<IReadOnlyList<EntityWorkItem>> locked, string operation, Func<EntityMessage, string> stored) =>
        [.. (await locked).Select(item => item with
        {
            Messages = [.. item.Messages.Select(message => message.Message.Operation == operation
                ? EntityInboxMessage.Read(message.Id, stored(message.Message))
                : message)],
        })];

    /// <summary>A hub that refuses states of a thousand and more, as a database refuses half of a surrogate pair.</summary>
    private static ITaskHub Refusing(ITaskHub hub, Action refused) => HubProxy.AroundEntities(hub, (method, arguments) =>
    {
        if (method != nameof(IEntityHub.CommitAsync) || arguments[0] is not EntityCommit { State.Length: > 3 })
        {
            return null;
        }

        refused();
        return Task.FromException(new EncoderFallbackException("half \ud800 pair"));
    });

    private static Task SignalAsync(ITaskHub hub, string operation, string? input = null) =>
        hub.Entities.SignalAsync(new OutgoingEntityMessage(
            Some.ToString(), new EntityMessage { Operation = operation, Input = input, IsSignal = true }));
}

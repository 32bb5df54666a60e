namespace Heal.DurableTask.Hubs.Tests;

public abstract partial class TaskHubConformance
{
    private static readonly ExecutionRewoundEvent Rewound = new(-1, "repaired");

    private Task<string> FailedAsync(string? id = null) => StartedAsync(
        turn => turn with { Status = OrchestrationStatus.Failed, Failure = new FailureDetails("Some.Exception", "it broke") }, id);

    [Fact]
    public async Task A_rewind_sets_a_failed_instance_running_and_hands_it_out()
    {
        var id = await FailedAsync();

        Assert.True(await Hub.SendMessageAsync(id, Rewound));

        var state = await StateAsync(id);
        Assert.Equal((OrchestrationStatus.Running, null, null), (state.Status, state.Failure, state.CompletedAt));
        var item = await NextAsync();
        Assert.Equal((id, 1), (item.Instance.InstanceId, item.HistoryCount));
        Assert.Equal("repaired", Assert.IsType<ExecutionRewoundEvent>(Assert.Single(item.Messages).Event).Reason);
    }

    [Theory]
    [InlineData(OrchestrationStatus.Running)]
    [InlineData(OrchestrationStatus.Completed)]
    [InlineData(OrchestrationStatus.Terminated)]
    public async Task Only_a_failed_instance_is_rewound(OrchestrationStatus status)
    {
        var id = await StartedAsync(turn => turn with { Status = status });

        Assert.False(await Hub.SendMessageAsync(id, Rewound));
        Assert.False(await Hub.SendMessageAsync("nobody", Rewound));

        Assert.Equal(status, (await StateAsync(id)).Status);
        Assert.Empty(await AllReadyAsync());
    }

    [Fact]
    public async Task A_turn_may_put_a_new_history_in_the_place_of_the_old()
    {
        var id = await StartedAsync(turn => turn with { NewHistory = [.. turn.NewHistory, Some.Event("a"), Some.Event("b")] });
        await Hub.SendMessageAsync(id, Some.Event("c"));
        var item = await NextAsync();

        await Hub.CommitTurnAsync(Some.Turn(item) with { ReplacesHistory = true, NewHistory = [Some.Event("kept"), Some.Event("c")] });

        Assert.Equal(["kept", "c"], (await Hub.GetHistoryAsync(id))!.Cast<EventRaisedEvent>().Select(entry => entry.Name));
        await Hub.SendMessageAsync(id, Some.Event("d"));
        item = await NextAsync();
        Assert.Equal(2, item.HistoryCount);
        await Hub.CommitTurnAsync(Some.Turn(item));
        Assert.Equal(["kept", "c", "d"], (await Hub.GetHistoryAsync(id))!.Cast<EventRaisedEvent>().Select(entry => entry.Name));
    }

    [Fact]
    public async Task A_turn_rewinds_failed_children_and_hears_of_those_that_have_not_failed()
    {
        var failed = await FailedAsync();
        var ended = await StartedAsync(turn => turn with { Status = OrchestrationStatus.Completed });
        var parent = await StartedAsync(turn => turn with
        {
            RewoundChildren = [Child(failed, 1), Child(ended, 2), Child("gone", 3)],
        });

        var ready = (await AllReadyAsync()).ToDictionary(item => item.Instance.InstanceId, StringComparer.Ordinal);

        Assert.Equal(new[] { failed, parent }.Order(), ready.Keys.Order());
        Assert.IsType<ExecutionRewoundEvent>(Assert.Single(ready[failed].Messages).Event);
        Assert.Equal(
            [2, 3], ready[parent].Messages.Select(message => ((SubOrchestrationInstanceFailedEvent)message.Event).TaskScheduledId));

        static RewoundChild Child(string id, int task) => new(
            id, Rewound, HubErrors.SubOrchestrationNotRewound(new SubOrchestrationInstanceCreatedEvent(task), DateTime.UtcNow));
    }

    [Fact]
    public async Task Ended_instances_are_listed_in_the_order_in_which_they_ended()
    {
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            ids.Insert(0, Some.Id());
            await Hub.CreateInstanceAsync(Some.Instance(ids[0], startAt: DateTime.UtcNow.AddHours(1)), []);
        }

        await StartedAsync();
        var statuses = new Queue<OrchestrationStatus>(
            [OrchestrationStatus.Completed, OrchestrationStatus.Failed, OrchestrationStatus.Completed]);
        foreach (var id in ids)
        {
            // A termination brings the scheduled start forward: the instances end in the opposite order of their creation.
            await Hub.SendMessageAsync(id, new ExecutionTerminatedEvent(-1, null));
            await CommitNextAsync(turn => turn with { Status = statuses.Dequeue() });
        }

        var all = new InstanceQuery(ByCompletion: true, PageSize: 2);
        var first = await Hub.QueryInstancesAsync(all);
        var second = await Hub.QueryInstancesAsync(all with { ContinuationToken = first.ContinuationToken });
        var from = first.Instances[1].CompletedAt;

        Assert.Equal(ids, first.Instances.Concat(second.Instances).Select(state => state.InstanceId));
        Assert.Null(second.ContinuationToken);
        Assert.Equal([ids[1]], await IdsAsync(all with { Statuses = [OrchestrationStatus.Failed] }));
        Assert.Equal(ids[1..], await IdsAsync(all with { CompletedFrom = from }));
        Assert.Equal(ids[..2], await IdsAsync(all with { CompletedTo = from }));

        async Task<IEnumerable<string>> IdsAsync(InstanceQuery query) =>
            (await Hub.QueryInstancesAsync(query)).Instances.Select(state => state.InstanceId);
    }
}

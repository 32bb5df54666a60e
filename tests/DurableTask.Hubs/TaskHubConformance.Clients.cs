using DurableTask.Core.Exceptions;

namespace Heal.DurableTask.Hubs.Tests;

public abstract partial class TaskHubConformance
{
    [Fact]
    public async Task A_new_instance_is_pending_and_carries_what_it_was_created_with()
    {
        var parent = new OrchestrationInstance { InstanceId = "parent", ExecutionId = Some.Id() };
        var created = Some.Instance(parent: parent);
        await Hub.CreateInstanceAsync(created, []);

        var state = await StateAsync(created.InstanceId);
        Assert.Equal(created.ExecutionId, state.ExecutionId);
        Assert.Equal(OrchestrationStatus.Pending, state.Status);
        Assert.Equal(("Order", "1.0", "\"input\"", "parent"), (state.Name, state.Version, state.Input, state.ParentInstanceId));
        Assert.Equal("blue", state.Tags["team"]);
        Assert.Null(state.CompletedAt);
        Assert.Empty((await Hub.GetHistoryAsync(created.InstanceId))!);
    }

    [Fact]
    public async Task A_tag_without_a_value_is_kept_and_the_others_find_their_instance()
    {
        var created = Some.Instance();
        created.Start.Tags!["empty"] = null!;
        created.Start.Tags["own"] = created.InstanceId;
        await Hub.CreateInstanceAsync(created, []);

        Assert.Null((await StateAsync(created.InstanceId)).Tags["empty"]);
        foreach (var tags in new Dictionary<string, string>[]
        {
            new(StringComparer.Ordinal) { ["own"] = created.InstanceId },
            new(StringComparer.Ordinal) { ["empty"] = null!, ["own"] = created.InstanceId },
            new(StringComparer.Ordinal) { ["empty"] = null! },
        })
        {
            var page = await Hub.QueryInstancesAsync(new InstanceQuery(Tags: tags));
            Assert.Equal(created.InstanceId, Assert.Single(page.Instances).InstanceId);
        }
    }

    [Fact]
    public async Task Payloads_are_left_out_when_they_are_not_asked_for()
    {
        var id = await StartedAsync(turn => turn with { Status = OrchestrationStatus.Completed, Output = "1", CustomStatus = "2" });
        var state = (await Hub.GetInstanceAsync(id, withPayloads: false))!;
        Assert.Equal((null, null, null), (state.Input, state.Output, state.CustomStatus));
        state = await StateAsync(id);
        Assert.Equal(("\"input\"", "1", "2"), (state.Input, state.Output, state.CustomStatus));
    }

    [Fact]
    public async Task An_unknown_instance_is_null()
    {
        Assert.Null(await Hub.GetInstanceAsync("nobody", withPayloads: true));
        Assert.Null(await Hub.GetHistoryAsync("nobody"));
    }

    [Fact]
    public async Task A_taken_id_is_refused_and_the_first_instance_stays()
    {
        var first = Some.Instance();
        await Hub.CreateInstanceAsync(first, Some.Ended);
        var error = await Assert.ThrowsAsync<OrchestrationAlreadyExistsException>(
            () => Hub.CreateInstanceAsync(Some.Instance(first.InstanceId), Some.Ended));
        Assert.Contains(first.InstanceId, error.Message);
        Assert.Contains("Pending", error.Message);
        Assert.Equal(first.ExecutionId, (await StateAsync(first.InstanceId)).ExecutionId);
    }

    [Fact]
    public async Task Instances_for_now_and_for_later_may_be_created_at_the_same_moment()
    {
        var later = DateTime.UtcNow.AddHours(1);
        var created = Enumerable.Range(0, 40).Select(i => Some.Instance(startAt: i % 2 == 0 ? null : later)).ToArray();
        await Task.WhenAll(created.Select(instance => Hub.CreateInstanceAsync(instance, [])));

        var ready = await AllReadyAsync();
        Assert.Equal(
            created.Where(instance => instance.Start.ScheduledStartTime is null).Select(instance => instance.InstanceId).Order(),
            ready.Select(item => item.Instance.InstanceId).Order());
    }

    [Fact]
    public async Task Of_many_creations_at_once_one_wins()
    {
        var id = Some.Id();
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            try
            {
                await Hub.CreateInstanceAsync(Some.Instance(id), Some.Ended);
                return 1;
            }
            catch (OrchestrationAlreadyExistsException)
            {
                return 0;
            }
        }));
        Assert.Equal(1, results.Sum());
        Assert.Single((await NextAsync()).Messages);
    }

    [Fact]
    public async Task An_ended_instance_is_replaced_history_and_all()
    {
        var failure = new FailureDetails("E", "m");
        var id = await StartedAsync(turn => turn with { Status = OrchestrationStatus.Failed, Output = "1", Failure = failure });
        var second = Some.Instance(id, name: "Second");
        await Hub.CreateInstanceAsync(second, Some.Ended);

        var state = await StateAsync(id);
        Assert.Equal(("Second", OrchestrationStatus.Pending, second.ExecutionId), (state.Name, state.Status, state.ExecutionId));
        Assert.Equal((null, null, null), (state.Output, state.Failure, state.CompletedAt));
        Assert.Empty((await Hub.GetHistoryAsync(id))!);
        Assert.Equal(["ExecutionStarted"], Some.Names(await NextAsync()));
    }

    [Fact]
    public async Task A_running_instance_can_be_replaced_and_its_worker_can_not_commit()
    {
        var id = Some.Id();
        await Hub.CreateInstanceAsync(Some.Instance(id), []);
        await Hub.SendMessageAsync(id, Some.Event("old"));
        var held = await NextAsync();
        var second = Some.Instance(id);
        await Hub.CreateInstanceAsync(second, [OrchestrationStatus.Pending]);

        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.CommitTurnAsync(Some.Turn(held)));
        var next = await NextAsync();
        Assert.Equal(second.ExecutionId, next.Instance.ExecutionId);
        Assert.Equal(["ExecutionStarted"], Some.Names(next));
    }

    [Fact]
    public async Task A_message_to_nobody_or_to_an_ended_instance_is_dropped()
    {
        Assert.False(await Hub.SendMessageAsync("nobody", Some.Event("x")));
        var id = await StartedAsync(turn => turn with { Status = OrchestrationStatus.Completed });
        Assert.False(await Hub.SendMessageAsync(id, Some.Event("x")));
        Assert.Empty(await AllReadyAsync());
    }

    [Fact]
    public async Task Messages_sent_before_the_first_turn_are_kept_in_order()
    {
        var created = Some.Instance();
        await Hub.CreateInstanceAsync(created, []);
        Assert.True(await Hub.SendMessageAsync(created.InstanceId, Some.Event("a")));
        Assert.True(await Hub.SendMessageAsync(created.InstanceId, Some.Event("b")));
        Assert.Equal(["ExecutionStarted", "a", "b"], Some.Names(await NextAsync()));
    }

    [Fact]
    public async Task A_scheduled_start_waits_for_its_time_and_holds_earlier_messages_back()
    {
        var startAt = DateTime.UtcNow.AddSeconds(3);
        var created = Some.Instance(startAt: startAt);
        await Hub.CreateInstanceAsync(created, []);
        Assert.True(await Hub.SendMessageAsync(created.InstanceId, Some.Event("early")));
        Assert.Empty(await AllReadyAsync());

        var item = await NextAsync();
        Assert.Equal(["ExecutionStarted", "early"], Some.Names(item));
        Assert.True(DateTime.UtcNow >= startAt.AddMilliseconds(-50), "the instance started before its time");
    }

    [Fact]
    public async Task A_termination_does_not_wait_for_a_scheduled_start()
    {
        var created = Some.Instance(startAt: DateTime.UtcNow.AddHours(1));
        await Hub.CreateInstanceAsync(created, []);
        Assert.True(await Hub.SendMessageAsync(created.InstanceId, new ExecutionTerminatedEvent(-1, null)));
        Assert.Equal(["ExecutionStarted", "ExecutionTerminated"], Some.Names(await NextAsync()));
    }

    [Fact]
    public async Task A_query_pages_through_all_instances_once_oldest_first()
    {
        var ids = new List<string>();
        for (var i = 0; i < 7; i++)
        {
            ids.Add(Some.Id());
            await Hub.CreateInstanceAsync(Some.Instance(ids[i]), []);
        }

        var found = new List<string>();
        string? token = null;
        do
        {
            var page = await Hub.QueryInstancesAsync(new InstanceQuery(PageSize: 3, ContinuationToken: token));
            Assert.InRange(page.Instances.Count, 1, 3);
            found.AddRange(page.Instances.Select(instance => instance.InstanceId));
            token = page.ContinuationToken;
        }
        while (token is not null);

        Assert.Equal(ids, found);
    }

    [Fact]
    public async Task A_query_filters_by_every_condition()
    {
        var parent = new OrchestrationInstance { InstanceId = "p%_", ExecutionId = Some.Id() };
        var before = await StartedAsync(turn => turn with { Status = OrchestrationStatus.Completed }, "a%1");
        await Hub.CreateInstanceAsync(Some.Instance("ax2", name: "Other"), []);
        await Hub.CreateInstanceAsync(Some.Instance("b3", parent: parent), []);
        var borders = ((await StateAsync(before)).CreatedAt, (await StateAsync("b3")).CreatedAt);

        async Task<string> Found(InstanceQuery query) =>
            string.Join(' ', (await Hub.QueryInstancesAsync(query)).Instances.Select(instance => instance.InstanceId));

        Assert.Equal("a%1", await Found(new InstanceQuery(Statuses: [OrchestrationStatus.Completed])));
        Assert.Equal("a%1", await Found(new InstanceQuery(InstanceIdPrefix: "a%")));
        Assert.Equal("ax2", await Found(new InstanceQuery(Name: "other")));
        Assert.Equal("b3", await Found(new InstanceQuery(ParentInstanceId: "p%_")));
        Assert.Equal("a%1", await Found(new InstanceQuery(CreatedTo: borders.Item1)));
        Assert.Equal("b3", await Found(new InstanceQuery(CreatedFrom: borders.Item2)));
        Assert.Equal("a%1 ax2 b3", await Found(new InstanceQuery(CreatedFrom: borders.Item1, CreatedTo: borders.Item2)));
        Assert.Equal("", await Found(new InstanceQuery(Statuses: [])));
    }

    [Fact]
    public async Task A_foreign_continuation_token_is_refused() =>
        await Assert.ThrowsAsync<ArgumentException>(() => Hub.QueryInstancesAsync(new InstanceQuery(ContinuationToken: "gibberish")));

    [Fact]
    public async Task A_purge_removes_ended_instances_and_leaves_the_others_alone()
    {
        var ended = await StartedAsync(turn => turn with { Status = OrchestrationStatus.Terminated });
        var running = await StartedAsync();
        Assert.Equal(1, await Hub.PurgeInstancesAsync([ended, running, "nobody", ended]));
        Assert.Null(await Hub.GetInstanceAsync(ended, withPayloads: false));
        Assert.Null(await Hub.GetHistoryAsync(ended));
        Assert.Equal(OrchestrationStatus.Running, (await StateAsync(running)).Status);
        await Hub.CreateInstanceAsync(Some.Instance(ended), []);
    }
}

namespace Heal.DurableTask.Hubs.Tests;

public abstract partial class TaskHubConformance
{
    private const string Entity = "@counter@one";

    [Fact]
    public async Task A_message_to_an_entity_is_handed_out_to_one_worker()
    {
        await Hub.Entities.SignalAsync(Signal("add"));
        var item = await NextEntityAsync();
        Assert.Equal((Entity, null, null), (item.Lock.EntityId, item.State, item.Holder));
        Assert.Equal(["add"], Operations(item));
        Assert.Empty(await OtherHub.Entities.LockAsync(By("w2")));
    }

    [Theory]
    [InlineData("Counter", true)]
    [InlineData("Count", false)]
    public async Task A_filter_lets_entities_pass_by_name(string name, bool passes)
    {
        await Hub.Entities.SignalAsync(Signal("add"));

        Assert.Equal(passes ? 1 : 0, (await Hub.Entities.LockAsync(By("w1") with { Only = [new WorkFilter(name)] })).Count);
    }

    [Fact]
    public async Task A_committed_batch_keeps_the_state_and_consumes_what_it_names()
    {
        await Hub.Entities.SignalAsync(Signal("one"));
        await Hub.Entities.SignalAsync(Signal("two"));
        var item = await NextEntityAsync();
        await Hub.Entities.CommitAsync(Batch(item) with { State = "7", ConsumedMessages = [item.Messages[0].Id] });
        var next = await NextEntityAsync("w2", OtherHub);
        Assert.Equal("7", next.State);
        Assert.Equal(["two"], Operations(next));
    }

    [Fact]
    public async Task Messages_come_in_the_order_of_their_storing_and_scheduled_ones_at_their_time()
    {
        await Hub.Entities.SignalAsync(Signal("later", DateTime.UtcNow.AddHours(1)));
        for (var i = 0; i < 5; i++)
        {
            await (i % 2 == 0 ? Hub : OtherHub).Entities.SignalAsync(Signal($"{i}"));
        }

        Assert.Equal(["0", "1", "2", "3", "4"], Operations(await NextEntityAsync()));
    }

    [Fact]
    public async Task A_turn_may_send_messages_for_now_and_for_later()
    {
        await StartedAsync(turn => turn with
        {
            EntityMessages = [Signal("now"), Signal("later", DateTime.UtcNow.AddHours(1)), Signal("too")],
        });

        Assert.Equal(["now", "too"], Operations(await NextEntityAsync()));
    }

    [Fact]
    public async Task A_scheduled_message_wakes_its_entity()
    {
        await Hub.Entities.SignalAsync(Signal("soon", DateTime.UtcNow.AddMilliseconds(300)));
        Assert.Equal(["soon"], Operations(await NextEntityAsync()));
    }

    [Fact]
    public async Task When_a_batch_s_lease_ends_it_is_delivered_again_and_the_first_commit_is_refused()
    {
        await Hub.Entities.SignalAsync(Signal("add"));
        var first = await NextEntityAsync("w1", lease: Instant);
        var second = await NextEntityAsync("w2", OtherHub);
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.Entities.CommitAsync(Batch(first) with { State = "1" }));
        Assert.Equal([first.Lock], await Hub.Entities.RenewAsync([first.Lock], Some.Lease));
        Assert.Empty(await OtherHub.Entities.RenewAsync([second.Lock], Some.Lease));
        await OtherHub.Entities.CommitAsync(Batch(second) with { State = "2" });
        Assert.Equal("2", (await Hub.Entities.GetAsync(Entity, withState: true))!.State);
    }

    [Fact]
    public async Task An_abandoned_batch_comes_again()
    {
        await Hub.Entities.SignalAsync(Signal("add"));
        var first = await NextEntityAsync();
        await Hub.Entities.AbandonAsync(first.Lock, TimeSpan.FromMilliseconds(200));
        Assert.Equal(["add"], Operations(await NextEntityAsync()));
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.Entities.CommitAsync(Batch(first)));
    }

    [Fact]
    public async Task A_batch_that_cannot_be_committed_fails_none_of_those_that_are_committed_with_it()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Hub.Entities.SignalAsync(Signal("add", entity: $"@counter@{i}"))));
        var items = await Hub.Entities.LockAsync(By("w1", 20));
        var stale = items[7] with { Lock = items[7].Lock with { Fence = 99 } };
        var commits = items.Select(item => Hub.Entities.CommitAsync(Batch(item == items[7] ? stale : item) with { State = "1" })).ToArray();
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => commits[7]);
        await Task.WhenAll(commits.Where(commit => commit != commits[7]));
        Assert.Equal(19, (await Hub.Entities.QueryAsync(new EntityRecordQuery())).Entities.Count);
    }

    [Fact]
    public async Task Parked_messages_come_back_in_their_order_when_the_critical_section_ends()
    {
        var holder = new EntityLockHolder("orchestration", "execution");
        await Hub.Entities.SignalAsync(Signal("a"));
        await Hub.Entities.SignalAsync(Signal("b"));
        var item = await NextEntityAsync();
        await Hub.Entities.CommitAsync(Batch(item) with
        {
            Holder = holder,
            ConsumedMessages = [],
            ParkedMessages = [.. item.Messages.Select(message => message.Id)],
        });
        Assert.Empty(await Hub.Entities.LockAsync(By("w1")));
        Assert.Equal((2, "orchestration"), await SeenAsync());

        await Hub.Entities.SignalAsync(Signal("c"));
        item = await NextEntityAsync();
        Assert.Equal(holder, item.Holder);
        Assert.Equal(["c"], Operations(item));
        await Hub.Entities.CommitAsync(Batch(item) with { ConsumedMessages = [], ReturnParked = true });
        Assert.Equal(["a", "b", "c"], Operations(await NextEntityAsync("w2", OtherHub)));

        async Task<(int, string?)> SeenAsync()
        {
            var seen = (await Hub.Entities.GetAsync(Entity, withState: true))!;
            return (seen.Backlog, seen.LockedBy);
        }
    }

    [Fact]
    public async Task A_batch_answers_signals_and_starts_in_one_commit()
    {
        var caller = await StartedAsync();
        var execution = (await StateAsync(caller)).ExecutionId;
        var taken = await StartedAsync();
        var ended = await StartedAsync(turn => turn with { Status = OrchestrationStatus.Completed, Output = "1" });
        var fresh = Some.Id();
        await Hub.Entities.SignalAsync(Signal("add"));
        var item = await NextEntityAsync();
        await Hub.Entities.CommitAsync(Batch(item) with
        {
            Messages =
            [
                new OutgoingMessage(caller, execution, Some.Event("answer")),
                new OutgoingMessage(caller, "an older execution", Some.Event("too late")),
                new OutgoingMessage("nobody", "execution", Some.Event("to nobody")),
            ],
            EntityMessages = [Signal("next", entity: "@counter@two"), Signal("again")],
            Orchestrations = [Some.Instance(fresh), Some.Instance(taken), Some.Instance(ended)],
        });

        var ready = (await AllReadyAsync()).ToDictionary(one => one.Instance.InstanceId, Some.Names, StringComparer.Ordinal);
        Assert.Equal(["answer"], ready[caller]);
        Assert.Equal(["ExecutionStarted"], ready[fresh]);
        Assert.Equal(["ExecutionStarted"], ready[ended]);
        Assert.False(ready.ContainsKey(taken));
        Assert.Equal(["@counter@one", "@counter@two"],
            (await Hub.Entities.LockAsync(By("w1"))).Select(one => one.Lock.EntityId).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_turn_s_messages_to_entities_are_stored_with_it()
    {
        await Hub.CreateInstanceAsync(Some.Instance(), []);
        var item = await NextAsync();
        var turn = Some.Turn(item) with { EntityMessages = [Signal("one"), Signal("two")] };
        await Hub.CommitTurnAsync(turn);
        await Assert.ThrowsAsync<WorkItemLockLostException>(() => Hub.CommitTurnAsync(turn));
        Assert.Equal(["one", "two"], Operations(await NextEntityAsync("w2", OtherHub)));
    }

    [Fact]
    public async Task Only_entities_that_hold_nothing_are_removed()
    {
        foreach (var (key, state) in new[] { ("empty", null), ("full", "1"), ("busy", null), ("waiting", (string?)null) })
        {
            await Hub.Entities.SignalAsync(Signal("add", entity: $"@counter@{key}"));
            var item = await NextEntityAsync();
            await Hub.Entities.CommitAsync(Batch(item) with { State = state });
        }

        await Hub.Entities.SignalAsync(Signal("add", entity: "@counter@busy"));
        await NextEntityAsync();
        await Hub.Entities.SignalAsync(Signal("later", DateTime.UtcNow.AddHours(1), "@counter@waiting"));

        var removed = 0;
        string? token = null;
        do
        {
            var step = await Hub.Entities.RemoveEmptyAsync(token, 2);
            removed += step.Removed;
            token = step.ContinuationToken;
        }
        while (token is not null);

        Assert.Equal(1, removed);
        Assert.Equal(["@counter@busy", "@counter@full", "@counter@waiting"],
            (await Hub.Entities.QueryAsync(new EntityRecordQuery(WithStateless: true))).Entities.Select(one => one.EntityId));
    }

    [Fact]
    public async Task A_removed_entity_comes_back_with_its_next_message()
    {
        await Hub.Entities.SignalAsync(Signal("add"));
        await Hub.Entities.CommitAsync(Batch(await NextEntityAsync()));
        Assert.Equal(1, (await Hub.Entities.RemoveEmptyAsync(null, 10)).Removed);
        await OtherHub.Entities.SignalAsync(Signal("again"));
        Assert.Equal(["again"], Operations(await NextEntityAsync()));
    }

    [Fact]
    public async Task An_entity_is_removed_with_all_it_has_unless_somebody_has_it_or_it_has_work()
    {
        Assert.False(await Hub.Entities.RemoveAsync(Entity));
        await Hub.Entities.SignalAsync(Signal("add"));
        var item = await NextEntityAsync();
        Assert.False(await Hub.Entities.RemoveAsync(Entity));
        await Hub.Entities.CommitAsync(Batch(item) with { State = "1", Holder = new EntityLockHolder("holder", "execution") });
        Assert.False(await Hub.Entities.RemoveAsync(Entity));
        await Hub.Entities.SignalAsync(Signal("release"));
        await Hub.Entities.CommitAsync(Batch(await NextEntityAsync()) with { Holder = null });
        await Hub.Entities.SignalAsync(Signal("work"));
        Assert.False(await Hub.Entities.RemoveAsync(Entity));
        await Hub.Entities.CommitAsync(Batch(await NextEntityAsync()));
        await Hub.Entities.SignalAsync(Signal("later", DateTime.UtcNow.AddHours(1)));

        Assert.True(await OtherHub.Entities.RemoveAsync(Entity));

        Assert.Null(await Hub.Entities.GetAsync(Entity, withState: true));
        Assert.False(await Hub.Entities.RemoveAsync(Entity));
        await Hub.Entities.SignalAsync(Signal("again"));
        var next = await NextEntityAsync();
        Assert.Null(next.State);
        Assert.Equal(["again"], Operations(next));
    }

    [Fact]
    public async Task Orphaned_are_the_locks_of_executions_that_do_not_run_any_more()
    {
        var running = await StartedAsync();
        var execution = (await StateAsync(running)).ExecutionId;
        foreach (var (key, holder) in new[] { ("live", execution), ("stale", "an older execution") })
        {
            await Hub.Entities.SignalAsync(Signal("add", entity: $"@counter@{key}"));
            var item = await NextEntityAsync();
            await Hub.Entities.CommitAsync(Batch(item) with
            {
                Holder = new EntityLockHolder(running, holder),
                ConsumedMessages = [],
                ParkedMessages = [.. item.Messages.Select(message => message.Id)],
            });
        }

        Assert.Equal(1, await Hub.Entities.ReleaseOrphanedLocksAsync(10));
        var freed = await NextEntityAsync("w2", OtherHub);
        Assert.Equal(("@counter@stale", null), (freed.Lock.EntityId, freed.Holder));
        Assert.Equal(running, (await Hub.Entities.GetAsync("@counter@live", withState: false))!.LockedBy);
        Assert.Equal(0, await Hub.Entities.ReleaseOrphanedLocksAsync(10));
    }

    [Fact]
    public async Task A_worker_finds_the_entities_that_it_holds_and_can_give_them_back()
    {
        await Hub.Entities.SignalAsync(Signal("one"));
        var lost = await NextEntityAsync("w1", lease: Instant);
        var taken = await NextEntityAsync("w2");
        await Hub.Entities.SignalAsync(Signal("two", entity: "@counter@two"));
        var held = await NextEntityAsync("w1");

        Assert.Equal(lost.Lock.EntityId, taken.Lock.EntityId);
        Assert.Equal([held.Lock], await OtherHub.Entities.FindLocksAsync("w1"));
        Assert.Equal([taken.Lock], await OtherHub.Entities.FindLocksAsync("w2"));

        await OtherHub.Entities.AbandonAsync(held.Lock, TimeSpan.Zero);
        Assert.Empty(await Hub.Entities.FindLocksAsync("w1"));
        Assert.Equal(held.Lock.EntityId, (await NextEntityAsync("w3")).Lock.EntityId);
    }

    private static OutgoingEntityMessage Signal(string operation, DateTime? dueAt = null, string entity = Entity) =>
        new(entity, new EntityMessage { Operation = operation, IsSignal = true, Input = "1", DueAt = dueAt });

    private static EntityCommit Batch(EntityWorkItem item) => new()
    {
        Lock = item.Lock,
        State = item.State,
        IsModified = true,
        Holder = item.Holder,
        ConsumedMessages = [.. item.Messages.Select(message => message.Id)],
    };

    private static IEnumerable<string?> Operations(EntityWorkItem item) => item.Messages.Select(message => message.Message.Operation);

    private async Task<EntityWorkItem> NextEntityAsync(string worker = "w1", ITaskHub? hub = null, TimeSpan? lease = null)
    {
        hub ??= Hub;
        while (true)
        {
            if (await hub.Entities.LockAsync(By(worker, 1, lease), Deadline) is [var item])
            {
                return item;
            }

            await hub.WaitForWorkAsync(WorkKind.Entity, Deadline);
        }
    }
}

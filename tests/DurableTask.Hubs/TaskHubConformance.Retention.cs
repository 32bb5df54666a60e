namespace Heal.DurableTask.Hubs.Tests;

public abstract partial class TaskHubConformance
{
    private static readonly Dictionary<OrchestrationStatus, TimeSpan> CompletedGoAtOnce = new()
    {
        [OrchestrationStatus.Completed] = TimeSpan.Zero,
        [OrchestrationStatus.Failed] = TimeSpan.FromDays(1),
    };

    [Fact]
    public async Task Only_ended_instances_whose_time_is_over_expire()
    {
        var running = await StartedAsync();
        var completed = await EndedAsync(OrchestrationStatus.Completed);
        var failed = await EndedAsync(OrchestrationStatus.Failed);
        var terminated = await EndedAsync(OrchestrationStatus.Terminated);

        Assert.Equal(1, await ExpireAsync());

        Assert.Null(await Hub.GetInstanceAsync(completed, withPayloads: false));
        Assert.Null(await Hub.GetHistoryAsync(completed));
        Assert.All([running, failed, terminated], id => Assert.NotNull(StateAsync(id).Result));
    }

    [Fact]
    public async Task Expiry_looks_at_a_few_at_a_time_and_goes_on_where_it_stopped()
    {
        for (var i = 0; i < 3; i++)
        {
            await EndedAsync(OrchestrationStatus.Failed);
            await EndedAsync(OrchestrationStatus.Completed);
        }

        var rounds = new List<ExpiryRound>();
        for (var i = 0; i < 4; i++)
        {
            rounds.Add(await Hub.PurgeExpiredAsync(CompletedGoAtOnce, 2));
        }

        Assert.Equal([new(1, false), new(1, false), new(1, false), new(0, true)], rounds);
    }

    [Fact]
    public async Task A_child_stays_with_its_parent_and_goes_after_it()
    {
        var (parent, child) = await ParentWithEndedChildAsync();
        Assert.Equal(0, await ExpireAsync());

        await Hub.SendMessageAsync(parent, Some.Event("end"));
        await CommitNextAsync(turn => turn with { Status = OrchestrationStatus.Completed });
        await ExpireAsync();
        await ExpireAsync();
        Assert.Null(await Hub.GetInstanceAsync(child, withPayloads: false));
    }

    [Fact]
    public async Task A_child_of_an_earlier_execution_of_a_running_parent_expires()
    {
        var (parent, child) = await ParentWithEndedChildAsync();
        await Hub.SendMessageAsync(parent, Some.Event("again"));
        await CommitNextAsync(turn => turn with { ContinueAs = Some.Instance(parent).Start });

        Assert.Equal(1, await ExpireAsync());

        Assert.Null(await Hub.GetInstanceAsync(child, withPayloads: false));
        Assert.NotNull(await Hub.GetInstanceAsync(parent, withPayloads: false));
    }

    private async Task<(string Parent, string Child)> ParentWithEndedChildAsync()
    {
        var child = Some.Id();
        var parent = await StartedAsync(turn => turn with
        {
            NewHistory = [.. turn.NewHistory, new SubOrchestrationInstanceCreatedEvent(0) { InstanceId = child, Name = "Child" }],
            SubOrchestrations =
            [
                Some.Instance(child, parent: new OrchestrationInstance
                {
                    InstanceId = turn.Lock.InstanceId,
                    ExecutionId = turn.ExecutionId,
                }),
            ],
        });
        await CommitNextAsync(turn => turn with { Status = OrchestrationStatus.Completed });
        return (parent, child);
    }

    private async Task<string> EndedAsync(OrchestrationStatus status, NewInstance? instance = null)
    {
        instance ??= Some.Instance();
        await Hub.CreateInstanceAsync(instance, []);
        await CommitNextAsync(turn => turn with { Status = status });
        return instance.InstanceId;
    }

    private async Task<int> ExpireAsync()
    {
        var round = await Hub.PurgeExpiredAsync(CompletedGoAtOnce, 100);
        Assert.True(round.IsLast);
        return round.Purged;
    }
}

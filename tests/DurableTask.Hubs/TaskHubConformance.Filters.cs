namespace Heal.DurableTask.Hubs.Tests;

public abstract partial class TaskHubConformance
{
    private const int MoreThanATurn = 1001;

    [Theory]
    [InlineData("Order", null, true)]
    [InlineData("oRDER", null, true)]
    [InlineData("Order", "1.0", true)]
    [InlineData("Order", "2.0", false)]
    [InlineData("Order", "", false)]
    [InlineData("Other", null, false)]
    public async Task A_filter_lets_orchestrations_pass_by_name_and_version(string name, string? version, bool passes)
    {
        await Hub.CreateInstanceAsync(Some.Instance(name: "Order"), []);

        var locked = await Hub.LockOrchestrationsAsync(By("w1") with { Only = [Filter(name, version)] });

        Assert.Equal(passes ? 1 : 0, locked.Count);
    }

    [Theory]
    [InlineData("Charge", null, true)]
    [InlineData("cHARGE", "", true)]
    [InlineData("Charge", "1.0", false)]
    [InlineData("Other", null, false)]
    public async Task A_filter_lets_activities_pass_by_name_and_version(string name, string? version, bool passes)
    {
        await StartedAsync(turn => turn with { Activities = [Some.Task(0, "Charge")] });

        var locked = await Hub.LockActivitiesAsync(By("w1") with { Only = [Filter(name, version)] });

        Assert.Equal(passes ? 1 : 0, locked.Count);
    }

    [Fact]
    public async Task Each_of_several_filters_lets_its_own_work_pass()
    {
        await StartedAsync(turn => turn with { Activities = [Some.Task(0, "A"), Some.Task(1, "B"), Some.Task(2, "C")] });

        var locked = await Hub.LockActivitiesAsync(By("w1") with { Only = [Filter("C", null), new WorkFilter("A", ["2", ""])] });

        Assert.Equal(["A", "C"], locked.Select(item => item.Task.Name));
    }

    [Fact]
    public async Task A_filter_without_entries_lets_nothing_pass()
    {
        await StartedAsync(turn => turn with { Activities = [Some.Task(0)] });
        await Hub.CreateInstanceAsync(Some.Instance(), []);

        Assert.Empty(await Hub.LockActivitiesAsync(By("w1") with { Only = [] }));
        Assert.Empty(await Hub.LockOrchestrationsAsync(By("w1") with { Only = [] }));
    }

    [Theory]
    [InlineData(WorkKind.Orchestration)]
    [InlineData(WorkKind.Activity)]
    public async Task Due_work_that_a_filter_holds_back_does_not_end_its_waits_again_and_again(WorkKind kind)
    {
        await StartedAsync(turn => turn with { Activities = [Some.Task(0, "Mine"), Some.Task(1, "Others")] });
        await Hub.CreateInstanceAsync(Some.Instance(name: "Others"), []);
        using var brief = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        var waits = 0;
        try
        {
            while (waits < 100)
            {
                await Hub.WaitForWorkAsync(kind, [Filter("Nobody's", null)], brief.Token);
                waits++;
            }
        }
        catch (OperationCanceledException)
        {
            // The last wait found no reason to end.
        }

        Assert.True(waits < 100, "the wait for work that the filter lets pass ended again and again");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_to_be_terminated_passes_every_filter_whatever_waits_before(bool hasLimits)
    {
        var id = await StartedAsync();
        var other = await StartedAsync();
        await Task.WhenAll(Enumerable.Range(0, MoreThanATurn).Select(_ => Hub.SendMessageAsync(id, Some.Event("e"))));

        await Hub.SendMessageAsync(other, Some.Event("e"));
        var request = By("w1") with
        {
            Only = [Filter("Nobody's", null)],
            Limits = hasLimits ? new Dictionary<string, int> { ["other"] = 1 } : null,
        };
        Assert.Empty(await Hub.LockOrchestrationsAsync(request));
        await Hub.SendMessageAsync(id, new ExecutionTerminatedEvent(-1, "1"));
        await Hub.SendMessageAsync(id, new ExecutionTerminatedEvent(-1, "2"));

        var item = Assert.Single(await Hub.LockOrchestrationsAsync(request));

        var first = item.Messages.Select(message => message.Event).OfType<ExecutionTerminatedEvent>().First();
        Assert.Equal((id, "1"), (item.Instance.InstanceId, first.Input));
        await Hub.CommitTurnAsync(Some.Turn(item, OrchestrationStatus.Terminated));
        Assert.Equal(OrchestrationStatus.Terminated, (await StateAsync(id)).Status);
    }

    [Fact]
    public async Task A_wait_with_a_filter_ends_when_what_is_to_be_terminated_may_be_locked()
    {
        var id = await StartedAsync();
        await Hub.SendMessageAsync(id, new ExecutionTerminatedEvent(-1, null));
        await Hub.AbandonOrchestrationAsync((await NextAsync()).Lock, TimeSpan.FromMilliseconds(300));
        var request = By("w1") with { Only = [Filter("Nobody's", null)] };
        using var patience = new CancellationTokenSource(Soon);

        while ((await Hub.LockOrchestrationsAsync(request, patience.Token)).Count == 0)
        {
            await Hub.WaitForWorkAsync(WorkKind.Orchestration, request.Only, patience.Token);
        }
    }

    private static WorkFilter Filter(string name, string? version) => new(name, version is null ? null : [version]);
}

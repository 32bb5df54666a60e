namespace Heal.DurableTask.Hubs.Tests;

public abstract partial class TaskHubConformance
{
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

    private static WorkFilter Filter(string name, string? version) => new(name, version is null ? null : [version]);
}

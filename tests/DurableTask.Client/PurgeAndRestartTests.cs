using DurableTask.Core;
using Microsoft.DurableTask.Client;

namespace Heal.DurableTask.Client.Tests;

public class PurgeAndRestartTests : ClientFixture
{
    [Fact]
    public async Task An_ended_instance_is_purged_and_an_unknown_one_counts_zero()
    {
        Hub.Set("i", OrchestrationStatus.Completed);

        Assert.Equal(1, (await Client.PurgeInstanceAsync("i")).PurgedInstanceCount);
        Assert.Equal(0, (await Client.PurgeInstanceAsync("i")).PurgedInstanceCount);
    }

    [Fact]
    public async Task An_instance_that_runs_cannot_be_purged()
    {
        Hub.Set("i", OrchestrationStatus.Suspended);

        await Assert.ThrowsAsync<InvalidOperationException>(() => Client.PurgeInstanceAsync("i"));
        Assert.True(Hub.Has("i"));
    }

    [Fact]
    public async Task A_recursive_purge_takes_children_before_their_parents_and_leaves_running_ones()
    {
        Hub.Set("parent", OrchestrationStatus.Completed);
        Child("child", "parent", OrchestrationStatus.Completed);
        Child("grandchild", "child", OrchestrationStatus.Failed);
        Child("running", "parent", OrchestrationStatus.Running);
        var result = await Client.PurgeInstanceAsync("parent", new PurgeInstanceOptions(Recursive: true));

        Assert.Equal(3, result.PurgedInstanceCount);
        Assert.Equal(["grandchild", "child", "parent"], Hub.Purges.SelectMany(ids => ids));
        Assert.True(Hub.Has("running"));
    }

    [Fact]
    public async Task A_purge_that_is_not_recursive_leaves_the_children()
    {
        Hub.Set("parent", OrchestrationStatus.Completed);
        Child("child", "parent", OrchestrationStatus.Completed);
        await Client.PurgeInstanceAsync("parent");

        Assert.True(Hub.Has("child"));
    }

    [Fact]
    public async Task A_filter_purges_only_what_has_ended()
    {
        Hub.Set("a", OrchestrationStatus.Completed);
        Hub.Set("b", OrchestrationStatus.Running);
        Hub.Set("c", OrchestrationStatus.Failed);
        var running = await Client.PurgeAllInstancesAsync(new PurgeInstancesFilter(Statuses: [OrchestrationRuntimeStatus.Running]));
        var all = await Client.PurgeInstancesAsync(createdFrom: null, createdTo: null);

        Assert.Equal(0, running.PurgedInstanceCount);
        Assert.Equal((2, true), (all.PurgedInstanceCount, all.IsComplete));
    }

    [Fact]
    public async Task A_purge_that_runs_out_of_time_says_that_it_is_not_complete()
    {
        foreach (var i in Enumerable.Range(0, ClientLimits.PurgeBatch + 1))
        {
            Hub.Set($"i{i:000}", OrchestrationStatus.Completed);
        }

        Hub.OnQuery = () => Time.Advance(TimeSpan.FromSeconds(2));
        var filter = new PurgeInstancesFilter { Timeout = TimeSpan.FromSeconds(1) };
        var cut = await Client.PurgeAllInstancesAsync(filter);
        var rest = await Client.PurgeAllInstancesAsync(filter);

        Assert.Equal((ClientLimits.PurgeBatch, false), (cut.PurgedInstanceCount, cut.IsComplete));
        Assert.Equal((1, true), (rest.PurgedInstanceCount, rest.IsComplete));
    }

    [Fact]
    public async Task A_restart_keeps_name_version_input_and_tags()
    {
        var tags = new Dictionary<string, string> { ["team"] = "db" };
        Hub.Set("i", OrchestrationStatus.Failed, state => state with { Version = "2", Input = "1", Tags = tags });
        var id = await Client.RestartAsync("i");
        var start = Hub.Created.Single().Start;

        Assert.Equal("i", id);
        Assert.Equal(("Heal", "2", "1"), (start.Name, start.Version, start.Input));
        Assert.Equal(tags, start.Tags!);
    }

    [Fact]
    public async Task A_restart_with_a_new_id_leaves_the_old_instance()
    {
        Hub.Set("i", OrchestrationStatus.Running);
        var id = await Client.RestartAsync("i", restartWithNewInstanceId: true);

        Assert.NotEqual("i", id);
        Assert.True(Hub.Has("i"));
        Assert.True(Hub.Has(id));
    }

    [Fact]
    public async Task A_restart_needs_an_instance_that_has_ended()
    {
        Hub.Set("i", OrchestrationStatus.Running);

        var running = await Assert.ThrowsAsync<InvalidOperationException>(() => Client.RestartAsync("i"));
        Assert.StartsWith(
            "An orchestration with the instanceId i cannot be restarted. It is Running,", running.Message, StringComparison.Ordinal);
        var unknown = await Assert.ThrowsAsync<ArgumentException>(() => Client.RestartAsync("nobody"));
        Assert.Contains("An orchestration with the instanceId nobody was not found.", unknown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(OrchestrationStatus.Completed)]
    [InlineData(OrchestrationStatus.Running)]
    public async Task Only_a_failed_instance_can_be_rewound(OrchestrationStatus status)
    {
        Hub.Set("i", status);

        await Assert.ThrowsAsync<InvalidOperationException>(() => Client.RewindInstanceAsync("i", "try again"));
        await Assert.ThrowsAsync<ArgumentException>(() => Client.RewindInstanceAsync("nobody", "try again"));
        Assert.Empty(Hub.Sent);
    }

    private void Child(string id, string parent, OrchestrationStatus status) =>
        Hub.Set(id, status, state => state with { ParentInstanceId = parent });
}

using DurableTask.Core;
using DurableTask.Core.History;
using Microsoft.DurableTask.Client;

namespace Heal.DurableTask.Client.Tests;

public class ReadTests : ClientFixture
{
    [Fact]
    public async Task An_unknown_instance_is_null()
    {
        Assert.Null(await Client.GetInstanceAsync("nobody"));
        Assert.Null(await Client.GetInstancesAsync("nobody"));
    }

    [Fact]
    public async Task Payloads_that_were_not_fetched_cannot_be_read()
    {
        Hub.Set("i", OrchestrationStatus.Completed, state => state with { Input = "1", Output = "2", CustomStatus = "3" });
        var without = await Client.GetInstanceAsync("i");
        var with = await Client.GetInstanceAsync("i", getInputsAndOutputs: true);

        Assert.Throws<InvalidOperationException>(() => without!.ReadInputAs<int>());
        Assert.Throws<InvalidOperationException>(() => without!.ReadOutputAs<int>());
        Assert.Throws<InvalidOperationException>(() => without!.ReadCustomStatusAs<int>());
        Assert.Equal((1, 2, 3), (with!.ReadInputAs<int>(), with.ReadOutputAs<int>(), with.ReadCustomStatusAs<int>()));
    }

    [Fact]
    public async Task A_failure_is_read_with_its_whole_chain()
    {
        var properties = new Dictionary<string, object?> { ["pod"] = "web-1" };
        var inner = new FailureDetails("System.TimeoutException", "late", Properties: properties);
        var failure = new FailureDetails("Microsoft.DurableTask.TaskFailedException", "failed", "at X", inner);
        Hub.Set("i", OrchestrationStatus.Failed, state => state with { Failure = failure });
        var details = (await Client.GetInstanceAsync("i", getInputsAndOutputs: true))!.FailureDetails!;

        Assert.Equal(("failed", "at X"), (details.ErrorMessage, details.StackTrace));
        Assert.True(details.InnerFailure!.IsCausedBy<TimeoutException>());
        Assert.Equal("web-1", details.InnerFailure.Properties!["pod"]);
        Assert.Null((await Client.GetInstanceAsync("i"))!.FailureDetails);
        Assert.Null((await Client.WaitForInstanceCompletionAsync("i")).FailureDetails);
    }

    [Fact]
    public async Task A_query_pages_through_all_matches()
    {
        foreach (var i in Enumerable.Range(0, 5))
        {
            Hub.Set($"heal-{i}", OrchestrationStatus.Running);
        }

        Hub.Set("heal-9", OrchestrationStatus.Completed);
        Hub.Set("other", OrchestrationStatus.Running);
        var query = new OrchestrationQuery(Statuses: [OrchestrationRuntimeStatus.Running], InstanceIdPrefix: "heal-", PageSize: 2);
        var ids = new List<string>();
        await foreach (var instance in Client.GetAllInstancesAsync(query))
        {
            ids.Add(instance.InstanceId);
        }

        Assert.Equal(["heal-0", "heal-1", "heal-2", "heal-3", "heal-4"], ids);
        Assert.Equal([2, 2, 2], Hub.Queries.Select(q => q.PageSize));
    }

    [Fact]
    public async Task A_query_goes_on_at_a_token_with_another_page_size()
    {
        Hub.Set("a", OrchestrationStatus.Running);
        Hub.Set("b", OrchestrationStatus.Running);
        Hub.Set("c", OrchestrationStatus.Running);
        await using var pages = Client.GetAllInstancesAsync().AsPages("a", 1).GetAsyncEnumerator();
        await pages.MoveNextAsync();

        Assert.Equal("b", pages.Current.Values.Single().InstanceId);
        Assert.NotNull(pages.Current.ContinuationToken);
    }

    [Fact]
    public async Task A_page_size_is_bounded()
    {
        await Client.GetAllInstancesAsync(new OrchestrationQuery(PageSize: 1_000_000)).GetAsyncEnumerator().MoveNextAsync();

        Assert.Equal(ClientLimits.PageSize, Hub.Queries.Single().PageSize);
        Assert.Throws<ArgumentOutOfRangeException>(() => Client.GetAllInstancesAsync(new OrchestrationQuery(PageSize: 0)));
    }

    [Fact]
    public async Task A_history_is_the_hubs_and_that_of_an_unknown_instance_an_error()
    {
        Hub.Histories["i"] = [new OrchestratorStartedEvent(-1)];

        Assert.Single(await Client.GetOrchestrationHistoryAsync("i"));
        await Assert.ThrowsAsync<ArgumentException>(() => Client.GetOrchestrationHistoryAsync("nobody"));
    }

    [Fact]
    public async Task A_history_that_nobody_waits_for_any_more_is_not_read()
    {
        var given = new CancellationToken(canceled: true);

        var end = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Client.GetOrchestrationHistoryAsync("nobody", given));

        Assert.Equal(given, end.CancellationToken);
    }

    [Fact]
    public async Task Ended_ids_are_listed_by_the_time_of_their_end()
    {
        var noon = Time.GetUtcNow();
        Hub.Set("a", OrchestrationStatus.Completed, state => state with { CompletedAt = noon.AddHours(-1) });
        Hub.Set("b", OrchestrationStatus.Failed, state => state with { CompletedAt = noon });
        Hub.Set("c", OrchestrationStatus.Completed, state => state with { CompletedAt = noon.AddHours(1) });
        Hub.Set("d", OrchestrationStatus.Running);
        var first = await Client.ListInstanceIdsAsync(completedTimeFrom: noon, pageSize: 1);
        var second = await Client.ListInstanceIdsAsync(completedTimeFrom: noon, pageSize: 1, lastInstanceKey: first.ContinuationToken);

        Assert.Equal(["b"], first.Values);
        Assert.Equal(["c"], second.Values);
        Assert.Null(second.ContinuationToken);
        Assert.Empty((await Client.ListInstanceIdsAsync([OrchestrationRuntimeStatus.Running])).Values);
    }
}

namespace Heal.DurableTask.Hubs.Tests;

public abstract partial class TaskHubConformance
{
    [Fact]
    public async Task Instances_are_counted_by_name_and_status()
    {
        await EndedAsync(OrchestrationStatus.Completed, Some.Instance(name: "Order"));
        await EndedAsync(OrchestrationStatus.Completed, Some.Instance(name: "Order"));
        await EndedAsync(OrchestrationStatus.Failed, Some.Instance(name: "Order"));
        await EndedAsync(OrchestrationStatus.Completed, Some.Instance(name: "Import"));
        await Hub.CreateInstanceAsync(Some.Instance(name: "Import"), []);

        Assert.Equal(
            [("Import", OrchestrationStatus.Completed, 1), ("Import", OrchestrationStatus.Pending, 1),
                ("Order", OrchestrationStatus.Completed, 2), ("Order", OrchestrationStatus.Failed, 1)],
            await CountsAsync(new InstanceCountQuery()));
        Assert.Equal(
            [("Order", OrchestrationStatus.Completed, 2), ("Order", OrchestrationStatus.Failed, 1)],
            await CountsAsync(new InstanceCountQuery(Name: "order", Exact: true)));
        Assert.Equal(
            [("Import", OrchestrationStatus.Pending, 1), ("Order", OrchestrationStatus.Failed, 1)],
            await CountsAsync(new InstanceCountQuery(Statuses: [OrchestrationStatus.Pending, OrchestrationStatus.Failed])));
    }

    [Fact]
    public async Task Counts_follow_an_instance_that_is_replaced()
    {
        var id = await EndedAsync(OrchestrationStatus.Completed);
        await Hub.CreateInstanceAsync(Some.Instance(id), Some.Ended);
        Assert.Equal([("Order", OrchestrationStatus.Pending, 1)], await CountsAsync(new InstanceCountQuery()));
    }

    [Theory]
    [InlineData("name")]
    [InlineData("tags")]
    [InlineData("prefix")]
    [InlineData("failed")]
    public async Task Every_way_to_ask_gives_its_instances_in_pages_oldest_first(string way)
    {
        var query = way switch
        {
            "name" => new InstanceQuery(Name: "import"),
            "tags" => new InstanceQuery(Tags: new Dictionary<string, string>(StringComparer.Ordinal) { ["customer"] = "42" }),
            "prefix" => new InstanceQuery(InstanceIdPrefix: "é-"),
            _ => new InstanceQuery(Statuses: [OrchestrationStatus.Failed]),
        };
        var wanted = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            wanted.Add(await EndedAsync(OrchestrationStatus.Failed, Tagged(Some.Instance($"é-{9 - i}", "Import"), "42")));
            await EndedAsync(OrchestrationStatus.Completed, Tagged(Some.Instance($"f-{i}", "Order"), "43"));
        }

        var found = new List<string>();
        string? token = null;
        do
        {
            var page = await Hub.QueryInstancesAsync(query with { PageSize = 2, ContinuationToken = token });
            found.AddRange(page.Instances.Select(instance => instance.InstanceId));
            token = page.ContinuationToken;
        }
        while (token is not null);

        Assert.Equal(wanted, found);
    }

    private static NewInstance Tagged(NewInstance instance, string customer)
    {
        instance.Start.Tags!["customer"] = customer;
        return instance;
    }

    private async Task<(string Name, OrchestrationStatus Status, long Count)[]> CountsAsync(InstanceCountQuery query) =>
        [.. (await Hub.CountInstancesAsync(query))
            .Select(count => (count.Name, count.Status, count.Count))
            .OrderBy(count => count.Name, StringComparer.Ordinal)
            .ThenBy(count => count.Status)];
}

using DurableTask.Core.Payloads;

namespace Heal.DurableTask.Hubs.Tests;

public abstract partial class TaskHubConformance
{
    private IPayloadStore Payloads => (IPayloadStore)Hub;

    [Fact]
    public async Task Payloads_are_read_by_every_process_and_go_with_their_instance()
    {
        var id = await StartedAsync();
        var other = await StartedAsync();
        await Payloads.PutPayloadsAsync([new("a", id, [1, 2]), new("b", id, [3]), new("c", other, [4])]);
        var found = await ((IPayloadStore)OtherHub).GetPayloadsAsync(["a", "c", "unknown"]);
        Assert.Equal(["a", "c"], found.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([1, 2], found["a"]);

        await Hub.SendMessageAsync(id, Some.Event("end"));
        await CommitNextAsync(turn => turn with { Status = OrchestrationStatus.Completed });
        await Hub.PurgeInstancesAsync([id]);
        Assert.Equal(["c"], (await Payloads.GetPayloadsAsync(["a", "b", "c"])).Keys);
    }

    [Fact]
    public async Task A_payload_may_be_stored_again()
    {
        var id = await StartedAsync();
        await Payloads.PutPayloadsAsync([new("a", id, [1])]);
        await Payloads.PutPayloadsAsync([new("a", id, [1])]);
        Assert.Equal([1], (await Payloads.GetPayloadsAsync(["a"]))["a"]);
    }
}

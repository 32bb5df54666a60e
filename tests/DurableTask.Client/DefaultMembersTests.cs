using Microsoft.DurableTask.Client;
using Moq;

namespace Heal.DurableTask.Client.Tests;

/// <summary>What a client of another backend gets for nothing.</summary>
public class DefaultMembersTests
{
    private readonly DurableTaskClient _client = new Mock<DurableTaskClient>("test") { CallBase = true }.Object;

    [Fact]
    public async Task What_came_after_the_first_version_is_not_implemented_until_a_client_does()
    {
        await Assert.ThrowsAsync<NotImplementedException>(() => _client.RestartAsync("i"));
        await Assert.ThrowsAsync<NotImplementedException>(() => _client.RewindInstanceAsync("i", "reason"));
        await Assert.ThrowsAsync<NotImplementedException>(() => _client.GetOrchestrationHistoryAsync("i"));
        await Assert.ThrowsAsync<NotImplementedException>(() => _client.ListInstanceIdsAsync());
    }

    [Fact]
    public async Task Ending_purging_and_entities_are_not_supported_until_a_client_does()
    {
        await Assert.ThrowsAsync<NotSupportedException>(() => _client.TerminateInstanceAsync("i", CancellationToken.None));
        await Assert.ThrowsAsync<NotSupportedException>(() => _client.PurgeInstanceAsync("i"));
        await Assert.ThrowsAsync<NotSupportedException>(() => _client.PurgeAllInstancesAsync(new PurgeInstancesFilter()));
        Assert.Throws<NotSupportedException>(() => _client.Entities);
    }
}

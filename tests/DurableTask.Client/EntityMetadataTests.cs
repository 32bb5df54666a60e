using System.Text.Json;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Client.Entities;
using Microsoft.DurableTask.Entities;

namespace Heal.DurableTask.Client.Tests;

/// <summary>The JSON of metadata, as an application hands it out.</summary>
public class EntityMetadataTests
{
    private static readonly EntityInstanceId Id = new("counter", "one");
    private static readonly DateTimeOffset Time = new(2026, 2, 3, 4, 5, 6, TimeSpan.Zero);
    private const string Start = "{\"Id\":\"@counter@one\",\"LastModifiedTime\":\"2026-02-03T04:05:06+00:00\"";

    [Fact]
    public void What_there_is_not_is_left_out()
    {
        Assert.Equal(Start + "}", JsonSerializer.Serialize(new EntityMetadata<int>(Id) { LastModifiedTime = Time }));
        Assert.Equal(Start + "}", JsonSerializer.Serialize(new EntityMetadata(Id) { LastModifiedTime = Time }));
    }

    [Fact]
    public void Queue_lock_and_state_come_after_the_id()
    {
        var metadata = new EntityMetadata<int[]>(Id, [1, 2]) { LastModifiedTime = Time, BacklogQueueSize = 10, LockedBy = "heal" };

        Assert.Equal(Start + ""","BacklogQueueSize":10,"LockedBy":"heal","State":[1,2]}""", JsonSerializer.Serialize(metadata));
    }

    [Fact]
    public void A_state_that_is_still_text_stays_text()
    {
        var metadata = new EntityMetadata(Id, new SerializedData("7")) { LastModifiedTime = Time };

        Assert.Equal(Start + ""","State":"7"}""", JsonSerializer.Serialize(metadata));
    }

    [Fact]
    public void Names_follow_the_naming_policy()
    {
        var metadata = new EntityMetadata<int>(Id, 7) { LastModifiedTime = Time };

        Assert.EndsWith(""","state":7}""", JsonSerializer.Serialize(metadata, JsonSerializerOptions.Web), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_reads_it_back() =>
        Assert.Throws<NotSupportedException>(() => JsonSerializer.Deserialize<EntityMetadata<int>>(Start + "}"));
}

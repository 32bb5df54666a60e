using Microsoft.DurableTask.Worker.Orchestrations;

namespace Heal.DurableTask.Worker.Tests;

public sealed class DeterministicGuidTests
{
    /// <summary>The expected values come from another implementation: Python's uuid.uuid5 over the contract's namespace.</summary>
    [Theory]
    [InlineData("order-1", 0, 0, "0bfcc0a8-1ad1-5e19-a8b2-67bffb596299")]
    [InlineData("order-1", 0, 1, "efad4dde-476b-5c14-90e8-b07e340b0682")]
    [InlineData("order-1", 1234567, 0, "85e3b685-8b52-5bde-88c0-bd90bcba9145")]
    [InlineData("Bestellung-ä", 0, 0, "6fbeef00-0795-5e49-9167-099ecf8884bd")]
    public void An_id_is_the_one_that_other_languages_derive(string instanceId, long ticks, int counter, string expected) =>
        Assert.Equal(Guid.Parse(expected), DeterministicGuid.Create(instanceId, Some.Time.AddTicks(ticks), counter));
}

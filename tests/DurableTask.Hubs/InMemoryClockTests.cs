using DurableTask.Core.Payloads;
using Microsoft.DurableTask.InMemory;

namespace Heal.DurableTask.Hubs.Tests;

/// <summary>The in-memory hub under a clock that only the test moves.</summary>
public sealed class InMemoryClockTests
{
    private readonly ManualTime _time = new();
    private readonly InMemoryTaskHub _hub;

    public InMemoryClockTests() => _hub = new InMemoryTaskHub(_time);

    [Fact]
    public async Task A_wait_ends_when_the_clock_reaches_a_scheduled_start()
    {
        await _hub.CreateInstanceAsync(Some.Instance(startAt: _time.GetUtcNow().UtcDateTime.AddHours(1)), []);
        await _hub.WaitForWorkAsync(WorkKind.Orchestration); // The signal of the creation.
        var waiting = _hub.WaitForWorkAsync(WorkKind.Orchestration);
        _time.Advance(TimeSpan.FromMinutes(59));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromMinutes(1));
        await waiting.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Single(await _hub.LockOrchestrationsAsync(new LockRequest("w", 1, Some.Lease)));
    }

    [Fact]
    public async Task What_came_due_between_a_look_and_a_wait_ends_the_wait_at_once()
    {
        await _hub.CreateInstanceAsync(Some.Instance(startAt: _time.GetUtcNow().UtcDateTime.AddHours(1)), []);
        await _hub.WaitForWorkAsync(WorkKind.Orchestration);
        Assert.Empty(await _hub.LockOrchestrationsAsync(new LockRequest("w", 1, Some.Lease)));
        _time.Advance(TimeSpan.FromHours(2));
        await _hub.WaitForWorkAsync(WorkKind.Orchestration).WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_lease_ends_by_the_same_clock()
    {
        await _hub.CreateInstanceAsync(Some.Instance(), []);
        var request = new LockRequest("w", 1, TimeSpan.FromMinutes(1));
        Assert.Single(await _hub.LockOrchestrationsAsync(request));
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.Empty(await _hub.LockOrchestrationsAsync(request));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Single(await _hub.LockOrchestrationsAsync(request));
    }

    [Fact]
    public async Task Payloads_of_entities_stay_for_as_long_as_a_state_or_a_message_refers_to_them()
    {
        await _hub.PutPayloadsAsync([new("in a state", "@a@1", [1]), new("in a message", "@a@2", [2]), new("nowhere", "@a@1", [3])]);
        await _hub.Entities.SignalAsync(new("@a@1", new() { Operation = "set", IsSignal = true }));
        var item = (await _hub.Entities.LockAsync(new LockRequest("w", 1, TimeSpan.FromHours(1)))).Single();
        await _hub.Entities.CommitAsync(new() { Lock = item.Lock, State = "in a state", ConsumedMessages = [item.Messages[0].Id] });
        await _hub.Entities.SignalAsync(new("@a@2", new() { Operation = "set", IsSignal = true, Input = "in a message" }));

        _time.Advance(IPayloadStore.Grace + TimeSpan.FromSeconds(1));
        await _hub.PutPayloadsAsync([]);

        var left = await _hub.GetPayloadsAsync(["in a state", "in a message", "nowhere"]);
        Assert.Equal(["in a message", "in a state"], left.Keys.Order(StringComparer.Ordinal));
    }
}

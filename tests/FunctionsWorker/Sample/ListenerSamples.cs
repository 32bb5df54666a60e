using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;

namespace Heal.FunctionsWorker.Tests.Sample;

public sealed class ListenerSamples(Journal journal)
{
    [Function("Tick")]
    public Task TickAsync([TimerTrigger("%TICK%", RunOnStartup = false)] TimerInfo timer, CancellationToken token) =>
        DoAsync($"tick next={timer.ScheduleStatus?.Next:HH:mm:ss} late={timer.IsPastDue}", token);

    [Function("TickAsText")]
    public Task TickAsTextAsync([TimerTrigger("%TICK%")] string timer) => DoAsync($"text {timer}");

    [Function("TickAsOwn")]
    public Task TickAsOwnAsync([TimerTrigger("%TICK%")] OwnTimer timer) =>
        DoAsync($"own next={timer.ScheduleStatus!.Next:HH:mm:ss} late={timer.IsPastDue}");

    public sealed record OwnTimer(OwnSchedule? ScheduleStatus, bool IsPastDue);

    public sealed record OwnSchedule(DateTime Last, DateTime Next);

    [Function("Beat")]
    public Task BeatAsync([TimerTrigger("%BEAT%", UseMonitor = false)] TimerInfo timer) =>
        DoAsync($"beat status={timer.ScheduleStatus is not null} late={timer.IsPastDue}");

    [Function("Wake")]
    public Task WakeAsync([TimerTrigger("%WAKE%", RunOnStartup = true)] TimerInfo timer) =>
        DoAsync($"wake last={timer.ScheduleStatus!.Last:HH:mm:ss} next={timer.ScheduleStatus.Next:HH:mm:ss} late={timer.IsPastDue}");

    [Function("TakeOrder")]
    public Task TakeOrderAsync([QueueTrigger("%ORDERS%")] Order order, string id, long dequeueCount) =>
        DoAsync($"order {order.Number} {order.Item} {id.Length > 0} {dequeueCount}");

    [Function("SlowOrder")]
    public Task SlowOrderAsync([QueueTrigger("%ORDERS%")] QueueMessage message) => DoAsync($"slow {message.Body} {message.DequeueCount}");

    private async Task DoAsync(string entry, CancellationToken token = default)
    {
        journal.Write(entry);
        if (journal.Hold)
        {
            await journal.GoOn.WaitAsync(token);
        }

        if (journal.Fail)
        {
            throw new InvalidOperationException("told to fail");
        }
    }
}

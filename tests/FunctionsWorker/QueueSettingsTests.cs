using System.Net;
using Azure.Storage.Queues;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.FunctionsWorker.Tests;

/// <summary>What <c>extensions.queues</c> of host.json says is what happens at a real queue.</summary>
public sealed class QueueSettingsTests : IAsyncLifetime
{
    private readonly string _name = Azurite.NewName();

    private QueueClient Queue => Azurite.Queue(_name);

    public async Task InitializeAsync() => await Queue.CreateIfNotExistsAsync();

    public async Task DisposeAsync() => await Queue.DeleteIfExistsAsync();

    [Fact]
    public async Task A_batch_is_fetched_when_no_more_messages_run_than_newBatchThreshold_says()
    {
        await SendAsync(7);
        await using TestHost host = await StartAsync("SlowOrder", "\"batchSize\": 3, \"newBatchThreshold\": 1", hold: true);
        Journal journal = host.Get<Journal>();
        await BeginAsync(journal, 3);
        Assert.Equal(4, await VisibleAsync());

        // Two still run, one more than the threshold.
        journal.GoOn.Release();
        await Azurite.UntilAsync(async () => await CountAsync() == 6, "the first message is deleted");
        Assert.Equal((3, 4), (journal.Entries.Count, await VisibleAsync()));

        journal.GoOn.Release();
        await BeginAsync(journal, 3);
        Assert.Equal((6, 1), (journal.Entries.Count, await VisibleAsync()));
        journal.GoOn.Release(5);
        await Azurite.UntilAsync(async () => await CountAsync() == 0, "all messages are deleted");
    }

    [Fact]
    public async Task An_empty_queue_is_looked_at_less_and_less_often_up_to_maxPollingInterval_until_a_message_comes()
    {
        var time = new ManualTime();
        DateTimeOffset now = time.GetUtcNow();
        await using TestHost host = await StartAsync("TakeOrder", "\"maxPollingInterval\": \"00:00:01\"", time: time);
        // Others of the host wait for the same moments: not before the queue was looked at once.
        await Azurite.UntilAsync(
            async () => (await host.GetAsync("/healthz/ready")).StatusCode == HttpStatusCode.OK, "the queue is reached");
        foreach (int milliseconds in new[] { 200, 400, 800, 1000, 1000 })
        {
            await WaitAsync(milliseconds);
        }

        // Not while it looks.
        await time.WaitsUntilAsync(now.AddSeconds(1));
        await Azurite.SendAsync(Queue, """{ "Number": 1, "Item": "nut" }""");
        await WaitAsync(1000);
        await host.Get<Journal>().NextAsync();
        await WaitAsync(200);

        async Task WaitAsync(int milliseconds)
        {
            now += TimeSpan.FromMilliseconds(milliseconds);
            await time.WaitsUntilAsync(now);
            time.MoveTo(now);
        }
    }

    [Fact]
    public async Task With_messageEncoding_none_a_body_is_taken_as_it_stands()
    {
        await Queue.SendMessageAsync("cGxhaW4=");
        await using TestHost host = await StartAsync("TakeText", "\"messageEncoding\": \"none\"");
        await host.Get<Journal>().NextAsync();
        Assert.StartsWith("cGxhaW4= 1", host.Get<Journal>().Entries.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_hosts_share_a_queue_and_each_message_runs_once()
    {
        const string one = "\"batchSize\": 1, \"newBatchThreshold\": 0, \"maxPollingInterval\": \"00:00:00.100\"";
        await SendAsync(20);
        await using TestHost first = await StartAsync("SlowOrder", one, hold: true);
        await using TestHost second = await StartAsync("SlowOrder", one, hold: true);
        Journal[] journals = [first.Get<Journal>(), second.Get<Journal>()];
        // Each holds the one that it took: both take part.
        await Task.WhenAll(journals.Select(static j => j.NextAsync()));
        Assert.All(journals, static j => j.GoOn.Release(20));
        await Azurite.UntilAsync(async () => await CountAsync() == 0, "all messages are deleted");
        Assert.Equal(
            Enumerable.Range(0, 20).Select(static i => $"slow {i} 1").Order(StringComparer.Ordinal),
            journals.SelectMany(static j => j.Entries).Order(StringComparer.Ordinal));
    }

    private static async Task BeginAsync(Journal journal, int count)
    {
        for (int i = 0; i < count; i++)
        {
            await journal.NextAsync();
        }
    }

    private async Task SendAsync(int count)
    {
        for (int i = 0; i < count; i++)
        {
            await Azurite.SendAsync(Queue, $"{i}");
        }
    }

    private async Task<int> CountAsync() => (await Queue.GetPropertiesAsync()).Value.ApproximateMessagesCount;

    private async Task<int> VisibleAsync() => (await Queue.PeekMessagesAsync(32)).Value.Length;

    private Task<TestHost> StartAsync(string function, string queues, bool hold = false, TimeProvider? time = null) =>
        TestHost.StartAsync(
            builder =>
            {
                builder.Services.AddSingleton(new Journal { Hold = hold });
                builder.Services.AddSingleton(time ?? TimeProvider.System);
            },
            settings: new(StringComparer.Ordinal) { ["ORDERS"] = _name, ["AzureWebJobsStorage"] = Azurite.ConnectionString },
            hostJson: $$"""{ "extensions": { "queues": { {{queues}} } } }""",
            listeners: [function]);
}

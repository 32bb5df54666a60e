using System.Net;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker.Queues;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.FunctionsWorker.Tests;

public sealed class QueueTriggerTests : IAsyncLifetime
{
    private readonly string _name = Azurite.NewName();

    private QueueClient Queue => Azurite.Queue(_name);

    private QueueClient Poison => Azurite.Queue(_name + "-poison");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await Queue.DeleteIfExistsAsync();
        await Poison.DeleteIfExistsAsync();
    }

    [Fact]
    public async Task A_message_is_bound_and_deleted_after_success()
    {
        await using TestHost host = await StartAsync("TakeOrder");
        await Azurite.SendAsync(Queue, """{ "Number": 5, "item": "nut" }""");
        await host.Get<Journal>().NextAsync();
        await Azurite.UntilAsync(IsEmptyAsync, "the queue is empty");
        Assert.Equal(["order 5 nut True 1"], host.Get<Journal>().Entries);
    }

    [Fact]
    public async Task A_queue_named_in_capitals_is_the_one_in_small_letters()
    {
        await using TestHost host = await StartAsync("TakeOrder", name: _name.ToUpperInvariant());
        await Azurite.SendAsync(Queue, """{ "Number": 5, "item": "nut" }""");
        await host.Get<Journal>().NextAsync();
        Assert.Equal(["order 5 nut True 1"], host.Get<Journal>().Entries);
    }

    [Fact]
    public async Task A_message_that_keeps_failing_goes_to_the_poison_queue_unchanged_with_its_reason_in_the_log()
    {
        await using TestHost host = await StartAsync("SlowOrder", maxDequeueCount: 2);
        host.Get<Journal>().Fail = true;
        await Azurite.SendAsync(Queue, "poisonous");
        await Azurite.UntilAsync(async () =>
            await Poison.ExistsAsync() && (await PeekAsync(Poison)).Length == 1, "it is in the poison queue");
        await Azurite.UntilAsync(IsEmptyAsync, "the queue is empty");
        Assert.Equal("poisonous", Decoded((await PeekAsync(Poison)).Single()));
        Assert.Equal(["slow poisonous 1", "slow poisonous 2"], host.Get<Journal>().Entries);
        await Azurite.UntilAsync(
            () => Task.FromResult(host.Log.All.Contains("InvalidOperationException: told to fail", StringComparison.Ordinal)),
                "the reason is logged");
    }

    [Fact]
    public async Task A_body_that_is_not_base64_or_not_JSON_goes_to_the_poison_queue_without_stopping_others()
    {
        await using TestHost host = await StartAsync("TakeOrder", maxDequeueCount: 1);
        await Queue.CreateIfNotExistsAsync();
        await Queue.SendMessageAsync("not base64!");
        await Azurite.SendAsync(Queue, "not JSON");
        await Azurite.SendAsync(Queue, """{ "Number": 1, "Item": "good" }""");
        await host.Get<Journal>().NextAsync();
        await Azurite.UntilAsync(async () =>
            await Poison.ExistsAsync() && (await PeekAsync(Poison)).Length == 2, "both are in the poison queue");
        Assert.Equal(["order 1 good True 1"], host.Get<Journal>().Entries);
    }

    [Fact]
    public async Task The_visibility_is_renewed_while_a_function_runs_longer_than_its_lease()
    {
        await using TestHost host = await StartAsync("SlowOrder", lease: TimeSpan.FromSeconds(2));
        Journal journal = host.Get<Journal>();
        journal.Hold = true;
        await Azurite.SendAsync(Queue, "long");
        await journal.NextAsync();
        // Real time: the lease is counted by the storage. Two and a half leases later nobody else can see the message.
        await Task.Delay(TimeSpan.FromSeconds(5));
        Assert.Empty((await Queue.ReceiveMessagesAsync(1)).Value);
        journal.GoOn.Release();
        await Azurite.UntilAsync(IsEmptyAsync, "the queue is empty");
        Assert.Equal(["slow long 1"], journal.Entries);
    }

    [Fact]
    public async Task A_message_of_a_host_that_is_gone_comes_back_when_its_lease_ends_however_long_one_that_failed_would_wait()
    {
        await using var proxy = new SwitchableProxy(Queue.Uri.Port);
        proxy.SwitchOn();
        string connection = Azurite.ConnectionString.Replace($":{Queue.Uri.Port}/", $":{proxy.Port}/", StringComparison.Ordinal);
        await using TestHost host = await StartAsync(
            "SlowOrder", visibility: "7.00:00:00", connection: connection, lease: TimeSpan.FromSeconds(2));
        host.Get<Journal>().Hold = true;
        await Azurite.SendAsync(Queue, "orphan");
        await host.Get<Journal>().NextAsync();
        await proxy.SwitchOffAsync();
        QueueMessage[] back = [];
        await Azurite.UntilAsync(
            async () => (back = (await Queue.ReceiveMessagesAsync(1)).Value).Length == 1, "the message is visible again");
        Assert.Equal(2, back[0].DequeueCount);
        host.Get<Journal>().GoOn.Release();
    }

    [Fact]
    public async Task A_message_that_failed_waits_for_visibilityTimeout_however_short_the_lease()
    {
        await using TestHost host = await StartAsync("SlowOrder", visibility: "00:10:00", lease: TimeSpan.FromSeconds(1));
        host.Get<Journal>().Fail = true;
        await Azurite.SendAsync(Queue, "later");
        await host.Log.ContainsAsync("it comes back in 00:10:00");
        // Real time: the storage counts it. By now, a message that is hidden for the lease only would have come back twice.
        await Task.Delay(TimeSpan.FromSeconds(3));
        Assert.Empty((await Queue.ReceiveMessagesAsync(1)).Value);
        Assert.Equal(["slow later 1"], host.Get<Journal>().Entries);
        Assert.Equal(1, (await Queue.GetPropertiesAsync()).Value.ApproximateMessagesCount);
    }

    [Fact]
    public async Task A_function_that_waits_for_an_instance_ends_when_the_host_stops_and_its_message_has_not_failed()
    {
        await using TestHost host = await StartAsync("AwaitOrder", maxDequeueCount: 1, drain: "00:50:00");
        await Azurite.SendAsync(Queue, "nobody");
        await host.Get<Journal>().NextAsync();
        await host.Host.StopAsync().WaitAsync(TimeSpan.FromSeconds(60));
        QueueMessage back = Assert.Single((await Queue.ReceiveMessagesAsync(1)).Value);
        Assert.Equal(1, back.DequeueCount);
        Assert.False(await Poison.ExistsAsync());
    }

    [Fact]
    public async Task Storage_that_is_away_at_start_and_again_later_is_reported_and_work_goes_on_when_it_is_back()
    {
        await using var proxy = new SwitchableProxy(new Uri(Queue.Uri.ToString()).Port);
        string connection = Azurite.ConnectionString.Replace($":{Queue.Uri.Port}/", $":{proxy.Port}/", StringComparison.Ordinal);
        await using TestHost host = await StartAsync("TakeOrder", connection: connection);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.GetAsync("/readyz")).StatusCode);
        Assert.Contains(_name, await host.GetTextAsync("/readyz"), StringComparison.Ordinal);
        await Azurite.SendAsync(Queue, """{ "Number": 1, "Item": "first" }""");
        for (int round = 1; round <= 2; round++)
        {
            proxy.SwitchOn();
            await host.Get<Journal>().NextAsync();
            await Azurite.UntilAsync(async () => (await host.GetAsync("/readyz")).IsSuccessStatusCode, "it is ready");
            await Azurite.UntilAsync(IsEmptyAsync, "the queue is empty");
            await proxy.SwitchOffAsync();
            await Azurite.UntilAsync(async () => !(await host.GetAsync("/readyz")).IsSuccessStatusCode, "it is not ready any more");
            await Azurite.SendAsync(Queue, """{ "Number": 2, "Item": "second" }""");
        }

        Assert.Equal(["order 1 first True 1", "order 2 second True 1"], host.Get<Journal>().Entries);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/livez")).StatusCode);
    }

    private Task<TestHost> StartAsync(string function, int maxDequeueCount = 5, string visibility = "00:00:00",
        string? connection = null, string? name = null, TimeSpan? lease = null, string drain = "00:00:25") =>
        TestHost.StartAsync(
            configure: builder => builder.Services.AddSingleton(new QueueLease { Duration = lease ?? TimeSpan.FromSeconds(30) }),
            settings: new(StringComparer.Ordinal)
            {
                ["ORDERS"] = name ?? _name,
                ["FUNCTIONS_DRAIN_TIMEOUT"] = drain,
                ["AzureWebJobsStorage"] = connection ?? Azurite.ConnectionString,
            },
            hostJson: $$"""
                { "extensions": { "queues": {
                    "maxPollingInterval": "00:00:00.200", "maxDequeueCount": {{maxDequeueCount}},
                    "visibilityTimeout": "{{visibility}}" } } }
                """,
            listeners: [function]);

    private async Task<bool> IsEmptyAsync() => (await Queue.GetPropertiesAsync()).Value.ApproximateMessagesCount == 0;

    private static async Task<PeekedMessage[]> PeekAsync(QueueClient queue) => (await queue.PeekMessagesAsync(32)).Value;

    private static string Decoded(PeekedMessage message) =>
        System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(message.Body.ToString()));
}

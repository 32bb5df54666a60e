using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Azure.Storage.Queues;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.DurableTask.Client;

namespace Heal.FunctionsWorker.Tests;

public sealed class MetricTests
{
    [Fact]
    public async Task Invocations_are_counted_by_function_trigger_and_outcome_with_their_duration()
    {
        await using TestHost host = await TestHost.StartAsync();
        using var metrics = new MetricReader(host);
        await host.GetAsync("/api/Text");
        await host.GetAsync("/api/Text");
        await host.GetAsync("/api/Boom");
        await host.SendAsync(HttpMethod.Put, "/api/orders", body: new StringContent("{ broken"));
        Task slow = host.GetAsync("/api/Slow");
        await host.Get<Journal>().NextAsync();

        Assert.Equal(2, metrics.Sum("functions.invocations", "function=Text trigger=http outcome=succeeded"));
        Assert.Equal(1, metrics.Sum("functions.invocations", "function=Boom trigger=http outcome=failed"));
        Assert.Equal(1, metrics.Sum("functions.invocations", "function=PutOrder trigger=http outcome=refused"));
        Assert.Equal(2, metrics.Count("functions.invocation.duration", "function=Text"));
        Assert.Equal(1, metrics.Sum("functions.invocations.running", "function=Slow"));
        Assert.Equal(0, metrics.Sum("functions.invocations.running", "function=Text"));
        host.Get<Journal>().GoOn.Release();
        await slow;
    }

    [Fact]
    public async Task Functions_of_every_trigger_are_counted()
    {
        string name = Azurite.NewName();
        await using TestHost host = await TestHost.StartAsync(
            settings: new(StringComparer.Ordinal)
            {
                ["TICK"] = "0 0 0 1 1 *", ["ORDERS"] = name, ["AzureWebJobsStorage"] = Azurite.ConnectionString,
            },
            listeners: ["Tick", "SlowOrder"]);
        using var metrics = new MetricReader(host);
        await host.GetAsync("/api/Text");
        foreach (string byHand in new[] { "Tick", "SlowOrder" })
        {
            HttpResponseMessage run = await host.SendAsync(
                HttpMethod.Post, $"/admin/functions/{byHand}", TestHost.Master, new StringContent("{}"));
            Assert.Equal(HttpStatusCode.Accepted, run.StatusCode);
        }

        HttpResponseMessage greeting = await host.SendAsync(HttpMethod.Post, "/api/greet/Ada");
        string id = JsonNode.Parse(await greeting.Content.ReadAsStringAsync())!["Id"]!.GetValue<string>();
        await host.SendAsync(
            HttpMethod.Post, "/runtime/webhooks/durabletask/entities/Tally/t?op=add", TestHost.SystemKey, JsonContent.Create(1));
        foreach (string of in new[]
        {
            "function=Text trigger=http", "function=Tick trigger=timer", "function=SlowOrder trigger=queue",
            "function=SayHello trigger=activity", "function=Tally trigger=entity",
        })
        {
            await Azurite.UntilAsync(
                () => Task.FromResult(metrics.Sum("functions.invocations", $"{of} outcome=succeeded") == 1), $"{of} is counted");
        }

        await host.Get<DurableTaskClient>().RaiseEventAsync(id, "End", "!");
        await Azurite.UntilAsync(
            () => Task.FromResult(metrics.Sum("durabletask.orchestrations.ended", "name=Greet status=completed") == 1),
            "the orchestration is counted");
        Assert.Equal(1, metrics.Sum("durabletask.orchestrations.started", "name=Greet"));
        Assert.Equal(1, metrics.Count("durabletask.orchestration.duration", "name=Greet status=completed"));

        await Azurite.Queue(name).DeleteIfExistsAsync();
    }

    [Fact]
    public async Task Messages_are_counted_with_their_age_and_those_that_are_given_up_with_the_reason()
    {
        string name = Azurite.NewName();
        QueueClient queue = Azurite.Queue(name);
        await using TestHost host = await TestHost.StartAsync(
            settings: new(StringComparer.Ordinal) { ["ORDERS"] = name, ["AzureWebJobsStorage"] = Azurite.ConnectionString },
            hostJson: """{ "extensions": { "queues": { "maxDequeueCount": 1, "maxPollingInterval": "00:00:00.200" } } }""",
            listeners: ["TakeOrder"]);
        using var metrics = new MetricReader(host);
        await Azurite.SendAsync(queue, "not JSON");
        await Azurite.UntilAsync(
            () => Task.FromResult(metrics.Sum("functions.queue.poisoned", $"queue={name}") == 1), "the message is given up");
        Assert.Equal(1, metrics.Sum("functions.queue.dequeued", $"queue={name}"));
        Assert.Equal(1, metrics.Count("functions.queue.age", $"queue={name}"));
        Assert.InRange(metrics.Sum("functions.queue.age", $"queue={name}"), 0, 60);
        await queue.DeleteIfExistsAsync();
        await Azurite.Queue(name + "-poison").DeleteIfExistsAsync();
    }
}

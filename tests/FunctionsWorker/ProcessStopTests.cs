using System.Text.Json.Nodes;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Heal.FunctionsWorker.Tests.Support;

namespace Heal.FunctionsWorker.Tests;

/// <summary>SIGTERM to a real process: what runs may end, what does not is given back at once, and nothing runs twice.</summary>
public sealed class ProcessStopTests : IAsyncLifetime
{
    // Longer than any test: a message that is taken for a failed one would stay hidden.
    private const string LongPause = """
        { "extensions": { "queues": { "visibilityTimeout": "00:10:00", "maxPollingInterval": "00:00:00.100", "maxDequeueCount": 2 } } }
        """;

    private readonly string _name = Azurite.NewName();

    private QueueClient Queue => Azurite.Queue(_name);

    public async Task InitializeAsync() => await Queue.CreateIfNotExistsAsync();

    public async Task DisposeAsync()
    {
        await Queue.DeleteIfExistsAsync();
        await Azurite.Queue(_name + "-poison").DeleteIfExistsAsync();
    }

    [Fact]
    public async Task What_runs_ends_within_the_drain_timeout_and_nothing_new_is_taken()
    {
        await using SampleProcess process = await StartAsync("00:00:30");
        await Azurite.SendAsync(Queue, "00:00:03");
        await process.UntilPrintedAsync("began 00:00:03");
        await process.SignalAsync("TERM");
        await process.UntilPrintedAsync("Stopping: 1 invocations may finish");
        await Azurite.SendAsync(Queue, "00:00:00");
        Assert.Equal(0, await process.ExitCodeAsync());
        await process.UntilPrintedAsync("ended 00:00:03");
        Assert.DoesNotContain(process.Lines, static l => l.Contains("began 00:00:00", StringComparison.Ordinal));
        QueueMessage[] left = (await Queue.ReceiveMessagesAsync(32)).Value;
        Assert.Equal(["00:00:00 1"], left.Select(TextOf));
    }

    [Fact]
    public async Task What_does_not_end_is_given_back_at_once_and_another_host_runs_it_once()
    {
        await using (SampleProcess process = await StartAsync("00:00:01"))
        {
            await Azurite.SendAsync(Queue, "00:20:00");
            await Azurite.SendAsync(Queue, "deaf");
            await process.UntilPrintedAsync("began 00:20:00");
            await process.UntilPrintedAsync("began deaf");
            await process.SignalAsync("TERM");
            Assert.Equal(0, await process.ExitCodeAsync());
            Assert.Equal(2, process.Lines.Count(static l => l.Contains("is given back", StringComparison.Ordinal)));
        }

        // The second host stops too: both have had their two attempts, neither of which failed. They come back once more.
        await using (SampleProcess second = await StartAsync("00:00:00"))
        {
            await second.UntilPrintedAsync("began 00:20:00");
            await second.UntilPrintedAsync("began deaf");
            await second.SignalAsync("TERM");
            Assert.Equal(0, await second.ExitCodeAsync());
            Assert.Equal(2, second.Lines.Count(static l => l.Contains("journal", StringComparison.Ordinal)));
        }

        QueueMessage[] left = (await Queue.ReceiveMessagesAsync(32)).Value;
        Assert.Equal(["00:20:00 1", "deaf 1"], left.Select(TextOf).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_second_signal_ends_the_process_at_once()
    {
        await using SampleProcess process = await StartAsync("00:50:00");
        await Azurite.SendAsync(Queue, "00:40:00");
        await process.UntilPrintedAsync("began 00:40:00");
        await process.SignalAsync("TERM");
        await process.UntilPrintedAsync("Stopping: 1 invocations may finish");
        await process.SignalAsync("TERM");
        Assert.Equal(143, await process.ExitCodeAsync());
    }

    [Fact]
    public async Task Each_line_of_the_structured_log_is_JSON_with_the_ids_of_the_invocation()
    {
        await using SampleProcess process = await StartAsync("00:00:10", new(StringComparer.Ordinal) { ["FUNCTIONS_LOG_FORMAT"] = "json" });
        await Azurite.SendAsync(Queue, "00:00:00");
        JsonObject line = (JsonObject)JsonNode.Parse(await process.UntilPrintedAsync("Function Patient succeeded"))!;
        Assert.Equal(("Information", "Function.Patient", "Patient", 2),
            ((string)line["level"]!, (string)line["category"]!, (string)line["functionName"]!, (int)line["eventId"]!));
        Assert.True(Guid.TryParse((string)line["invocationId"]!, out _));
        Assert.Contains((string)line["invocationId"]!, (string)line["message"]!, StringComparison.Ordinal);
        Assert.EndsWith("Z", (string)line["time"]!, StringComparison.Ordinal);

        await Azurite.SendAsync(Queue, "no time");
        JsonObject failure = (JsonObject)JsonNode.Parse(await process.UntilPrintedAsync("Function Patient failed"))!;
        Assert.StartsWith("System.FormatException", (string)failure["exception"]!, StringComparison.Ordinal);
        Assert.NotEqual((string)line["correlationId"]!, (string)failure["correlationId"]!);

        await process.SignalAsync("TERM");
        Assert.Equal(0, await process.ExitCodeAsync());
        Assert.All(process.Lines, static l => Assert.IsType<JsonObject>(JsonNode.Parse(l)));
        Assert.DoesNotContain(process.Lines, static l => l.Contains(TestHost.Master, StringComparison.Ordinal));
    }

    private Task<SampleProcess> StartAsync(string drain, Dictionary<string, string>? more = null)
    {
        var settings = new Dictionary<string, string>(more ?? [], StringComparer.Ordinal)
        {
            ["PATIENT"] = _name,
            ["AzureWebJobs.Patient.Disabled"] = "false",
            ["AzureWebJobsStorage"] = Azurite.ConnectionString,
            ["FUNCTIONS_DRAIN_TIMEOUT"] = drain,
        };
        return SampleProcess.StartAsync(settings, LongPause);
    }

    private static string TextOf(QueueMessage message) =>
        $"{System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(message.Body.ToString()))} {message.DequeueCount}";
}

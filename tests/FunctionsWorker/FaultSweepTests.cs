using System.Text;
using Azure.Storage.Queues;
using Heal.FunctionsWorker.Tests.Support;

namespace Heal.FunctionsWorker.Tests;

/// <summary>A host, as a process of its own, gets everything bad at once, and serves who asks for something good meanwhile.</summary>
public sealed class FaultSweepTests : IAsyncLifetime
{
    private const string WrongKey = "a-key-that-nobody-has";

    private readonly string _name = Azurite.NewName();

    private QueueClient Queue => Azurite.Queue(_name);

    private QueueClient Poison => Azurite.Queue(_name + "-poison");

    public async Task InitializeAsync() => await Queue.CreateIfNotExistsAsync();

    public async Task DisposeAsync()
    {
        await Queue.DeleteIfExistsAsync();
        await Poison.DeleteIfExistsAsync();
    }

    [Fact]
    public async Task Bad_callers_bad_messages_and_a_storage_that_goes_away_leave_the_others_served_and_are_named_in_the_log()
    {
        await using var proxy = new SwitchableProxy(new Uri(Queue.Uri.ToString()).Port);
        proxy.SwitchOn();
        await using SampleProcess process = await StartAsync(proxy);
        using var http = new HttpClient { BaseAddress = process.Address };

        Task slow = SlowHeadersAsync(process.Address);
        Task<string>[] bad =
        [
            .. Enumerable.Range(0, 20).Select(_ => RawAsync(process.Address, HeaderFlood())),
            .. Enumerable.Range(0, 20).Select(_ => RawAsync(
                process.Address, "POST /api/orders HTTP/1.1\r\nHost: here\r\nContent-Length: 999999999\r\n\r\n")),
            .. Enumerable.Range(0, 20).Select(_ => RawAsync(
                process.Address,
                $"GET /api/Echo?code={WrongKey} HTTP/1.1\r\nHost: here\r\nx-functions-key: {WrongKey}\r\nConnection: close\r\n\r\n")),
        ];
        using (RawClient client = await RawClient.ConnectAsync(process.Address))
        {
            await client.SendAsync("GET /api/Slow HTTP/1.1\r\nHost: here\r\n\r\n");
            await process.UntilPrintedAsync("\"journal\":\"slow\"");
        }

        await Queue.SendMessageAsync("not base64!");
        await Azurite.SendAsync(Queue, "not JSON");
        await Azurite.SendAsync(Queue, """{ "Number": 1, "Item": "good" }""");
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal("GET nobody True", await http.GetStringAsync(new Uri("/api/Text", UriKind.Relative)));
        }

        string[] replies = [.. (await Task.WhenAll(bad)).Select(static reply => reply.Split(' ') is [_, var status, ..] ? status : "")];
        Assert.All(replies[..20], static status => Assert.Equal("431", status));
        Assert.All(replies[20..40], static status => Assert.Equal("413", status));
        Assert.Equal(["401", "429"], replies[40..].Distinct().Order());
        await slow;
        await Azurite.UntilAsync(
            async () => await Poison.ExistsAsync() && (await Poison.PeekMessagesAsync(32)).Value.Length == 2,
            "both are in the poison queue");
        await process.UntilPrintedAsync("order 1 good");
        await process.UntilPrintedAsync("Function Slow was cancelled");
        await process.UntilPrintedAsync($"of queue {_name}, which function TakeOrder could not take, is now in {_name}-poison");
        await process.UntilPrintedAsync("Function 'TakeOrder', parameter 'order': expected Order");

        await proxy.SwitchOffAsync();
        await process.UntilPrintedAsync($"Queue {_name} of function TakeOrder at http://127.0.0.1:{proxy.Port} cannot be read");
        Assert.Equal("GET nobody True", await http.GetStringAsync(new Uri("/api/Text", UriKind.Relative)));
        await Azurite.SendAsync(Queue, """{ "Number": 2, "Item": "late" }""");
        proxy.SwitchOn();
        await process.UntilPrintedAsync("order 2 late");

        Assert.DoesNotContain(process.Lines, static line => line.Contains(WrongKey, StringComparison.Ordinal));
        await process.SignalAsync("TERM");
        Assert.Equal(0, await process.ExitCodeAsync());
    }

    private Task<SampleProcess> StartAsync(SwitchableProxy proxy) => SampleProcess.StartAsync(
        new(StringComparer.Ordinal)
        {
            ["ORDERS"] = _name,
            ["AzureWebJobsStorage"] =
                Azurite.ConnectionString.Replace($":{Queue.Uri.Port}/", $":{proxy.Port}/", StringComparison.Ordinal),
            ["AzureWebJobs.TakeOrder.Disabled"] = "false",
            ["FUNCTIONS_REQUEST_HEADERS_TIMEOUT"] = "00:00:01",
            ["FUNCTIONS_WRONG_KEYS_PER_MINUTE"] = "5",
        },
        """
        { "extensions": { "queues": {
            "maxDequeueCount": 1, "maxPollingInterval": "00:00:00.200", "visibilityTimeout": "00:00:00" } } }
        """);

    private static async Task<string> RawAsync(Uri address, string request)
    {
        using RawClient client = await RawClient.ConnectAsync(address);
        await client.SendAsync(request);
        return await client.ReadToEndAsync();
    }

    private static async Task SlowHeadersAsync(Uri address) => Assert.All(
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => RawAsync(address, "GET /api/Text HTTP/1.1\r\nHost: here\r\nX-Slow: "))),
        static reply => Assert.StartsWith("HTTP/1.1 408", reply, StringComparison.Ordinal));

    private static string HeaderFlood()
    {
        var request = new StringBuilder("GET /api/Text HTTP/1.1\r\nHost: here\r\n");
        for (int i = 0; i < 1000; i++)
        {
            request.Append($"X-{i}: {i}\r\n");
        }

        return request.Append("\r\n").ToString();
    }
}

using System.Net;
using System.Text;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;

namespace Heal.FunctionsWorker.Tests;

/// <summary>Clients that do harm, by intent or not, over raw sockets: each gets its limit, and the others are served meanwhile.</summary>
public sealed class BadClientTests : IAsyncLifetime
{
    private TestHost _host = null!;

    public async Task InitializeAsync() => _host = await TestHost.StartAsync(settings: new(StringComparer.Ordinal)
    {
        ["FUNCTIONS_REQUEST_HEADERS_TIMEOUT"] = "00:00:01",
        ["FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"] = "2048",
        ["FUNCTIONS_CONNECTION_LIMIT"] = "8",
    });

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_client_that_never_ends_its_headers_is_cut_off_and_others_are_served_meanwhile()
    {
        using RawClient slow = await ConnectAsync();
        await slow.SendAsync("GET /api/Text HTTP/1.1\r\nHost: here\r\nX-Slow: ");
        Task<string> end = slow.ReadToEndAsync();
        Assert.Equal("GET nobody True", await _host.GetTextAsync("/api/Text"));
        Assert.StartsWith("HTTP/1.1 408", await end, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_thousand_headers_are_431()
    {
        using RawClient client = await ConnectAsync();
        var request = new StringBuilder("GET /api/Text HTTP/1.1\r\nHost: here\r\n");
        for (int i = 0; i < 1000; i++)
        {
            request.Append($"X-{i}: {i}\r\n");
        }

        await client.SendAsync(request.Append("\r\n").ToString());
        Assert.StartsWith("HTTP/1.1 431", await client.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET /api/Text HTTP/1.1\r\nno colon here\r\n\r\n", "400")]
    [InlineData("GET /api/Text HTTP/1.1\r\n\r\n", "400")]
    [InlineData("complete nonsense\r\n\r\n", "400")]
    [InlineData("GET /api/Text HTTP/1.1\r\nHost: here\r\nContent-Length: many\r\n\r\n", "400")]
    [InlineData("POST /api/Text HTTP/1.1\r\nHost: here\r\nContent-Length: -1\r\n\r\n", "400")]
    [InlineData("GET /api/Text HTTP/9.9\r\nHost: here\r\n\r\n", "505")]
    public async Task A_malformed_request_is_refused_and_the_host_goes_on(string request, string status)
    {
        using RawClient client = await ConnectAsync();
        await client.SendAsync(request);
        Assert.StartsWith($"HTTP/1.1 {status}", await client.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Equal("GET nobody True", await _host.GetTextAsync("/api/Text"));
        Assert.DoesNotContain(_host.Log.Lines, static l => l.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_request_line_above_its_limit_is_414()
    {
        using RawClient client = await ConnectAsync();
        await client.SendAsync($"GET /api/Text?name={new string('x', 9000)} HTTP/1.1\r\nHost: here\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 414", await client.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_above_the_limit_is_413_with_a_length_and_without()
    {
        using RawClient client = await ConnectAsync();
        await client.SendAsync($"POST /api/orders HTTP/1.1\r\nHost: here\r\nContent-Length: 999999999\r\n\r\n");
        string withLength = await client.ReadToEndAsync();
        using RawClient chunked = await ConnectAsync();
        await chunked.SendAsync("POST /api/orders HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
            + $"1000\r\n\"{new string('x', 4095)}\r\n1000\r\n{new string('x', 4096)}\r\n");
        string withoutLength = await chunked.ReadToEndAsync();
        Assert.All([withLength, withoutLength], static r => Assert.StartsWith("HTTP/1.1 413", r, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_body_that_comes_too_slowly_is_408_after_its_grace_of_5_seconds()
    {
        using RawClient client = await ConnectAsync();
        await client.SendAsync("POST /api/orders HTTP/1.1\r\nHost: here\r\nContent-Length: 1000\r\n\r\n{ ");
        Assert.StartsWith("HTTP/1.1 408", await client.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(_host.Log.Lines, static l => l.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_client_that_leaves_cancels_its_function_and_that_is_no_error()
    {
        RawClient client = await ConnectAsync();
        await client.SendAsync("GET /api/Slow HTTP/1.1\r\nHost: here\r\n\r\n");
        await _host.Get<Journal>().NextAsync();
        client.Dispose();
        await _host.Log.UntilAsync("Function Slow was cancelled");
        Assert.Contains(
            "does not wait any more (OperationCanceledException: The operation was canceled.; invocation ",
            _host.Log.All, StringComparison.Ordinal);
        Assert.DoesNotContain(_host.Log.Lines, static l => l.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_connection_above_the_limit_is_closed_and_there_is_room_again_when_one_ends()
    {
        var held = new List<RawClient>();
        for (int i = 0; i < 8; i++)
        {
            held.Add(await ConnectAsync());
            await held[^1].SendAsync("GET /livez HTTP/1.1\r\nHost: here\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 200", await held[^1].ReadSomeAsync(), StringComparison.Ordinal);
        }

        using RawClient tooMany = await ConnectAsync();
        Assert.Equal("", await tooMany.ReadToEndAsync());
        held.ForEach(static h => h.Dispose());
        await Azurite.UntilAsync(
            async () =>
            {
                try
                {
                    return (await _host.GetAsync("/livez")).StatusCode == HttpStatusCode.OK;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "there is room again");
        Assert.Equal("GET nobody True", await _host.GetTextAsync("/api/Text"));
    }

    private Task<RawClient> ConnectAsync() => RawClient.ConnectAsync(_host.Client.BaseAddress!);
}

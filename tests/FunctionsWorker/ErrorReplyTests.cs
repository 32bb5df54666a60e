using System.Net;
using System.Text.Json.Nodes;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;

namespace Heal.FunctionsWorker.Tests;

public sealed class ErrorReplyTests
{
    private static readonly Dictionary<string, string> SmallBodies = new(StringComparer.Ordinal)
    {
        ["FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"] = "2048",
    };

    [Fact]
    public async Task An_exception_is_500_with_the_correlation_id_and_without_its_inside()
    {
        await using TestHost host = await TestHost.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/Boom");
        request.Headers.Add("x-correlation-id", "abc-123");
        HttpResponseMessage response = await host.Client.SendAsync(request);
        string body = await response.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal("abc-123", (string)JsonNode.Parse(body)!["correlationId"]!);
        Assert.Equal("abc-123", response.Headers.GetValues("x-correlation-id").Single());
        Assert.DoesNotContain("inside", body, StringComparison.Ordinal);
        Assert.Contains(host.Log.Lines, static l => l.Contains("the inside of /api/Boom", StringComparison.Ordinal)
            && l.Contains("CorrelationId=abc-123", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_traceparent_gives_the_correlation_id()
    {
        await using TestHost host = await TestHost.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/Text");
        request.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        HttpResponseMessage response = await host.Client.SendAsync(request);
        Assert.Equal("0af7651916cd43dd8448eb211c80319c", response.Headers.GetValues("x-correlation-id").Single());
    }

    [Fact]
    public async Task A_correlation_id_that_could_forge_log_lines_is_replaced()
    {
        await using TestHost host = await TestHost.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/Text");
        request.Headers.TryAddWithoutValidation("x-correlation-id", "a b;c");
        HttpResponseMessage response = await host.Client.SendAsync(request);
        Assert.NotEqual("a b;c", response.Headers.GetValues("x-correlation-id").Single());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_over_the_limit_is_413_with_and_without_a_length(bool chunked)
    {
        await using TestHost host = await TestHost.StartAsync(settings: SmallBodies);
        HttpContent body = chunked ? new StreamContent(new NoLength(new byte[4096])) : new ByteArrayContent(new byte[4096]);
        HttpResponseMessage response = await host.SendAsync(HttpMethod.Post, "/api/Echo", body: body);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Equal("The body is too large", (string)(await TestHost.JsonAsync(response))["title"]!);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_function_takes_large_bodies_and_the_hosts_own_APIs_no_more_than_a_payload_of_the_hub(bool chunked)
    {
        const int megabyte = 1024 * 1024;
        await using TestHost host = await TestHost.StartAsync(hostJson: $$"""
            { "extensions": { "durableTask": { "storageProvider": { "largePayloadStorageMaximumBytes": {{megabyte}} } } } }
            """);
        Assert.Equal(HttpStatusCode.OK, await SendAsync("/api/Echo", TestHost.HostKey, 8 * megabyte));
        Assert.Equal(
            HttpStatusCode.RequestEntityTooLarge,
            await SendAsync("/runtime/webhooks/durabletask/orchestrators/Greet", TestHost.SystemKey, megabyte + 1));

        async Task<HttpStatusCode> SendAsync(string path, string key, int size)
        {
            byte[] bytes = new byte[size];
            Array.Fill(bytes, (byte)' ');
            using var request = new HttpRequestMessage(HttpMethod.Post, path)
            {
                Content = chunked ? new StreamContent(new NoLength(bytes)) : new ByteArrayContent(bytes),
            };
            request.Headers.Add("x-functions-key", key);
            // Nothing is sent in vain: a reply to a half-sent body may be lost with its connection.
            request.Headers.ExpectContinue = true;
            return (await host.Client.SendAsync(request)).StatusCode;
        }
    }

    [Fact]
    public async Task A_function_that_outlasts_functionTimeout_is_cancelled_and_answered_with_504()
    {
        await using TestHost host = await TestHost.StartAsync(hostJson: """{ "version": "2.0", "functionTimeout": "00:00:01" }""");
        Assert.Equal(HttpStatusCode.GatewayTimeout, (await host.GetAsync("/api/Slow")).StatusCode);
    }

    [Fact]
    public async Task A_reply_that_fails_after_it_has_begun_is_cut_off_and_logged_once_and_the_host_goes_on()
    {
        await using TestHost host = await TestHost.StartAsync();
        using RawClient client = await RawClient.ConnectAsync(host.Client.BaseAddress!);
        await client.SendAsync("GET /api/Half HTTP/1.1\r\nHost: here\r\n\r\n");
        // Read before it fails: a reset connection may take with it what was not read yet.
        string reply = "";
        while (!reply.Contains("the first half", StringComparison.Ordinal))
        {
            reply += await client.ReadSomeAsync();
        }

        host.Get<Journal>().GoOn.Release();
        reply += await client.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 200", reply, StringComparison.Ordinal);
        Assert.DoesNotContain("\r\n0\r\n", reply, StringComparison.Ordinal); // what ends a reply that is whole
        await host.Log.ContainsAsync("GET /api/Half failed after its reply had begun");
        Assert.Single(host.Log.Lines, static l => l.Contains("System.InvalidOperationException: there is no second half",
            StringComparison.Ordinal));
        Assert.Equal("GET nobody True", await host.GetTextAsync("/api/Text"));
    }

    private sealed class NoLength(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}

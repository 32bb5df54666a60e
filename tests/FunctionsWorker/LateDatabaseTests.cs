using System.Net;
using System.Text.Json.Nodes;
using Heal.DurableTask.PostgreSql.Tests.Servers;
using Heal.FunctionsWorker.Tests.Support;

namespace Heal.FunctionsWorker.Tests;

/// <summary>Real processes that start while their PostgreSQL, a real server of the test's own, is down.</summary>
public sealed class LateDatabaseTests : IAsyncLifetime
{
    private const string Unknown = "a-key-that-no-setting-has";

    private const string HostJson = """
        { "extensions": { "durableTask": { "hubName": "late", "storageProvider": {
            "type": "PostgreSQL", "connectionStringName": "TEST_POSTGRES" } } } }
        """;

    private PostgresServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await PostgresServer.StartAsync();
        await _server.StopAsync();
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task A_host_serves_what_needs_no_database_says_what_is_missing_and_comes_up_by_itself()
    {
        await using SampleProcess process = await StartAsync();
        using var client = new HttpClient { BaseAddress = process.Address };
        Assert.Equal("done", await client.GetStringAsync(new Uri("/api/wait/00:00:00", UriKind.Relative)));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/api/Echo", TestHost.HostKey));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/api/Echo", key: null));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(client, "/api/Echo", Unknown));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(client, "/api/errands/e1", key: null, HttpMethod.Post));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/healthz/live"));
        foreach (string path in new[] { "/healthz/ready", "/readyz" })
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(client, path));
            await Azurite.UntilAsync(
                async () => await MissingAsync(client, path) is ["host store (timer function 'Beat')", "keys", "task hub"],
                "all that is missing is named");
        }

        Assert.DoesNotContain(process.Lines, static l => l.Contains("\"beat", StringComparison.Ordinal));

        await _server.StartAgainAsync();

        await Azurite.UntilAsync(
            async () => await StatusAsync(client, "/healthz/ready") == HttpStatusCode.OK, "the host is ready");
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/api/Echo", Unknown));
        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(client, "/api/errands/e2", key: null, HttpMethod.Post));
        await process.UntilPrintedAsync("errand e2");
        await process.UntilPrintedAsync("\"beat");
        await process.SignalAsync("TERM");
        Assert.Equal(0, await process.ExitCodeAsync());
    }

    [Fact]
    public async Task A_host_whose_database_never_came_stops_as_any_other()
    {
        await using SampleProcess process = await StartAsync();
        await process.SignalAsync("TERM");
        Assert.Equal(0, await process.ExitCodeAsync());
    }

    private Task<SampleProcess> StartAsync() => SampleProcess.StartAsync(
        new(StringComparer.Ordinal)
        {
            ["TEST_POSTGRES"] = _server.ConnectionString,
            ["BEAT"] = "00:00:01",
            ["AzureWebJobs.Beat.Disabled"] = "false",
        },
        HostJson);

    private static async Task<string[]> MissingAsync(HttpClient client, string path)
    {
        JsonObject answer = await TestHost.JsonAsync(await client.GetAsync(new Uri(path, UriKind.Relative)));
        return [.. ((JsonArray)answer["missing"]!).Select(static m => (string)m!["dependency"]!)];
    }

    private static async Task<HttpStatusCode> StatusAsync(
        HttpClient client, string path, string? key = null, HttpMethod? method = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        if (key is not null)
        {
            request.Headers.Add("x-functions-key", key);
        }

        using HttpResponseMessage response = await client.SendAsync(request);
        return response.StatusCode;
    }
}

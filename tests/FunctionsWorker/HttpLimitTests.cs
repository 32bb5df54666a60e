using System.Net;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Health;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.FunctionsWorker.Tests;

public sealed class HttpLimitTests
{
    [Fact]
    public async Task More_than_maxOutstandingRequests_are_429_with_Retry_After_and_admin_and_health_are_served()
    {
        await using TestHost host = await StartAsync("\"maxOutstandingRequests\": 2, \"maxConcurrentRequests\": 1");
        using var metrics = new MetricReader(host);
        Task<HttpResponseMessage> running = host.GetAsync("/api/Slow");
        await host.Get<Journal>().NextAsync();
        Task<HttpResponseMessage> waiting = host.GetAsync("/api/Slow");
        await metrics.UntilAsync("functions.http.waiting", 1);

        HttpResponseMessage refused = await host.GetAsync("/api/Text");
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
        Assert.Equal(1, metrics.Sum("functions.http.refused"));
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/livez")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/admin/host/status", TestHost.Master)).StatusCode);
        // the one that waited runs only when the first has ended
        Assert.Equal(["slow"], host.Get<Journal>().Entries);

        host.Get<Journal>().GoOn.Release(2);
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK], (await Task.WhenAll(running, waiting)).Select(static r => r.StatusCode));
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/api/Text")).StatusCode);
    }

    [Fact]
    public async Task A_request_that_waits_and_whose_caller_leaves_never_runs()
    {
        await using TestHost host = await StartAsync("\"maxConcurrentRequests\": 1");
        using var metrics = new MetricReader(host);
        Task<HttpResponseMessage> running = host.GetAsync("/api/Slow");
        await host.Get<Journal>().NextAsync();
        using var leave = new CancellationTokenSource();
        Task left = host.Client.GetAsync(new Uri("/api/Slow", UriKind.Relative), leave.Token);
        await metrics.UntilAsync("functions.http.waiting", 1);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        await metrics.UntilAsync("functions.http.waiting", 0);
        host.Get<Journal>().GoOn.Release();
        Assert.Equal(HttpStatusCode.OK, (await running).StatusCode);
        Assert.Equal(["slow"], host.Get<Journal>().Entries);
        Assert.DoesNotContain(host.Log.Lines, static l => l.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task With_dynamic_throttles_a_process_in_trouble_refuses_functions_until_it_is_calm_again()
    {
        var load = new SettableLoad { Sample = new(TimeSpan.Zero, 0.81) };
        await using TestHost host = await StartAsync("\"dynamicThrottlesEnabled\": true", load);
        await host.Log.UntilAsync("The process is in trouble: the process has 81");
        Assert.Equal(HttpStatusCode.TooManyRequests, (await host.GetAsync("/api/Text")).StatusCode);
        load.Sample = new(TimeSpan.Zero, 0.5);
        await host.Log.UntilAsync("no longer in trouble");
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/api/Text")).StatusCode);
        load.Sample = new(TimeSpan.FromSeconds(1.5), 0.5);
        await host.Log.UntilAsync("work waits 1.5 s for a thread");
        Assert.Equal(HttpStatusCode.TooManyRequests, (await host.GetAsync("/api/Text")).StatusCode);
    }

    [Fact]
    public async Task A_host_that_fails_its_health_checks_is_not_ready_and_says_why()
    {
        var load = new SettableLoad { Sample = new(TimeSpan.Zero, 0.95) };
        await using TestHost host = await TestHost.StartAsync(
            builder => builder.Services.AddSingleton<ILoadProbe>(load),
            hostJson: """{ "healthMonitor": { "healthCheckInterval": "00:00:01", "healthCheckThreshold": 2, "counterThreshold": 0.9 } }""");
        await Azurite.UntilAsync(
            async () => (await host.GetTextAsync("/readyz")).Contains("bad checks", StringComparison.Ordinal), "it is not ready");
        // without dynamicThrottlesEnabled the functions are served all the same
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/api/Text")).StatusCode);
    }

    [Fact]
    public async Task Custom_headers_are_on_every_reply_of_a_function_but_for_those_that_it_sets_itself()
    {
        await using TestHost host = await StartAsync(
            """ "customHeaders": { "X-Content-Type-Options": "nosniff", "x-method": "custom" } """);
        HttpResponseMessage ok = await host.GetAsync("/api/Echo");
        HttpResponseMessage refused = await host.GetAsync("/api/Echo", key: null);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.All([ok, refused], static r => Assert.Equal(["nosniff"], r.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal(["GET"], ok.Headers.GetValues("x-method"));
        Assert.False((await host.GetAsync("/livez")).Headers.Contains("X-Content-Type-Options"));
    }

    [Fact]
    public void Faulty_limits_are_refused_with_what_was_expected()
    {
        string root = Directory.CreateTempSubdirectory("function-limits-").FullName;
        const string hostJson = """
            { "extensions": { "http": {
                "maxOutstandingRequests": 0, "dynamicThrottlesEnabled": "yes",
                "hsts": { "isEnabled": true, "maxAge": "long" }, "customHeaders": { "bad name": "x" } } },
              "healthMonitor": { "counterThreshold": 80 } }
            """;
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["FUNCTIONS_CONNECTION_LIMIT"] = "none",
            ["FUNCTIONS_KNOWN_PROXIES"] = "10.0.0.0/8, proxy.example.org",
        };
        HostStartupException exception = Assert.Throws<HostStartupException>(() => TestHost.Builder(root, hostJson, settings).Build());
        string[] expected =
        [
            "$.extensions.http.maxOutstandingRequests: is 0, expected a whole number from 1 to 1000000, or -1 for no limit",
            "$.extensions.http.dynamicThrottlesEnabled: is \"yes\", expected true or false",
            "$.extensions.http.hsts.maxAge: is \"long\", expected a time",
            "$.extensions.http.customHeaders.bad name: has a name that cannot be one",
            "$.healthMonitor.counterThreshold: is 80, expected a number above 0 and up to 1",
            "setting FUNCTIONS_CONNECTION_LIMIT: is 'none', expected a number of connections from 1 to 1000000",
            "setting FUNCTIONS_KNOWN_PROXIES: is 'proxy.example.org', expected IP addresses or networks",
        ];
        Assert.All(expected, e => Assert.Contains(exception.Faults, f => f.Contains(e, StringComparison.Ordinal)));
        Assert.Equal(expected.Length, exception.Faults.Count);
        Directory.Delete(root, recursive: true);
    }

    private static Task<TestHost> StartAsync(string http, ILoadProbe? load = null) => TestHost.StartAsync(
        builder => builder.Services.AddSingleton(load ?? new SettableLoad()),
        hostJson: $$"""{ "extensions": { "http": { {{http}} } } }""");

    private sealed class SettableLoad : ILoadProbe
    {
        public LoadSample Sample { get; set; }

        public Task<LoadSample> MeasureAsync() => Task.FromResult(Sample);
    }
}

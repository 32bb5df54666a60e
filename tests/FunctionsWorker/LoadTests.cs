using System.Net;
using Heal.FunctionsWorker.Tests.Support;

namespace Heal.FunctionsWorker.Tests;

/// <summary>
/// <c>healthMonitor</c> and <c>dynamicThrottlesEnabled</c> under a load that is real: a process whose functions block its threads or keep
/// its memory. How many processors and how much memory it has is said to it, so that every machine is the same.
/// </summary>
public sealed class LoadTests
{
    private const string Throttled = """{ "extensions": { "http": { "dynamicThrottlesEnabled": true } } }""";
    private static readonly Uri Text = new("/api/Text", UriKind.Relative);
    private static readonly Uri Live = new("/healthz/live", UriKind.Relative);
    private static readonly Uri Ready = new("/healthz/ready", UriKind.Relative);

    private static readonly Dictionary<string, string> Small = new(StringComparer.Ordinal)
    {
        ["DOTNET_PROCESSOR_COUNT"] = "2",
        ["DOTNET_GCHeapHardLimit"] = "0x20000000", // 512 MiB
    };

    [Fact]
    public async Task A_process_whose_threads_are_blocked_refuses_requests_at_once_and_serves_again_when_it_has_threads()
    {
        using var service = new SilentService();
        await using SampleProcess process = await StartAsync(service, Throttled);
        using HttpClient http = Client(process);
        Task<HttpResponseMessage>[] callers = Callers(http, 100);
        // The first ones block all threads. Those behind them get no thread for over a second, and are refused when they get one.
        Assert.Equal(HttpStatusCode.TooManyRequests, (await FirstRefusedAsync(callers)).StatusCode);
        await process.UntilPrintedAsync("The process is in trouble: work waits ");

        service.HangUp();
        HttpStatusCode[] replies = [.. (await Task.WhenAll(callers)).Select(static r => r.StatusCode)];
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.TooManyRequests], replies.Distinct().Order());
        await process.UntilPrintedAsync("The process is no longer in trouble");
        await Azurite.UntilAsync(async () => (await http.GetAsync(Text)).IsSuccessStatusCode, "requests are taken again");
    }

    [Fact]
    public async Task A_process_whose_threads_stay_blocked_is_unhealthy_and_healthy_again_when_the_bad_checks_are_past()
    {
        using var service = new SilentService();
        await using SampleProcess process = await StartAsync(service, Checked("00:00:10", counterThreshold: 0.8));
        using HttpClient http = Client(process);
        Task<HttpResponseMessage>[] callers = Callers(http, 40);
        await process.UntilPrintedAsync("The host is unhealthy: 3 bad checks within 00:00:10, the last one because work waits");

        service.HangUp();
        // Without dynamicThrottlesEnabled nobody was refused.
        Assert.All(await Task.WhenAll(callers), static r => Assert.Equal(HttpStatusCode.OK, r.StatusCode));
        HttpResponseMessage ready = await http.GetAsync(Ready);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Contains("host load", await ready.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await process.UntilPrintedAsync("The host is healthy again");
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(Ready)).StatusCode);
    }

    [Fact]
    public async Task A_process_that_keeps_too_much_memory_refuses_requests_and_is_unhealthy_until_it_gives_it_back()
    {
        using var service = new SilentService();
        await using SampleProcess process = await StartAsync(service, Checked("00:00:05", counterThreshold: 0.6, throttles: true));
        using HttpClient http = Client(process);
        Assert.True((await http.GetAsync(Text)).IsSuccessStatusCode);
        using var leave = new CancellationTokenSource();
        Task<HttpResponseMessage> keeping = http.GetAsync(new Uri("/api/keep/320", UriKind.Relative), leave.Token);
        await process.UntilPrintedAsync("The process is in trouble: the process has ");
        await process.UntilPrintedAsync("The host is unhealthy: 3 bad checks within 00:00:05, the last one because the process has ");
        HttpResponseMessage refused = await http.GetAsync(Text);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync(Ready)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(Live)).StatusCode);

        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => keeping);
        await process.UntilPrintedAsync("The process is no longer in trouble");
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(Text)).StatusCode);
        await process.UntilPrintedAsync("The host is healthy again");
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(Ready)).StatusCode);
    }

    private static Task<SampleProcess> StartAsync(SilentService service, string hostJson) => SampleProcess.StartAsync(
        new(StringComparer.Ordinal) { ["SLOW_SERVICE"] = service.Address }, hostJson, Small);

    private static string Checked(string window, double counterThreshold, bool throttles = false) => $$"""
        {
          "healthMonitor": {
            "healthCheckInterval": "00:00:01", "healthCheckThreshold": 3, "healthCheckWindow": "{{window}}",
            "counterThreshold": {{counterThreshold}}
          },
          "extensions": { "http": { "dynamicThrottlesEnabled": {{(throttles ? "true" : "false")}} } }
        }
        """;

    private static HttpClient Client(SampleProcess process) => new() { BaseAddress = process.Address };

    private static Task<HttpResponseMessage>[] Callers(HttpClient http, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => http.GetAsync(new Uri("/api/Block", UriKind.Relative)))];

    private static async Task<HttpResponseMessage> FirstRefusedAsync(Task<HttpResponseMessage>[] callers) =>
        await await Task.WhenAny(callers);
}

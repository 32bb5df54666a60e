using System.Net;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;

namespace Heal.FunctionsWorker.Tests;

public sealed class GracefulStopTests
{
    [Fact]
    public async Task A_running_invocation_may_finish_while_the_host_stops()
    {
        await using TestHost host = await TestHost.StartAsync();
        Task<HttpResponseMessage> running = host.GetAsync("/api/Slow");
        await host.Get<Journal>().NextAsync();
        Task stopped = host.Host.StopAsync();
        host.Get<Journal>().GoOn.Release();
        Assert.Equal(HttpStatusCode.OK, (await running).StatusCode);
        await stopped;
    }

    [Fact]
    public async Task An_invocation_that_outlasts_the_drain_timeout_is_cancelled()
    {
        await using TestHost host = await TestHost.StartAsync(
            settings: new(StringComparer.Ordinal) { ["FUNCTIONS_DRAIN_TIMEOUT"] = "00:00:01" });
        Task<HttpResponseMessage> running = host.GetAsync("/api/Slow");
        await host.Get<Journal>().NextAsync();
        await host.Host.StopAsync();
        Assert.Equal(HttpStatusCode.InternalServerError, (await running).StatusCode);
    }
}

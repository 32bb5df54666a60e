using System.Net;
using System.Net.Http.Json;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker.Store;
using Microsoft.Extensions.DependencyInjection;

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
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await running).StatusCode);
    }

    [Theory]
    [InlineData("/api/await/nobody", HttpStatusCode.ServiceUnavailable)]
    [InlineData("/api/patience/3000000", HttpStatusCode.Accepted)]
    [InlineData(
        "/runtime/webhooks/durabletask/orchestrators/Greet?timeout=3000&pollingInterval=1&code=" + TestHost.SystemKey,
        HttpStatusCode.Accepted)]
    public async Task A_wait_for_an_instance_ends_when_the_host_stops(string path, HttpStatusCode expected)
    {
        await using TestHost host = await TestHost.StartAsync(
            settings: new(StringComparer.Ordinal) { ["FUNCTIONS_DRAIN_TIMEOUT"] = "00:50:00" });
        Task<HttpResponseMessage> running = host.SendAsync(HttpMethod.Post, path, key: null, JsonContent.Create("Ada"));
        await host.Get<Journal>().NextAsync();
        await host.Host.StopAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(expected, (await running).StatusCode);
    }

    [Fact]
    public async Task A_timer_function_that_does_not_heed_its_token_is_abandoned_and_its_lease_given_back()
    {
        var journal = new Journal { Hold = true };
        await using TestHost host = await TestHost.StartAsync(
            builder => builder.Services.AddSingleton(journal),
            new(StringComparer.Ordinal) { ["FUNCTIONS_DRAIN_TIMEOUT"] = "00:00:00", ["WAKE"] = "0 0 0 1 1 *" },
            listeners: ["Wake"]);
        await journal.NextAsync();
        await host.Host.StopAsync();
        Assert.Null((await host.Get<IHostStore>().ReadAsync("Wake", CancellationToken.None))!.LeaseLeft);
        journal.GoOn.Release();
    }
}

using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Heal.FunctionsWorker.Tests;

public sealed class HealthTests
{
    [Theory]
    [InlineData("/healthz/live")]
    [InlineData("/healthz/ready")]
    [InlineData("/livez")]
    [InlineData("/readyz")]
    public async Task A_host_that_runs_is_live_and_ready_under_both_names_without_a_key(string path)
    {
        await using TestHost host = await TestHost.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync(path, key: null)).StatusCode);
    }

    [Fact]
    public async Task At_the_start_the_log_has_the_number_of_functions_the_time_that_it_took_and_the_memory()
    {
        await using TestHost host = await TestHost.StartAsync();
        await host.Log.ContainsAsync("Ready: ");
        Match ready = Regex.Match(
            host.Log.All, "Ready: ([0-9]+) functions, ([0-9]+) ms after the start of the process, ([0-9]+) MB of memory");
        Assert.True(ready.Success);
        JsonObject status = await TestHost.JsonAsync(await host.GetAsync("/admin/host/status", TestHost.Master));
        Assert.Equal($"{status["functionCount"]}", ready.Groups[1].Value);
        Assert.All(ready.Groups.Values.Skip(2), static number => Assert.NotEqual("0", number.Value));
    }

    [Fact]
    public async Task A_host_is_live_but_not_ready_before_everything_has_started_and_from_the_moment_it_stops()
    {
        var answers = new List<string>();
        await using (await TestHost.StartAsync(builder => builder.Services.AddHostedService(provider => new Asker(provider, answers))))
        {
            Assert.Equal(["starting 503", "live 200"], answers);
        }

        Assert.Equal(["starting 503", "live 200", "stopping 503", "live 200"], answers);
    }

    /// <summary>Asks when all services have started but the host does not say so yet, and as soon as the host is told to stop.</summary>
    private sealed class Asker(IServiceProvider services, List<string> answers) : IHostedLifecycleService
    {
        private static readonly Uri Ready = new("/healthz/ready", UriKind.Relative);
        private static readonly Uri Live = new("/healthz/live", UriKind.Relative);

        public async Task StartedAsync(CancellationToken cancellationToken)
        {
            string address = services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
            var client = new HttpClient { BaseAddress = new Uri(address) };
            await AskAsync(client);
            services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(() =>
            {
                // The server takes no connections any more; the one that is open still answers.
                AskAsync(client).GetAwaiter().GetResult();
                client.Dispose();
            });
        }

        public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        private async Task AskAsync(HttpClient client)
        {
            foreach (Uri path in new[] { Ready, Live })
            {
                HttpResponseMessage response = await client.GetAsync(path);
                string status = (string)(await TestHost.JsonAsync(response))["status"]!;
                answers.Add($"{status} {(int)response.StatusCode}");
            }
        }
    }
}

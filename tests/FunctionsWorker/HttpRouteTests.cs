using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Extensions.Hosting;

namespace Heal.FunctionsWorker.Tests;

public sealed class HttpRouteTests
{
    [Theory]
    [InlineData("")]
    [InlineData("Admin")]
    public void A_route_that_belongs_to_the_host_is_a_fault_that_names_function_and_route(string prefix)
    {
        var faults = new FunctionFaults();
        IReadOnlyList<HttpRoute> routes = HttpRoute.Of(Catalog(), prefix, faults);
        Assert.Empty(routes);
        Assert.Contains("function 'Mine'", Assert.Single(faults.All), StringComparison.Ordinal);
        Assert.Contains("belongs to the host", faults.All.First(), StringComparison.Ordinal);
    }

    [Fact]
    public void Behind_a_prefix_the_same_words_are_free()
    {
        var faults = new FunctionFaults();
        Assert.Equal("/api/healthz/live", Assert.Single(HttpRoute.Of(Catalog(), "api", faults)).Template);
        Assert.Empty(faults.All);
    }

    [Fact]
    public async Task Middleware_finds_the_endpoint_named_as_its_function_with_the_methods_as_its_only_metadata()
    {
        RouteEndpoint? endpoint = null;
        await using TestHost host = await TestHost.StartAsync(configure: app => app.UseMiddleware(async (context, next) =>
        {
            endpoint = context.GetHttpContext()!.GetEndpoint() as RouteEndpoint;
            await next();
        }));
        await host.GetTextAsync("/api/orders/42");

        Assert.Equal(("OrderById", "api/orders/{id:int}"), (endpoint!.DisplayName, endpoint.RoutePattern.RawText));
        Assert.Equal(["GET"], Assert.IsType<HttpMethodMetadata>(Assert.Single(endpoint.Metadata)).HttpMethods);
    }

    [Theory]
    [InlineData(TestHost.HostKey, 200)]
    [InlineData("wrong-key-wrong-key", 401)]
    public async Task The_metrics_of_the_web_server_know_the_route(string key, int status)
    {
        var measured = new ConcurrentQueue<(object? Route, object? Status)>();
        await using TestHost host = await TestHost.StartAsync();
        var factory = host.Get<IMeterFactory>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == "http.server.request.duration" && instrument.Meter.Scope == factory)
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) =>
        {
            Dictionary<string, object?> all = tags.ToArray().ToDictionary(StringComparer.Ordinal);
            measured.Enqueue((all.GetValueOrDefault("http.route"), all["http.response.status_code"]));
        });
        listener.Start();
        await host.GetAsync("/api/Echo", key);

        // Measured after the reply has gone.
        await Azurite.UntilAsync(() => Task.FromResult(!measured.IsEmpty), "the request is measured");
        Assert.Equal(("/api/Echo", status), measured.Single());
    }

    private static FunctionCatalog Catalog() =>
        FunctionCatalog.Of([("Mine", typeof(HttpRouteTests).GetMethod(nameof(Mine))!)]);

    public static string Mine([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "healthz/live")] HttpRequest request) =>
        request.Path;
}

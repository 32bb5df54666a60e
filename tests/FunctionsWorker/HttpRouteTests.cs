using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Http;

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

    private static FunctionCatalog Catalog() =>
        FunctionCatalog.Of([("Mine", typeof(HttpRouteTests).GetMethod(nameof(Mine))!)]);

    public static string Mine([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "healthz/live")] HttpRequest request) =>
        request.Path;
}

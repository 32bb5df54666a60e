using Heal.FunctionsWorker.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.FunctionsWorker.Tests;

public sealed class RouteConstraintTests
{
    [Theory]
    [InlineData("orders/{id:int:range(1,5)}/{name:alpha?}", null)]
    [InlineData("orders/{id:colour}", "constraint 'colour' of 'id' cannot be used: The constraint reference 'colour'")]
    [InlineData("orders/{id:range(1)}", "constraint 'range(1)' of 'id' cannot be used")]
    [InlineData("orders/{id:min(five)}", "constraint 'min(five)' of 'id' cannot be used")]
    [InlineData("orders/{id:regex(^[a-z)}", "constraint 'regex(^[a-z)' of 'id' cannot be used: Invalid pattern")]
    [InlineData("orders/{id:regex(^[a-z]+$)}", null)]
    public async Task A_constraint_that_cannot_be_made_is_found_with_function_and_route_before_any_request(
        string template, string? expected)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder();
        await using WebApplication app = builder.Build();
        string[] faults = [.. RouteConstraints.Faults(Route(template), app.Services.GetRequiredService<ParameterPolicyFactory>())];
        if (expected is null)
        {
            Assert.Empty(faults);
            return;
        }

        string fault = Assert.Single(faults);
        Assert.Contains(expected, fault, StringComparison.Ordinal);
        Assert.StartsWith($"function 'OrderById' (Heal.FunctionsWorker.Tests.Sample.HttpSamples.OrderById): route '{template}'", fault,
            StringComparison.Ordinal);
    }

    private static HttpRoute Route(string template)
    {
        FunctionDescriptor function = Catalogs.Discover(typeof(RouteConstraintTests).Assembly).Functions
            .First(static f => f.Name == "OrderById");
        return new(function, (HttpTriggerAttribute)function.Trigger, RoutePatternFactory.Parse(template));
    }
}

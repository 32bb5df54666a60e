using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker.Admin;
using Microsoft.Azure.Functions.Worker.Health;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Azure.Functions.Worker.Http.OpenApi;
using Microsoft.Azure.Functions.Worker.Management;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Azure.Functions.Worker.Hosting;

/// <summary>The order of the web server's pipeline, and what it serves.</summary>
internal static class HostEndpoints
{
    public static void Map(IApplicationBuilder app, HostPlan plan)
    {
        RouteConstraints.Check(plan, app.ApplicationServices.GetRequiredService<ParameterPolicyFactory>());
        WebServer.Use(app, plan.Settings);
        app.UseMiddleware<Correlation>();
        app.UseMiddleware<ErrorReplies>();
        app.UseRouting();
        app.UseEndpoints(endpoints => Map(endpoints, app.ApplicationServices, plan));
    }

    private static void Map(IEndpointRouteBuilder endpoints, IServiceProvider services, HostPlan plan)
    {
        services.GetRequiredService<HealthEndpoints>().Map(endpoints);
        services.GetRequiredService<KeyApi>().Map(endpoints);
        services.GetRequiredService<FunctionApi>().Map(endpoints);
        services.GetRequiredService<HttpFunctions>().Map(endpoints, plan.Routes);
        services.GetRequiredService<OpenApiEndpoint>().Map(endpoints);
        services.GetService<ManagementApi>()?.Map(endpoints);
    }
}

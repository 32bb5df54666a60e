using Microsoft.AspNetCore.Builder;
using Microsoft.Azure.Functions.Worker.Health;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Azure.Functions.Worker.Management;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Azure.Functions.Worker.Hosting;

/// <summary>The order of the web server's pipeline, and what it serves.</summary>
internal static class HostEndpoints
{
    public static void Map(WebApplication app, HostPlan plan)
    {
        app.UseMiddleware<Correlation>();
        app.UseMiddleware<ErrorReplies>();
        app.Services.GetRequiredService<HealthEndpoints>().Map(app);
        app.Services.GetRequiredService<HttpFunctions>().Map(app, plan.Routes);
        if (app.Services.GetService<ManagementApi>() is { } management)
        {
            management.Map(app);
            app.Services.GetRequiredService<EntityApi>().Map(app);
        }
    }
}

using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Azure.Functions.Worker.Health;

/// <summary>
/// <c>/livez</c>: the process answers. <c>/readyz</c>: 200, or 503 with the dependencies that are missing. Both anonymous.
/// <c>/admin/host/status</c> (master key): the same with version and uptime.
/// </summary>
internal sealed class HealthEndpoints(HostHealth health, KeyGate gate, IHostApplicationLifetime lifetime, TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/livez", static () => Results.Json(new { status = "live" }));
        endpoints.MapGet("/readyz", Ready);
        endpoints.MapGet("/admin/host/status", gate.Guard(AuthorizationLevel.Admin, function: null, StatusAsync));
    }

    private IResult Ready()
    {
        bool stopping = lifetime.ApplicationStopping.IsCancellationRequested;
        bool ready = health.IsReady && !stopping;
        var missing = health.Dependencies
            .Where(static d => d.Value is not null)
            .Select(static d => new { dependency = d.Key, reason = d.Value });
        return Results.Json(
            new { status = ready ? "ready" : stopping ? "stopping" : "notReady", missing },
            statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private Task StatusAsync(HttpContext http) => http.Response.WriteAsJsonAsync(
        new
        {
            id = Environment.MachineName,
            state = health.IsReady ? "Running" : "Error",
            version = typeof(HealthEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion,
            processUptime = (long)time.GetElapsedTime(_started).TotalMilliseconds,
            errors = health.Dependencies.Where(static d => d.Value is not null).Select(static d => $"{d.Key}: {d.Value}"),
        },
        http.RequestAborted);
}

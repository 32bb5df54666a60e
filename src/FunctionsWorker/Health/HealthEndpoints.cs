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
    private static readonly string? Version =
        typeof(HealthEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;

    private readonly long _started = time.GetTimestamp();

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/livez", static () => Results.Json(new { status = "live" }));
        endpoints.MapGet("/readyz", ReadyAsync);
        endpoints.MapGet("/admin/host/status", gate.Guard(AuthorizationLevel.Admin, function: null, StatusAsync));
    }

    private async Task<IResult> ReadyAsync(CancellationToken cancellationToken)
    {
        bool stopping = lifetime.ApplicationStopping.IsCancellationRequested;
        IReadOnlyList<MissingDependency> missing = await health.MissingAsync(cancellationToken);
        bool ready = missing.Count == 0 && !stopping;
        return Results.Json(
            new { status = ready ? "ready" : stopping ? "stopping" : "notReady", missing },
            statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private async Task StatusAsync(HttpContext http)
    {
        IReadOnlyList<MissingDependency> missing = await health.MissingAsync(http.RequestAborted);
        await http.Response.WriteAsJsonAsync(
            new
            {
                id = Environment.MachineName,
                state = missing.Count == 0 ? "Running" : "Error",
                version = Version,
                processUptime = (long)time.GetElapsedTime(_started).TotalMilliseconds,
                errors = missing.Select(static m => $"{m.Dependency}: {m.Reason}"),
            },
            http.RequestAborted);
    }
}

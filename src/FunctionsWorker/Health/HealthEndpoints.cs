using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker.Hosting;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Azure.Functions.Worker.Health;

/// <summary>
/// <c>/healthz/live</c> (also <c>/livez</c>): the process answers. <c>/healthz/ready</c> (also <c>/readyz</c>): 200, or 503 while the host
/// starts, stops, or lacks something, with what it is. Both anonymous.
/// <c>/admin/host/status</c> (master key): the same with version, uptime and number of functions.
/// </summary>
internal sealed class HealthEndpoints(
    HostHealth health, HostPlan plan, KeyGate gate, IHostApplicationLifetime lifetime, TimeProvider time)
{
    private static readonly string? Version =
        typeof(HealthEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;

    private readonly long _started = time.GetTimestamp();

    public void Map(IEndpointRouteBuilder endpoints)
    {
        foreach ((string live, string ready) in new[] { ("/healthz/live", "/healthz/ready"), ("/livez", "/readyz") })
        {
            endpoints.MapGet(live, LiveAsync);
            endpoints.MapGet(ready, ReadyAsync);
        }

        endpoints.MapGet("/admin/host/status", gate.Guard(AuthorizationLevel.Admin, function: null, StatusAsync));
    }

    // Plain request delegates: for any other, the framework compiles expressions while the host starts.
    private static Task LiveAsync(HttpContext http) => http.Response.WriteAsJsonAsync(new { status = "live" }, http.RequestAborted);

    private async Task ReadyAsync(HttpContext http)
    {
        bool stopping = lifetime.ApplicationStopping.IsCancellationRequested;
        bool started = lifetime.ApplicationStarted.IsCancellationRequested;
        IReadOnlyList<MissingDependency> missing = await health.MissingAsync(http.RequestAborted);
        bool ready = missing.Count == 0 && started && !stopping;
        http.Response.StatusCode = ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        string status = ready ? "ready" : stopping ? "stopping" : started ? "notReady" : "starting";
        await http.Response.WriteAsJsonAsync(new { status, missing }, http.RequestAborted);
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
                functionCount = plan.Catalog.Functions.Length,
                disabledCount = plan.Disabled.Count,
                processUptime = (long)time.GetElapsedTime(_started).TotalMilliseconds,
                errors = missing.Select(static m => $"{m.Dependency}: {m.Reason}").Concat(plan.Catalog.Faults.All),
            },
            http.RequestAborted);
    }
}

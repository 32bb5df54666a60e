using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Heal.Bench.FunctionsWorker.Apps;

/// <summary>What the function host is compared with: a minimal API that does the same, on the same web server.</summary>
internal static class KestrelApp
{
    public static Task RunAsync(string[] args)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        WebApplication app = builder.Build();
        app.MapGet("/readyz", static () => "ready");
        app.MapGet("/api/hello/{name}", static (string name) => $"Hello {name}!");
        app.MapGet("/api/allocated", static () => Allocated.Bytes);
        return app.RunAsync();
    }
}

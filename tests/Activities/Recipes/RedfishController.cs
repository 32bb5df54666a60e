using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Heal.Activities.Tests;

/// <summary>Management controllers of machines that do not exist, over HTTP: the part of Redfish that switches power.</summary>
internal sealed class RedfishController : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, (string State, int Switched)> _machines = new(StringComparer.Ordinal);
    private WebApplication? _app;

    public FencingOptions Options { get; } = new();

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(HandleAsync);
        await _app.StartAsync();
    }

    public void Add(string node)
    {
        _machines[node] = ("On", 0);
        Options.Nodes[node] = new FencingController { System = new Uri($"{_app!.Urls.First()}/redfish/v1/Systems/{node}") };
    }

    public FencingController Controller(string node) => Options.Nodes[node];

    public void Remove(string node) => Options.Nodes.Remove(node);

    public string State(string node) => _machines[node].State;

    /// <summary>How often its power was changed by a call.</summary>
    public int Switched(string node) => _machines[node].Switched;

    public async ValueTask DisposeAsync()
    {
        if (_app is not null) await _app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext http)
    {
        var parts = http.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length < 4 || !_machines.TryGetValue(parts[3], out var machine))
        {
            http.Response.StatusCode = 404;
            return;
        }

        if (http.Request.Method == "POST")
        {
            using var reader = new StreamReader(http.Request.Body);
            var wanted = (await reader.ReadToEndAsync()).Contains("ForceOff", StringComparison.Ordinal) ? "Off" : "On";
            if (machine.State != wanted) _machines[parts[3]] = (wanted, machine.Switched + 1);
            http.Response.StatusCode = 204;
            return;
        }

        await http.Response.WriteAsync($"{{\"Id\":\"{parts[3]}\",\"PowerState\":\"{machine.State}\"}}");
    }
}

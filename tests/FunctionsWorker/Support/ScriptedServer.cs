using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Heal.FunctionsWorker.Tests.Support;

/// <summary>A web server that answers each path by its script, one line per request; the last line answers all that follow.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, ConcurrentQueue<RequestDelegate>> _scripts = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<Received> _requests = new();
    private readonly WebApplication _app;

    private ScriptedServer(WebApplication app)
    {
        _app = app;
        app.Run(AnswerAsync);
    }

    public string Root => _app.Urls.First();

    public IReadOnlyList<Received> Requests => [.. _requests];

    public static async Task<ScriptedServer> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = new ScriptedServer(builder.Build());
        await server._app.StartAsync();
        return server;
    }

    public ScriptedServer On(string path, params RequestDelegate[] script)
    {
        _scripts[path] = new(script);
        return this;
    }

    /// <summary>An answer with a status, headers as "name: value", and a body.</summary>
    public static RequestDelegate Say(int status, string body = "", params string[] headers) => async http =>
    {
        http.Response.StatusCode = status;
        foreach (string header in headers)
        {
            int colon = header.IndexOf(':', StringComparison.Ordinal);
            http.Response.Headers.Append(header[..colon], header[(colon + 1)..].Trim());
        }

        await http.Response.WriteAsync(body);
    };

    /// <summary>No answer until the caller goes.</summary>
    public static Task Hang(HttpContext http)
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        http.RequestAborted.Register(gone.SetResult);
        return gone.Task;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        _requests.Enqueue(new(
            http.Request.Method,
            http.Request.Path + http.Request.QueryString,
            http.Request.Headers.ToDictionary(static h => h.Key, static h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            await reader.ReadToEndAsync()));
        ConcurrentQueue<RequestDelegate> script = _scripts[http.Request.Path];
        RequestDelegate? line = script.Count > 1 && script.TryDequeue(out RequestDelegate? next) ? next : script.First();
        await line(http);
    }

    internal sealed record Received(string Method, string Path, IReadOnlyDictionary<string, string> Headers, string Body);
}

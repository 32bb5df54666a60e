using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Heal.Cli.Tests;

/// <summary>A web server that answers as a test says, and keeps what it was asked.</summary>
internal sealed class StubHealer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Func<HttpContext, Task>>> _answers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Func<HttpContext, Task>> _last = new(StringComparer.Ordinal);

    private StubHealer(WebApplication app) => _app = app;

    public ConcurrentQueue<Asked> Requests { get; } = [];

    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public static async Task<StubHealer> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        var stub = new StubHealer(app);
        app.Run(stub.AnswerAsync);
        await app.StartAsync();
        return stub;
    }

    /// <summary>One answer; several of one address come in their order, and the last one again and again.</summary>
    /// <param name="request">Method, path and query, for example <c>GET /api/vms</c>.</param>
    public StubHealer On(string request, int status, string body = "", string contentType = "application/json") => On(request, context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        return context.Response.WriteAsync(body);
    });

    public StubHealer On(string request, Func<HttpContext, Task> answer)
    {
        _answers.GetOrAdd(request, _ => []).Enqueue(answer);
        return this;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        string request = $"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}";
        using var reader = new StreamReader(context.Request.Body);
        Requests.Enqueue(new Asked(request, await reader.ReadToEndAsync(), context.Request.Headers["x-functions-key"].ToString()));
        if (_answers.TryGetValue(request, out ConcurrentQueue<Func<HttpContext, Task>>? queue) && queue.TryDequeue(out var next))
        {
            _last[request] = next;
        }

        if (_last.TryGetValue(request, out Func<HttpContext, Task>? answer))
        {
            await answer(context);
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            await context.Response.WriteAsync("""{ "title": "Not found", "detail": "nothing was prepared here" }""");
        }
    }

    /// <param name="What">Method, path and query.</param>
    internal sealed record Asked(string What, string Body, string Key);
}

using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Heal.EndToEnd.Tests;

/// <summary>
/// Stands between the app and its cluster and tells the test of every call, before it reaches the cluster and after the cluster answered
/// but before the app hears of it: the two moments between which an effect happens.
/// </summary>
internal sealed class InterceptingProxy : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _cluster;

    private InterceptingProxy(WebApplication app, HttpClient cluster)
    {
        _app = app;
        _cluster = cluster;
    }

    public Uri Url => new(_app.Urls.First());

    /// <summary>Called before a request is forwarded.</summary>
    public Action<HttpRequest> Arrived { get; set; } = _ => { };

    /// <summary>Called when the cluster has answered, before the app gets the answer.</summary>
    public Action<HttpRequest, HttpStatusCode> Answered { get; set; } = (_, _) => { };

    public static async Task<InterceptingProxy> StartAsync(Uri cluster)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false })
        {
            BaseAddress = cluster,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        var proxy = new InterceptingProxy(app, client);
        app.Run(proxy.ForwardAsync);
        await app.StartAsync();
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _app.DisposeAsync();
        _cluster.Dispose();
    }

    private async Task ForwardAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        Arrived(request);
        using var forwarded = new HttpRequestMessage(new HttpMethod(request.Method), request.Path + request.QueryString.ToString());
        using var body = new MemoryStream();
        // What the app had sent before it died is delivered all the same: the cluster does not know that the caller is gone.
        await request.Body.CopyToAsync(body, context.RequestAborted);
        if (body.Length > 0)
        {
            forwarded.Content = new ByteArrayContent(body.ToArray());
            if (request.ContentType is { } type)
            {
                forwarded.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            }
        }

        forwarded.Headers.TryAddWithoutValidation("Accept", request.Headers.Accept.ToString());
        bool isWatch = request.Query.ContainsKey("watch");
        using HttpResponseMessage answer = await _cluster.SendAsync(
            forwarded, HttpCompletionOption.ResponseHeadersRead, isWatch ? context.RequestAborted : CancellationToken.None);
        Answered(request, answer.StatusCode);
        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        if (isWatch)
        {
            // As an API server does: the answer begins at once, however long the first event takes.
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }

        await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}

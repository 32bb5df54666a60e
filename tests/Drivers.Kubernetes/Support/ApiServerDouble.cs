using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Heal.Drivers.Kubernetes.Tests.Support;

/// <summary>
/// An HTTP server that answers as scripted: per method and path a list of answers, of which the last is repeated.
/// Knows the discovery of core/v1 and apps/v1; anything else is 404 in the words of the real server. A watch that asks for what exists is
/// refused, as servers before 1.32 do, and not recorded, unless there is a script for it (<see cref="OnStream"/>).
/// </summary>
internal sealed class ApiServerDouble : IAsyncDisposable
{
    private const string Streamed = " streamed";

    private readonly ConcurrentDictionary<string, Script> _scripts = new();
    private readonly WebApplication _app;

    private ApiServerDouble(WebApplication app) => _app = app;

    public Uri Url { get; private set; } = new("http://127.0.0.1");

    public ConcurrentQueue<RecordedRequest> Requests { get; } = new();

    public ConcurrentQueue<RecordedRequest> Streams { get; } = new();

    public static async Task<ApiServerDouble> StartAsync(X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            if (certificate is not null)
                listen.UseHttps(certificate, https =>
                {
                    https.ClientCertificateMode = Microsoft.AspNetCore.Server.Kestrel.Https.ClientCertificateMode.AllowCertificate;
                    https.AllowAnyClientCertificate();
                });
        }));
        if (certificate is not null)
            builder.WebHost.UseKestrelHttpsConfiguration();
        var app = builder.Build();
        var server = new ApiServerDouble(app);
        app.UseWebSockets();
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        server.Url = new Uri(address);
        server.On("GET /api/v1", Some.CoreDiscovery);
        server.On("GET /apis/apps", Some.Group("apps", "v1"));
        server.On("GET /apis/apps/v1", Some.AppsDiscovery);
        return server;
    }

    /// <summary>Scripts the answers to e.g. "GET /api/v1/pods".</summary>
    public void On(string methodAndPath, params RequestDelegate[] answers) => _scripts[methodAndPath] = new Script(answers);

    /// <summary>Scripts the answers to watches that ask for what exists.</summary>
    public void OnStream(string methodAndPath, params RequestDelegate[] answers) => On(methodAndPath + Streamed, answers);

    public int CountOfStreams(string methodAndPath) => Streams.Count(r => r.MethodAndPath == methodAndPath);

    public void On(string methodAndPath, string json) => On(methodAndPath, Answer.Json(json));

    public int CountOf(string methodAndPath) => Requests.Count(r => r.MethodAndPath == methodAndPath);

    public RecordedRequest[] Of(string methodAndPath) => [.. Requests.Where(r => r.MethodAndPath == methodAndPath)];

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(0);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var request = new RecordedRequest(
            $"{context.Request.Method} {context.Request.Path}",
            Uri.UnescapeDataString(context.Request.QueryString.ToString()),
            // What follows a request to change protocols is no body.
            context.WebSockets.IsWebSocketRequest ? string.Empty : await reader.ReadToEndAsync(),
            context.Request.ContentType,
            context.Request.Headers.Authorization.ToString(),
            context.Request.Host.Host,
            context.Connection.ClientCertificate?.Subject);
        var isStream = context.Request.Query["sendInitialEvents"] == "true";
        (isStream ? Streams : Requests).Enqueue(request);
        var name = isStream ? request.MethodAndPath + Streamed : request.MethodAndPath;
        var answer = _scripts.TryGetValue(name, out var script) ? script.Next() : isStream ? Answer.NotStreamed : Answer.PathUnknown;
        await answer(context);
    }

    private sealed class Script(RequestDelegate[] answers)
    {
        private int _next = -1;

        public RequestDelegate Next() => answers[Math.Min(Interlocked.Increment(ref _next), answers.Length - 1)];
    }
}

internal sealed record RecordedRequest(
    string MethodAndPath, string Query, string Body, string? ContentType, string Authorization, string Host, string? ClientCertificate);

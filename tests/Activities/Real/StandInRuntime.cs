using System.ComponentModel;
using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Pods;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Heal.Activities.Tests;

/// <summary>
/// The part of a kubelet that runs commands in containers, as a real API server calls it: over HTTPS, with a certificate of the
/// cluster's authority, and a WebSocket that the API server passes on. The commands run in this machine's own shell.
/// </summary>
internal sealed class StandInRuntime : IAsyncDisposable
{
    private const string Protocol = "v4.channel.k8s.io";
    private const byte Output = 1;
    private const byte Errors = 2;
    private const byte Final = 3;

    private readonly WebApplication _app;
    private readonly X509Certificate2 _certificate;
    private readonly LocalContainers _containers = new();

    private StandInRuntime(WebApplication app, X509Certificate2 certificate) => (_app, _certificate) = (app, certificate);

    /// <summary>Where nodes are to say that their kubelet listens.</summary>
    public int Port => new Uri(_app.Urls.First()).Port;

    public static async Task<StandInRuntime> StartAsync(ControlPlane plane)
    {
        var authority = new Authority(plane);
        await authority.WriteServerAsync("kubelet", authority.Since, DateTimeOffset.UtcNow.AddDays(1));
        var certificate = X509Certificate2.CreateFromPemFile(
            Path.Combine(plane.Certificates, "kubelet.crt"), Path.Combine(plane.Certificates, "kubelet.key"));
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        builder.WebHost.UseKestrelHttpsConfiguration();
        var runtime = new StandInRuntime(builder.Build(), certificate);
        runtime._app.UseWebSockets();
        runtime._app.Run(runtime.HandleAsync);
        await runtime._app.StartAsync();
        return runtime;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _certificate.Dispose();
    }

    // /exec/NAMESPACE/POD/CONTAINER?command=WORD&command=WORD
    private async Task HandleAsync(HttpContext http)
    {
        if (http.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries) is not ["exec", var ns, var pod, var container]
            || !http.WebSockets.WebSocketRequestedProtocols.Contains(Protocol))
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        var options = new ExecOptions { Command = [.. http.Request.Query["command"].Select(word => word ?? "")], Container = container };
        using var socket = await http.WebSockets.AcceptWebSocketAsync(Protocol);
        await SendAsync(socket, Final, await RunAsync(socket, ns, pod, options));
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
    }

    private async Task<string> RunAsync(WebSocket socket, string ns, string pod, ExecOptions options)
    {
        try
        {
            var result = await _containers.ExecAsync(ns, pod, options);
            await SendAsync(socket, Output, result.StandardOutput);
            await SendAsync(socket, Errors, result.StandardError);
            return Status(result.ExitCode);
        }
        catch (Win32Exception e)
        {
            return new JsonObject { ["status"] = "Failure", ["reason"] = "InternalError", ["message"] = e.Message }.ToJsonString();
        }
    }

    private static string Status(int exitCode) => exitCode == 0
        ? """{"metadata":{},"status":"Success"}"""
        : new JsonObject
        {
            ["status"] = "Failure", ["reason"] = "NonZeroExitCode",
            ["details"] = new JsonObject
            {
                ["causes"] = new JsonArray(new JsonObject
                {
                    ["reason"] = "ExitCode", ["message"] = exitCode.ToString(CultureInfo.InvariantCulture),
                }),
            },
        }.ToJsonString();

    private static async Task SendAsync(WebSocket socket, byte channel, string text)
    {
        if (text.Length == 0) return;
        byte[] message = [channel, .. Encoding.UTF8.GetBytes(text)];
        await socket.SendAsync(message, WebSocketMessageType.Binary, true, CancellationToken.None);
    }
}

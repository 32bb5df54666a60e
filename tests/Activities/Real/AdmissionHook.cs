using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Heal.Activities.Tests;

/// <summary>An admission webhook over HTTPS that refuses everything that it is asked about, or allows it after a while, and counts what the
/// tests' user asked for: the cluster's own controllers write to nodes too.</summary>
internal sealed class AdmissionHook : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly X509Certificate2 _certificate;
    private readonly bool _refuses;
    private volatile TaskCompletionSource _gate = new();
    private int _asked;

    private AdmissionHook(WebApplication app, X509Certificate2 certificate, bool refuses)
    {
        (_app, _certificate, _refuses) = (app, certificate, refuses);
        _gate.SetResult();
    }

    public const string Words = "nodes are frozen until Monday (change freeze 4711)";

    public int Asked => Volatile.Read(ref _asked);

    public static async Task<AdmissionHook> StartAsync(bool refuses = true)
    {
        var certificate = SelfSigned();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        builder.WebHost.UseKestrelHttpsConfiguration();
        var hook = new AdmissionHook(builder.Build(), certificate, refuses);
        hook._app.Run(hook.HandleAsync);
        await hook._app.StartAsync();
        return hook;
    }

    /// <summary>The configuration that sends it the changes of the objects with a label.</summary>
    public string Configuration(
        string name, string label, string value, string operation = "UPDATE", string resource = "nodes", int timeout = 5) => $$"""
        { "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": { "name": "{{name}}" },
          "webhooks": [ { "name": "freeze.example.org", "admissionReviewVersions": [ "v1" ], "sideEffects": "None",
            "timeoutSeconds": {{timeout}}, "failurePolicy": "Fail", "objectSelector": { "matchLabels": { "{{label}}": "{{value}}" } },
            "rules": [ { "apiGroups": [ "" ], "apiVersions": [ "v1" ], "operations": [ "{{operation}}" ],
              "resources": [ "{{resource}}" ] } ],
            "clientConfig": { "url": "{{_app.Urls.First()}}/",
              "caBundle": "{{Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(_certificate.ExportCertificatePem()))}}" } } ] }
        """;

    /// <summary>From now on whoever asks waits.</summary>
    public void Hold() => _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Who waits is answered, and so is everybody from now on.</summary>
    public void LetGo() => _gate.TrySetResult();

    /// <summary>From now on nobody answers there.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _certificate.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        var review = await JsonNode.ParseAsync(context.Request.Body);
        if (review.Text("request", "userInfo", "username") == "admin") Interlocked.Increment(ref _asked);
        await _gate.Task.WaitAsync(context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await context.Response.WriteAsync(new JsonObject
        {
            ["apiVersion"] = "admission.k8s.io/v1",
            ["kind"] = "AdmissionReview",
            ["response"] = new JsonObject
            {
                ["uid"] = (string)review!["request"]!["uid"]!, ["allowed"] = !_refuses,
                ["status"] = new JsonObject { ["code"] = _refuses ? 403 : 200, ["message"] = Words },
            },
        }.ToJsonString());
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=hook", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddHours(1));
    }
}

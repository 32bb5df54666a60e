using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Heal.Activities.Tests;

/// <summary>An admission webhook over HTTPS that refuses everything that it is asked about, and counts what the tests' user asked for: the
/// cluster's own controllers write to nodes too.</summary>
internal sealed class AdmissionHook : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly X509Certificate2 _certificate;
    private int _asked;

    private AdmissionHook(WebApplication app, X509Certificate2 certificate) => (_app, _certificate) = (app, certificate);

    public const string Words = "nodes are frozen until Monday (change freeze 4711)";

    public int Asked => Volatile.Read(ref _asked);

    public static async Task<AdmissionHook> StartAsync()
    {
        var certificate = SelfSigned();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        builder.WebHost.UseKestrelHttpsConfiguration();
        var hook = new AdmissionHook(builder.Build(), certificate);
        hook._app.Run(hook.HandleAsync);
        await hook._app.StartAsync();
        return hook;
    }

    /// <summary>The configuration that sends it the changes of the objects with a label.</summary>
    public string Configuration(string name, string label, string value) => $$"""
        { "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": { "name": "{{name}}" },
          "webhooks": [ { "name": "freeze.example.org", "admissionReviewVersions": [ "v1" ], "sideEffects": "None", "timeoutSeconds": 5,
            "failurePolicy": "Fail", "objectSelector": { "matchLabels": { "{{label}}": "{{value}}" } },
            "rules": [ { "apiGroups": [ "" ], "apiVersions": [ "v1" ], "operations": [ "UPDATE" ], "resources": [ "nodes" ] } ],
            "clientConfig": { "url": "{{_app.Urls.First()}}/",
              "caBundle": "{{Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(_certificate.ExportCertificatePem()))}}" } } ] }
        """;

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
        await context.Response.WriteAsync(new JsonObject
        {
            ["apiVersion"] = "admission.k8s.io/v1",
            ["kind"] = "AdmissionReview",
            ["response"] = new JsonObject
            {
                ["uid"] = (string)review!["request"]!["uid"]!, ["allowed"] = false,
                ["status"] = new JsonObject { ["code"] = 403, ["message"] = Words },
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

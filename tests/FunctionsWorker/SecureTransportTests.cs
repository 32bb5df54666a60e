using System.Net;
using System.Security.Cryptography.X509Certificates;
using Heal.FunctionsWorker.Tests.Support;

namespace Heal.FunctionsWorker.Tests;

/// <summary>HTTPS by the server's standard settings, HSTS, and who is believed about the real caller.</summary>
public sealed class SecureTransportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("function-certificate-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Https_is_served_by_the_standard_settings_with_HSTS_when_configured()
    {
        using X509Certificate2 certificate = LoopbackCertificate.Make("functions.example.org");
        string path = Path.Combine(_folder, "host.pfx");
        string password = Guid.NewGuid().ToString();
        await File.WriteAllBytesAsync(path, certificate.Export(X509ContentType.Pfx, password));
        await using TestHost host = await TestHost.StartAsync(
            settings: new(StringComparer.Ordinal)
            {
                ["urls"] = "https://127.0.0.1:0",
                ["Kestrel:Certificates:Default:Path"] = path,
                ["Kestrel:Certificates:Default:Password"] = password,
            },
            hostJson: """
                { "extensions": { "http": { "hsts": { "isEnabled": true, "maxAge": "10", "includeSubDomains": true, "preload": true } } } }
                """);
        using SocketsHttpHandler handler = LoopbackCertificate.Trusting(certificate);
        using var client = new HttpClient(handler) { BaseAddress = host.Client.BaseAddress };
        HttpResponseMessage byAddress = await client.GetAsync(new Uri("/api/Text", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, byAddress.StatusCode);
        // no browser shall remember it for 127.0.0.1
        Assert.False(byAddress.Headers.Contains("Strict-Transport-Security"));

        using var named = new HttpRequestMessage(HttpMethod.Get, "/api/Text");
        named.Headers.Host = "functions.example.org";
        Assert.Equal(
            ["max-age=864000; includeSubDomains; preload"], (await client.SendAsync(named)).Headers.GetValues("Strict-Transport-Security"));
    }

    [Fact]
    public async Task Hsts_is_not_sent_over_plain_HTTP()
    {
        await using TestHost host = await TestHost.StartAsync(
            hostJson: """{ "extensions": { "http": { "hsts": { "isEnabled": true } } } }""");
        using var named = new HttpRequestMessage(HttpMethod.Get, "/api/Text");
        named.Headers.Host = "functions.example.org";
        HttpResponseMessage response = await host.Client.SendAsync(named);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.False(response.Headers.Contains("Strict-Transport-Security"));
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("10.0.0.0/8", false)]
    [InlineData("127.0.0.1", true)]
    [InlineData("10.0.0.0/8; 127.0.0.0/8", true)]
    public async Task Forwarded_headers_are_believed_of_known_proxies_only(string? proxies, bool isBelieved)
    {
        await using TestHost host = await TestHost.StartAsync(settings: new(StringComparer.Ordinal)
        {
            ["FUNCTIONS_KNOWN_PROXIES"] = proxies ?? "",
        });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/Caller");
        request.Headers.Add("X-Forwarded-For", "203.0.113.7");
        request.Headers.Add("X-Forwarded-Proto", "https");
        request.Headers.Add("X-Forwarded-Host", "functions.example.org");
        HttpResponseMessage response = await host.Client.SendAsync(request);
        Assert.Equal(
            isBelieved
                ? "https://functions.example.org 203.0.113.7"
                : $"{host.Client.BaseAddress!.GetLeftPart(UriPartial.Authority)} 127.0.0.1",
            await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("http://127.0.0.1:0", "", false)]
    [InlineData("http://0.0.0.0:0", "", true)]
    [InlineData("http://0.0.0.0:0", "10.0.0.1", false)]
    public async Task Plain_HTTP_that_others_can_reach_is_warned_of_at_start(string url, string proxies, bool isWarned)
    {
        await using TestHost host = await TestHost.StartAsync(settings: new(StringComparer.Ordinal)
        {
            ["urls"] = url,
            ["FUNCTIONS_KNOWN_PROXIES"] = proxies,
        });
        Assert.Equal(isWarned, host.Log.All.Contains("without TLS", StringComparison.Ordinal));
    }
}

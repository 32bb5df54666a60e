using System.Net;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Extensions.Configuration;

namespace Heal.FunctionsWorker.Tests;

/// <summary>From which pages a browser may call: what it asks, and what it is answered.</summary>
public sealed class CorsTests
{
    private const string Allow = "Access-Control-Allow-Origin";
    private const string Shop = "https://shop.example";

    [Theory]
    [InlineData("https://shop.example/, http://localhost:3000", Shop, Shop)]
    [InlineData("""["https://SHOP.example"]""", Shop, Shop)]
    [InlineData("https://shop.example", "https://evil.example", null)]
    [InlineData("*", "https://evil.example", "*")]
    [InlineData("", Shop, null)]
    public async Task A_page_is_allowed_where_a_setting_names_it(string origins, string page, string? allowed)
    {
        await using TestHost host = await TestHost.StartAsync(
            settings: new(StringComparer.Ordinal) { [CorsSettings.OriginsSetting] = origins });
        foreach (string? key in new[] { TestHost.HostKey, null })
        {
            HttpResponseMessage reply = await SendAsync(host, HttpMethod.Get, page, key);
            Assert.Equal(key is null ? HttpStatusCode.Unauthorized : HttpStatusCode.OK, reply.StatusCode);
            Assert.Equal(allowed, ValueOf(reply, Allow));
        }
    }

    [Fact]
    public async Task A_browser_that_asks_first_needs_no_key_for_that()
    {
        await using TestHost host = await TestHost.StartAsync(settings: new(StringComparer.Ordinal)
        {
            [CorsSettings.OriginsSetting] = Shop,
            [CorsSettings.CredentialsSetting] = "true",
        });
        HttpResponseMessage reply = await SendAsync(host, HttpMethod.Options, Shop, key: null, "PUT");
        Assert.Equal(HttpStatusCode.NoContent, reply.StatusCode);
        Assert.Equal(
            (Shop, "PUT", "x-functions-key", "true"),
            (ValueOf(reply, Allow), ValueOf(reply, "Access-Control-Allow-Methods"), ValueOf(reply, "Access-Control-Allow-Headers"),
                ValueOf(reply, "Access-Control-Allow-Credentials")));
    }

    [Theory]
    [InlineData("shop.example", "false", "'shop.example' is no origin")]
    [InlineData("https://shop.example/path", "false", "is no origin")]
    [InlineData("[1]", "false", "JSON array of strings")]
    [InlineData("*, https://shop.example", "false", "'*' alone")]
    [InlineData("*", "true", "without WEBSITE_CORS_SUPPORT_CREDENTIALS")]
    [InlineData("*", "maybe", "'maybe', expected true or false")]
    public void What_cannot_be_meant_is_said(string origins, string credentials, string expected)
    {
        List<string> faults = [];
        Assert.Null(CorsSettings.Read(
            new ConfigurationBuilder().AddInMemoryCollection(
                [new(CorsSettings.OriginsSetting, origins), new(CorsSettings.CredentialsSetting, credentials)]).Build(),
            faults));
        Assert.Contains(expected, Assert.Single(faults), StringComparison.Ordinal);
    }

    private static async Task<HttpResponseMessage> SendAsync(
        TestHost host, HttpMethod method, string page, string? key, string? asksFor = null)
    {
        using var request = new HttpRequestMessage(method, "/api/Echo");
        request.Headers.Add("Origin", page);
        if (asksFor is not null)
        {
            request.Headers.Add("Access-Control-Request-Method", asksFor);
            request.Headers.Add("Access-Control-Request-Headers", "x-functions-key");
        }

        if (key is not null)
        {
            request.Headers.Add("x-functions-key", key);
        }

        return await host.Client.SendAsync(request);
    }

    private static string? ValueOf(HttpResponseMessage reply, string header) =>
        reply.Headers.TryGetValues(header, out IEnumerable<string>? values) ? string.Join(",", values) : null;
}

using System.Net;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker.Keys;
using Microsoft.Extensions.Configuration;

namespace Heal.FunctionsWorker.Tests.Keys;

public sealed class KeyTests
{
    [Theory]
    [InlineData("/api/Echo", null, 401)]
    [InlineData("/api/Echo", "wrong-key-wrong-key", 401)]
    [InlineData("/api/Echo", TestHost.SystemKey, 401)]
    [InlineData("/api/Echo", TestHost.EchoKey, 200)]
    [InlineData("/api/Echo", TestHost.HostKey, 200)]
    [InlineData("/api/Echo", TestHost.Master, 200)]
    [InlineData("/api/OnlySystem", null, 401)]
    [InlineData("/api/OnlySystem", TestHost.HostKey, 401)]
    [InlineData("/api/OnlySystem", TestHost.SystemKey, 200)]
    [InlineData("/api/OnlySystem", TestHost.Master, 200)]
    [InlineData("/api/OnlyAdmin", TestHost.HostKey, 401)]
    [InlineData("/api/OnlyAdmin", TestHost.SystemKey, 401)]
    [InlineData("/api/OnlyAdmin", TestHost.EchoKey, 401)]
    [InlineData("/api/OnlyAdmin", TestHost.Master, 200)]
    [InlineData("/api/Text", null, 200)]
    [InlineData("/admin/host/status", TestHost.HostKey, 401)]
    [InlineData("/admin/host/status", TestHost.Master, 200)]
    public async Task Each_level_opens_to_its_own_keys_and_the_master_key_only(string path, string? key, int expected)
    {
        await using TestHost host = await TestHost.StartAsync();
        Assert.Equal(expected, (int)(await host.GetAsync(path, key)).StatusCode);
    }

    [Fact]
    public async Task A_key_may_come_in_the_query()
    {
        await using TestHost host = await TestHost.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync($"/api/Echo?code={TestHost.EchoKey}", key: null)).StatusCode);
    }

    [Fact]
    public void The_key_of_the_links_is_known_in_any_letter_case()
    {
        const string Setting = "AzureFunctionsKeys:system:DURABLETASK_EXTENSION";
        List<string> faults = [];
        var keys = new KeyRing(KeySet.FromConfiguration(
            new ConfigurationBuilder().AddInMemoryCollection([new(Setting, TestHost.SystemKey)]).Build(), faults));
        Assert.Equal(TestHost.SystemKey, keys.LinkKey);
        Assert.Empty(faults);
    }

    [Fact]
    public async Task A_refusal_says_which_key_is_wanted_and_no_key_is_ever_logged()
    {
        await using TestHost host = await TestHost.StartAsync();
        HttpResponseMessage response = await host.GetAsync("/api/Echo?code=wrong-key-in-the-query", key: null);
        Assert.Contains("x-functions-key", (string)(await TestHost.JsonAsync(response))["detail"]!, StringComparison.Ordinal);
        await host.GetAsync($"/api/Echo?code={TestHost.EchoKey}", key: null);
        Assert.DoesNotContain(TestHost.EchoKey, host.Log.All, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-key-in-the-query", host.Log.All, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("waived", "/api/Echo", "", "", 200)]
    [InlineData("waived", "/api/OnlyAdmin", "", "", 200)]
    [InlineData("waived", "/admin/host/status", "", "", 200)]
    [InlineData("waived", "/runtime/webhooks/durabletask/instances", "Origin", "http://localhost:3000", 200)]
    [InlineData("waived", "/api/Echo", "Origin", "https://page.example", 401)]
    [InlineData("waived", "/api/Echo", "Origin", "null", 401)]
    [InlineData("waived", "/api/Echo", "Host", "leads-here.example", 401)]
    [InlineData("waived", "/api/Echo", "X-Forwarded-For", "192.0.2.7", 401)]
    [InlineData("waived", "/api/Echo", "Forwarded", "for=192.0.2.7", 401)]
    [InlineData("waived", "/api/Echo", "X-Forwarded-Proto", "https", 401)]
    [InlineData("waived", "/api/Echo", "X-Original-For", "192.0.2.7:80", 401)]
    [InlineData("waived", "/api/Echo", "Sec-Fetch-Site", "cross-site", 401)]
    [InlineData("waived", "/api/Echo", "Sec-Fetch-Site", "same-origin", 200)]
    [InlineData("waived", "/api/Echo", "Sec-Fetch-Site", "none", 200)]
    [InlineData("required", "/api/Echo", "", "", 401)]
    public async Task Callers_on_this_machine_need_no_key_where_that_is_set_and_nobody_sent_them(
        string localKeys, string path, string header, string value, int expected)
    {
        await using TestHost host = await TestHost.StartAsync(settings: new() { ["FUNCTIONS_LOCAL_KEYS"] = localKeys });
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (header.Length > 0)
        {
            request.Headers.Add(header, value);
        }

        Assert.Equal(expected, (int)(await host.Client.SendAsync(request)).StatusCode);
        Assert.Equal(localKeys == "waived", host.Log.All.Contains("without a key", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("X-Forwarded-For", "127.0.0.1, 203.0.113.9")]
    [InlineData("X-Forwarded-Host", "localhost")]
    [InlineData("X-Forwarded-Proto", "http")]
    public async Task Who_comes_by_a_known_proxy_needs_a_key_whatever_was_forwarded(string header, string value)
    {
        await using TestHost host = await TestHost.StartAsync(settings: new(StringComparer.Ordinal)
        {
            ["FUNCTIONS_LOCAL_KEYS"] = "waived",
            ["FUNCTIONS_KNOWN_PROXIES"] = "127.0.0.1,203.0.113.0/24",
        });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/admin/host/status");
        request.Headers.Add(header, value);
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.Client.SendAsync(request)).StatusCode);
    }
}

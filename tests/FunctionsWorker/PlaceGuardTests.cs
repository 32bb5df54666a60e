using System.Net;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker.Extensions.DurableTask.Http;

namespace Heal.FunctionsWorker.Tests;

public sealed class PlaceGuardTests
{
    [Theory]
    [InlineData("93.184.216.34", true, true)]
    [InlineData("10.0.0.1", true, true)]
    [InlineData("127.0.0.1", true, false)]
    [InlineData("127.9.9.9", true, false)]
    [InlineData("0.0.0.0", true, false)]
    [InlineData("::1", true, false)]
    [InlineData("::", true, false)]
    [InlineData("::ffff:127.0.0.1", true, false)]
    [InlineData("169.254.169.254", false, false)]
    [InlineData("::ffff:169.254.169.254", false, false)]
    [InlineData("fe80::1", false, false)]
    public void A_place_is_judged_by_its_address(string address, bool notLinkLocal, bool notLocal)
    {
        var parsed = IPAddress.Parse(address);
        Assert.Equal(
            (true, notLinkLocal, notLocal),
            (
                PlaceGuard.Allows(PlaceTrust.Anywhere, parsed),
                PlaceGuard.Allows(PlaceTrust.NotLinkLocal, parsed),
                PlaceGuard.Allows(PlaceTrust.NotLocal, parsed)));
    }

    [Theory]
    [InlineData("https://a.example/x", "https://a.example/y", "Anywhere")]
    [InlineData("https://a.example/x", "https://a.example:444/y", "NotLocal")]
    [InlineData("https://a.example/x", "https://b.example/y", "NotLocal")]
    [InlineData("http://localhost:1/x", "http://localhost:2/y", "NotLinkLocal")]
    public void Only_what_the_orchestrator_asked_for_is_trusted(string asked, string place, string expected) =>
        Assert.Equal(expected, PlaceGuard.TrustIn(new Uri(asked), new Uri(place)).ToString());

    [Theory]
    [InlineData("localhost")]
    [InlineData("[::ffff:127.0.0.1]")]
    public async Task A_name_that_leads_to_this_machine_is_refused_although_a_connection_to_it_is_open(string host)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.On("/x", ScriptedServer.Say(200, "here"));
        string place = $"http://{host}:{new Uri(server.Root).Port}/x";
        using var client = new HttpMessageInvoker(new PlaceGuard(static () => new SocketsHttpHandler()));

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(client, place, PlaceTrust.Anywhere)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(client, place, PlaceTrust.NotLinkLocal)).StatusCode);
        HttpRequestException refused =
            await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(client, place, PlaceTrust.NotLocal));

        Assert.Contains("A response led to '", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proxy_on_this_machine_is_connected_to_and_judges_for_itself()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.On("/x", ScriptedServer.Say(200, "by proxy")).On("", ScriptedServer.Say(403));
        using var client = new HttpMessageInvoker(new PlaceGuard(() => new SocketsHttpHandler { Proxy = new WebProxy(server.Root) }));

        HttpResponseMessage plain = await SendAsync(client, "http://elsewhere.example/x", PlaceTrust.NotLocal);
        HttpRequestException tunnel = await Assert.ThrowsAsync<HttpRequestException>(
            () => SendAsync(client, "https://elsewhere.example/x", PlaceTrust.NotLocal));

        Assert.Equal("by proxy", await plain.Content.ReadAsStringAsync());
        Assert.Contains("403", tunnel.Message, StringComparison.Ordinal);
        Assert.Equal(["GET", "CONNECT"], server.Requests.Select(static r => r.Method));
    }

    [Theory]
    [InlineData("http://127.0.0.1:7071/admin", "its Location leads to this machine itself")]
    [InlineData("http://[::1]:7071/admin", "its Location leads to this machine itself")]
    [InlineData("http://[::]:7071/admin", "its Location leads to this machine itself")]
    [InlineData("http://0.0.0.0:7071/admin", "its Location leads to this machine itself")]
    [InlineData("http://[::ffff:127.0.0.2]:7071/admin", "its Location leads to this machine itself")]
    [InlineData("http://[::ffff:0.0.0.0]:7071/admin", "its Location leads to this machine itself")]
    [InlineData("http://[::ffff:169.254.169.254]/latest", "its Location leads to a link-local address")]
    [InlineData("http://[fe80::1]/", "its Location leads to a link-local address")]
    [InlineData("http://[2001:db8::1]/", "")]
    public void A_place_that_a_server_elsewhere_names_is_judged_by_its_text_before_anything_is_sent(string location, string expected)
    {
        NamedPlace.Of(new Uri("https://elsewhere.example/x"), location, out string reason);
        Assert.Equal(expected, reason);
    }

    private static Task<HttpResponseMessage> SendAsync(HttpMessageInvoker client, string place, PlaceTrust trust)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, place);
        request.Options.Set(PlaceGuard.Trust, trust);
        return client.SendAsync(request, CancellationToken.None);
    }
}

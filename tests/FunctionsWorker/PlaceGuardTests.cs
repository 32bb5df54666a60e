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

    [Fact]
    public async Task A_name_that_leads_to_this_machine_is_refused_although_a_connection_to_it_is_open()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.On("/x", ScriptedServer.Say(200, "here"));
        var place = new Uri($"http://localhost:{new Uri(server.Root).Port}/x");
        using var client = new HttpMessageInvoker(new PlaceGuard(static () => new SocketsHttpHandler()));

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(PlaceTrust.Anywhere)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(PlaceTrust.NotLinkLocal)).StatusCode);
        HttpRequestException refused = await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(PlaceTrust.NotLocal));

        Assert.Contains("A response led to 'localhost'", refused.ToString(), StringComparison.Ordinal);

        Task<HttpResponseMessage> SendAsync(PlaceTrust trust)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, place);
            request.Options.Set(PlaceGuard.Trust, trust);
            return client.SendAsync(request, CancellationToken.None);
        }
    }
}

using System.Net;
using System.Text.Json.Nodes;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;

namespace Heal.FunctionsWorker.Tests;

public sealed class DurableResponseTestsInMemory() : DurableResponseTests(HubKind.InMemory);

public sealed class DurableResponseTestsOnPostgreSql() : DurableResponseTests(HubKind.PostgreSql);

/// <summary>What a function answers about an instance with the helpers of its client.</summary>
public abstract class DurableResponseTests(HubKind kind) : HubSuite(kind)
{
    [Fact]
    public async Task A_function_that_waits_answers_with_the_ended_instance()
    {
        HttpResponseMessage ended = await Host.SendAsync(HttpMethod.Post, "/api/family/3");
        JsonObject body = await TestHost.JsonAsync(ended);

        Assert.Equal(HttpStatusCode.OK, ended.StatusCode);
        Assert.Equal(
            ["Name", "InstanceId", "CreatedAt", "LastUpdatedAt", "RuntimeStatus", "SerializedInput", "SerializedOutput",
                "SerializedCustomStatus"],
            body.Select(static p => p.Key));
        Assert.Equal(("Completed", "3", "12"),
            ((string)body["RuntimeStatus"]!, (string)body["SerializedInput"]!, (string)body["SerializedOutput"]!));
    }

    [Fact]
    public async Task A_function_that_waits_answers_a_failure_with_500_where_it_asks_for_that()
    {
        Host.Get<Journal>().Fail = true;
        HttpResponseMessage failed = await Host.SendAsync(HttpMethod.Post, "/api/family/3");
        Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
        Assert.Equal("Failed", (string)(await TestHost.JsonAsync(failed))["RuntimeStatus"]!);
    }

    [Fact]
    public async Task A_function_that_waits_in_vain_answers_with_the_addresses()
    {
        HttpResponseMessage waited = await Host.SendAsync(HttpMethod.Post, "/api/patience/50");
        JsonObject body = await TestHost.JsonAsync(waited);

        Assert.Equal(HttpStatusCode.Accepted, waited.StatusCode);
        Assert.Null(waited.Headers.RetryAfter);
        Assert.Equal("application/json", waited.Content.Headers.ContentType!.MediaType);
        Assert.Equal(waited.Headers.Location!.OriginalString, (string)body["StatusQueryGetUri"]!);
        Assert.All(body, static p => Assert.NotNull(p.Value));
        Assert.EndsWith($"/rewind?reason={{text}}&{Query}", (string)body["RewindPostUri"]!, StringComparison.Ordinal);
        Assert.EndsWith($"/restart?{Query}", (string)body["RestartPostUri"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Addresses_without_a_request_are_those_of_the_host_itself()
    {
        JsonObject body = await TestHost.JsonAsync(await Host.GetAsync("/api/links?id=a b"));
        string root = Host.Client.BaseAddress!.GetLeftPart(UriPartial.Authority);
        Assert.Equal($"{root}/runtime/webhooks/durabletask/instances/a%20b?{Query}", (string)body["StatusQueryGetUri"]!);
    }

    [Theory]
    [InlineData("Forwarded", "for=10.0.0.1;host=heal.example:8443;proto=https, for=10.0.0.2;host=inner", "https://heal.example:8443/")]
    [InlineData("Forwarded", "proto=\"https\";host=\"heal.example\"", "https://heal.example/")]
    [InlineData("X-Forwarded-Host", "heal.example", "http://heal.example/")]
    [InlineData("Forwarded", "host=\"evil.example/path?\";proto=gopher", "http://127.0.0.1:")]
    [InlineData("X-Forwarded-Host", "user@evil.example", "http://127.0.0.1:")]
    public async Task Addresses_are_those_that_the_callers_proxy_shows(string header, string value, string expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/greet/Ada");
        request.Headers.TryAddWithoutValidation(header, value);
        JsonObject body = await TestHost.JsonAsync(await Host.Client.SendAsync(request));
        Assert.StartsWith(expected, (string)body["StatusQueryGetUri"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_may_name_its_own_hub_and_its_function_is_left_out_when_it_names_another()
    {
        await using (TestHost named = await StartHostAsync(settings: Hub("DURABLE", "durable_postgres")))
        {
            Assert.Equal(HttpStatusCode.Accepted, (await named.SendAsync(HttpMethod.Post, "/api/patience/1")).StatusCode);
        }

        await using TestHost refused = await StartHostAsync(settings: Hub("theirs", "Storage"));
        Assert.Equal(HttpStatusCode.NotFound, (await refused.SendAsync(HttpMethod.Post, "/api/patience/1")).StatusCode);
        Assert.Contains("'StartGreetAndWait'", refused.Log.All, StringComparison.Ordinal);
        Assert.Contains("TaskHub 'theirs', expected none or 'durable'", refused.Log.All, StringComparison.Ordinal);
        Assert.Contains("ConnectionName 'Storage', expected none or 'DURABLE_POSTGRES'", refused.Log.All, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Hub(string name, string connection) =>
        new(StringComparer.Ordinal) { ["HUB"] = name, ["HUB_CONNECTION"] = connection };

    private static string Query => $"taskHub=durable&connection=DURABLE_POSTGRES&code={TestHost.SystemKey}";
}

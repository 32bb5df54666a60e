using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Heal.FunctionsWorker.Tests.Support;

namespace Heal.FunctionsWorker.Tests.Admin;

public sealed class KeyApiTests : IAsyncLifetime
{
    private TestHost _host = null!;

    public async Task InitializeAsync() => _host = await TestHost.StartAsync();

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("/admin/host/keys", "/api/Echo")]
    [InlineData("/admin/host/functionkeys", "/api/Echo")]
    [InlineData("/admin/host/systemkeys", "/api/OnlySystem")]
    [InlineData("/admin/functions/echo/keys", "/api/Echo")]
    public async Task A_key_is_made_told_once_used_changed_and_deleted(string keys, string opens)
    {
        HttpResponseMessage made = await SendAsync(HttpMethod.Post, $"{keys}/partner");
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        Assert.Equal(new Uri(_host.Client.BaseAddress!, $"{keys}/partner"), made.Headers.Location);
        JsonObject key = await TestHost.JsonAsync(made);
        string first = (string)key["value"]!;
        Assert.Equal(("partner", 64), ((string)key["name"]!, first.Length));
        Assert.EndsWith($"{keys}/partner", (string)key["links"]![0]!["href"]!, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(opens, first));

        Assert.Null((await TestHost.JsonAsync(await SendAsync(HttpMethod.Get, $"{keys}/partner")))["value"]);
        JsonArray listed = (JsonArray)(await TestHost.JsonAsync(await SendAsync(HttpMethod.Get, keys)))["keys"]!;
        Assert.Contains(listed, static k => (string)k!["name"]! == "partner");
        Assert.All(listed, static k => Assert.Null(k!["value"]));

        HttpResponseMessage changed = await PutAsync($"{keys}/partner", new { name = "partner", value = "chosen-by-the-operator" });
        Assert.Equal((HttpStatusCode.OK, "chosen-by-the-operator"), (changed.StatusCode, await ValueAsync(changed)));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(opens, first));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(opens, "chosen-by-the-operator"));

        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(HttpMethod.Delete, $"{keys}/partner")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(HttpMethod.Delete, $"{keys}/partner")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(HttpMethod.Get, $"{keys}/partner")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(opens, "chosen-by-the-operator"));
        Assert.DoesNotContain(first, _host.Log.All, StringComparison.Ordinal);
        Assert.DoesNotContain("chosen-by-the-operator", _host.Log.All, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/admin/host/keys", "/api/Echo")]
    [InlineData("/admin/host/systemkeys", "/api/OnlySystem")]
    [InlineData("/admin/functions/echo/keys", "/api/Echo")]
    public async Task A_name_in_other_letters_names_the_same_key(string keys, string opens)
    {
        string first = await ValueAsync(await SendAsync(HttpMethod.Post, $"{keys}/Partner"));
        HttpResponseMessage changed = await PutAsync($"{keys}/pARTNER", new { name = "PARTNER", value = "chosen-by-the-operator" });
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(opens, first));
        Assert.Equal("Partner", (string)(await TestHost.JsonAsync(await SendAsync(HttpMethod.Get, $"{keys}/partner")))["name"]!);
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(HttpMethod.Delete, $"{keys}/partner")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(opens, "chosen-by-the-operator"));
    }

    [Fact]
    public async Task A_key_of_one_function_opens_no_other()
    {
        string value = await ValueAsync(await SendAsync(HttpMethod.Post, "/admin/functions/OrderById/keys/default"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("/api/Echo", value));
    }

    [Theory]
    [InlineData("PUT", "/admin/host/keys/a", """{ "name": "a", "value": "too-short" }""", 400, "9 characters, expected 16 to 256")]
    [InlineData("PUT", "/admin/host/keys/a", """{ "name": "b", "value": "long-enough-for-a-key" }""", 400, "address names 'a'")]
    [InlineData("PUT", "/admin/host/keys/a", """{ "value": 7 }""", 400, "expected a string")]
    [InlineData("PUT", "/admin/host/keys/a", "{}", 400, "'value' is missing")]
    [InlineData("PUT", "/admin/host/keys/a", "[]", 400, "no object")]
    [InlineData("PUT", "/admin/host/keys/a", "{", 400, "not JSON")]
    [InlineData("POST", "/admin/host/keys/a%20b", "", 400, "cannot be used")]
    [InlineData("POST", "/admin/functions/Nobody/keys/a", "", 404, "no function 'Nobody'")]
    [InlineData("GET", "/admin/functions/Nobody/keys", "", 404, "no function 'Nobody'")]
    [InlineData("DELETE", "/admin/host/keys/_master", "", 400, "cannot be deleted")]
    [InlineData("DELETE", "/admin/host/systemkeys/durabletask_extension", "", 400, "cannot be deleted")]
    [InlineData("DELETE", "/admin/host/systemkeys/DurableTask_Extension", "", 400, "cannot be deleted")]
    [InlineData("POST", "/admin/host/keys/default", "", 409, "AzureFunctionsKeys")]
    [InlineData("POST", "/admin/host/keys/_master", "", 409, "AzureFunctionsKeys")]
    [InlineData("DELETE", "/admin/functions/Echo/keys/default", "", 409, "AzureFunctionsKeys")]
    public async Task What_cannot_be_done_is_refused_with_the_reason(string method, string path, string body, int status, string reason)
    {
        StringContent? content = body.Length > 0 ? new(body, Encoding.UTF8, "application/json") : null;
        HttpResponseMessage response = await _host.SendAsync(new HttpMethod(method), path, TestHost.Master, content);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(reason, (string)(await TestHost.JsonAsync(response))["detail"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TestHost.HostKey)]
    [InlineData(TestHost.SystemKey)]
    [InlineData(null)]
    public async Task Only_the_master_key_opens_the_api(string? key)
    {
        Assert.Equal(HttpStatusCode.Unauthorized, (await _host.GetAsync("/admin/host/keys", key)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _host.SendAsync(HttpMethod.Post, "/admin/host/keys/mine", key)).StatusCode);
    }

    [Fact]
    public async Task A_change_takes_effect_on_every_host_and_after_a_restart()
    {
        await using AppDatabase database = await AppDatabase.CreateAsync();
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["DURABLE_POSTGRES"] = database.ConnectionString,
            ["AzureFunctionsKeys:system:durabletask_extension"] = "",
        };
        await using TestHost one = await TestHost.StartAsync(settings: settings);
        await using TestHost other = await TestHost.StartAsync(settings: settings);
        const string linkKey = "/admin/host/systemkeys/durabletask_extension";
        string first = await ValueAsync(await one.SendAsync(HttpMethod.Post, linkKey, TestHost.Master));
        await OpensAsync(other, first, HttpStatusCode.OK);

        HttpResponseMessage rotated = await other.SendAsync(HttpMethod.Post, linkKey, TestHost.Master);

        string second = await ValueAsync(rotated);
        await OpensAsync(one, first, HttpStatusCode.Unauthorized);
        await OpensAsync(one, second, HttpStatusCode.OK);
        JsonObject links = await TestHost.JsonAsync(await one.SendAsync(HttpMethod.Post, "/api/greet/Ada", key: null));
        Assert.Contains(second, (string)links["StatusQueryGetUri"]!, StringComparison.Ordinal);
        await using TestHost third = await TestHost.StartAsync(settings: settings);
        Assert.Equal(HttpStatusCode.OK, (await third.GetAsync("/api/OnlySystem", second)).StatusCode);
    }

    [Fact]
    public async Task The_master_key_is_changed_by_its_reserved_name()
    {
        string state = Directory.CreateTempSubdirectory("function-keys-").FullName;
        await using (TestHost host = await TestHost.StartAsync(
            settings: new(StringComparer.Ordinal) { ["HEAL_STATE"] = state, ["AzureFunctionsKeys:master"] = "" }))
        {
            string told = (string)JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(state, "new-keys.json")))!["master"]!;
            HttpResponseMessage rotated = await host.SendAsync(HttpMethod.Post, "/admin/host/systemkeys/_master", told);
            string master = await ValueAsync(rotated);
            Assert.Equal(HttpStatusCode.Unauthorized, (await host.GetAsync("/admin/host/status", told)).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/admin/host/status", master)).StatusCode);
        }

        Directory.Delete(state, recursive: true);
    }

    private static async Task<string> ValueAsync(HttpResponseMessage response) => (string)(await TestHost.JsonAsync(response))["value"]!;

    private static Task OpensAsync(TestHost host, string key, HttpStatusCode expected) => Azurite.UntilAsync(
        async () => (await host.GetAsync("/api/OnlySystem", key)).StatusCode == expected, $"the key is answered with {expected}");

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path) => _host.SendAsync(method, path, TestHost.Master);

    private Task<HttpResponseMessage> PutAsync(string path, object body) =>
        _host.SendAsync(HttpMethod.Put, path, TestHost.Master, JsonContent.Create(body));

    private async Task<HttpStatusCode> StatusAsync(string path, string key) => (await _host.GetAsync(path, key)).StatusCode;
}

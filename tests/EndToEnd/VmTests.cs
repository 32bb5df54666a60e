using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Heal.EndToEnd.Tests;

/// <summary>Machines over HTTP: the app as a process, the real driver, libvirt's own test driver behind it.</summary>
public sealed class VmTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private const string Node = """
        <node>
          <cpu><mhz>2000</mhz><model>i686</model><active>8</active><nodes>1</nodes><sockets>1</sockets><cores>8</cores>
            <threads>1</threads></cpu>
          <memory>16777216</memory>
          <network><name>default</name><forward mode='nat'/><ip address='192.0.2.1' netmask='255.255.255.0'/></network>
          <pool type='dir'><name>disks</name><target><path>/disks</path></target></pool>
        </node>
        """;

    private const string Web = """
        { "vcpus": 2, "memory": "1GiB", "type": "test", "disks": [{ "pool": "disks", "size": "4GiB" }],
          "interfaces": [{ "network": "default" }], "metadata": { "team": "<shop> & co" }, "autonomy": "approve" }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("heal-vms-").FullName;
    private HealEnvironment _heal = null!;

    public async Task InitializeAsync()
    {
        string node = Path.Combine(_folder, "node.xml");
        await File.WriteAllTextAsync(node, Node);
        _heal = await HealEnvironment.CreateAsync(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Heal__Libvirt__Hosts__testhost__Uri"] = $"test://{node}",
        });
        await _heal.App.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _heal.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_machine_comes_to_be_is_found_stopped_started_and_goes_away_again()
    {
        using HttpResponseMessage created = await PutAsync("web-1", Web);
        Assert.True(created.StatusCode == HttpStatusCode.Accepted, await created.Content.ReadAsStringAsync());
        Assert.Equal("/api/vms/web-1", created.Headers.Location!.ToString());
        await EndsAsync("web-1", "create", "Created");

        using HttpResponseMessage again = await PutAsync("web-1", Web);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        JsonNode machine = (await JsonAsync(again))["machine"]!;
        Assert.Equal(("running", "testhost", "<shop> & co"), ((string?)machine["state"], (string?)machine["host"],
            (string?)machine["metadata"]!["team"]));

        using HttpResponseMessage other = await PutAsync("web-1", Web.Replace("1GiB", "2GiB", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
        Assert.Contains("another version", await other.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        using HttpResponseMessage sameName = await PutAsync("web-2", Web.Replace("\"vcpus\"", "\"name\": \"web-1\", \"vcpus\"",
            StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Conflict, sameName.StatusCode);

        await SendAsync(HttpMethod.Post, "/api/vms/web-1/stop", HttpStatusCode.Accepted);
        await EndsAsync("web-1", "switch", "Stopped");
        await SendAsync(HttpMethod.Post, "/api/vms/web-1/start", HttpStatusCode.Accepted);
        await EndsAsync("web-1", "switch", "Started");

        JsonNode list = await GetAsync("/api/vms");
        Assert.Equal("web-1", (string?)Assert.Single(list["machines"]!.AsArray())!["id"]);

        await SendAsync(HttpMethod.Delete, "/api/vms/web-1?force=true", HttpStatusCode.Accepted);
        await EndsAsync("web-1", "delete", "Deleted");
        Assert.Empty((await GetAsync("/api/vms"))["machines"]!.AsArray());
        await SendAsync(HttpMethod.Delete, "/api/vms/web-1", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_host_on_which_somebody_works_gets_no_machine_until_that_ends()
    {
        const string Maintenance = "/api/hosts/testhost/maintenance";
        const string Wish = """{ "by": "ann", "reason": "new disks", "for": "2h" }""";
        string begun = await PutToAsync(Maintenance, Wish, HttpStatusCode.OK);
        string second = await PutToAsync(Maintenance, Wish, HttpStatusCode.Conflict);
        using HttpResponseMessage refused = await PutAsync("web-1", Web);
        string objections = await refused.Content.ReadAsStringAsync();
        await PutToAsync(Maintenance, """{ "reason": "new disks" }""", HttpStatusCode.BadRequest);
        await PutToAsync(Maintenance, """{ "by": "ann", "for": "soon" }""", HttpStatusCode.BadRequest);
        await PutToAsync("/api/hosts/nowhere/maintenance", Wish, HttpStatusCode.NotFound);
        await SendAsync(HttpMethod.Delete, Maintenance, HttpStatusCode.OK);
        await SendAsync(HttpMethod.Delete, Maintenance, HttpStatusCode.Conflict);
        using HttpResponseMessage made = await PutAsync("web-1", Web);

        Assert.All([begun, second, objections], said => Assert.Contains("by ann", said, StringComparison.Ordinal));
        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.Accepted), (refused.StatusCode, made.StatusCode));
        await EndsAsync("web-1", "create", "Created");
    }

    [Fact]
    public async Task Maintenance_that_is_begun_ended_and_begun_again_under_one_correlation_is_on()
    {
        const string Maintenance = "/api/hosts/testhost/maintenance";
        const string Wish = """{ "by": "ann", "reason": "new disks", "for": "2h" }""";
        _heal.App.Http.DefaultRequestHeaders.Add("x-correlation-id", "runbook-7");

        await PutToAsync(Maintenance, Wish, HttpStatusCode.OK);
        await SendAsync(HttpMethod.Delete, Maintenance, HttpStatusCode.OK);
        await PutToAsync(Maintenance, Wish, HttpStatusCode.OK);
        using HttpResponseMessage refused = await PutAsync("web-1", Web);
        await SendAsync(HttpMethod.Delete, Maintenance, HttpStatusCode.OK);
        using HttpResponseMessage made = await PutAsync("web-1", Web);

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.Accepted), (refused.StatusCode, made.StatusCode));
        await EndsAsync("web-1", "create", "Created");
    }

    [Fact]
    public async Task What_is_wrong_with_a_request_is_said_and_nothing_is_begun()
    {
        using HttpResponseMessage faulty = await PutAsync("web-1", """{ "vcpu": 2, "memory": 5 }""");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, faulty.StatusCode);
        JsonArray faults = (await JsonAsync(faulty))["faults"]!.AsArray();
        Assert.Equal(["$.disks", "$.memory", "$.vcpu", "$.vcpus"], faults.Select(fault =>
            (string?)fault!["subject"]).Order(StringComparer.Ordinal));

        using HttpResponseMessage crowded = await PutAsync("web-1", Web.Replace("1GiB", "64GiB", StringComparison.Ordinal)
            .Replace("\"disks\", \"size\"", "\"none\", \"size\"", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Conflict, crowded.StatusCode);
        Assert.Equal(2, (await JsonAsync(crowded))["objections"]!.AsArray().Count);

        using HttpResponseMessage large = await PutAsync("web-1", new string(' ', 300 * 1024));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        using HttpResponseMessage id = await PutAsync("Web_1", Web);
        Assert.Equal(HttpStatusCode.BadRequest, id.StatusCode);
        await SendAsync(HttpMethod.Delete, "/api/vms/web-1?forse=true", HttpStatusCode.BadRequest);
        await SendAsync(HttpMethod.Get, "/api/vms/web-1", HttpStatusCode.NotFound);
        await SendAsync(HttpMethod.Post, "/api/vms/web-1/start", HttpStatusCode.NotFound);

        using var anonymous = new HttpRequestMessage(HttpMethod.Get, new Uri(_heal.App.Http.BaseAddress!, "/api/vms"));
        using var client = new HttpClient();
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.SendAsync(anonymous)).StatusCode);
    }

    [Fact]
    public async Task A_dry_run_shows_the_document_and_changes_nothing()
    {
        using var body = new StringContent(Web.Replace("\"vcpus\"", "\"id\": \"web-1\", \"vcpus\"", StringComparison.Ordinal),
            Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await _heal.App.Http.PostAsync(new Uri("/api/vms/validate", UriKind.Relative), body);
        JsonNode reply = await JsonAsync(answer);
        Assert.Equal((true, "testhost"), ((bool)reply["valid"]!, (string?)reply["host"]));
        Assert.Contains("<source file=\"/disks/web-1.vda.", (string?)reply["xml"], StringComparison.Ordinal);
        Assert.Empty((await GetAsync("/api/vms"))["machines"]!.AsArray());
    }

    [Fact]
    public async Task What_the_driver_cannot_do_is_rolled_back_and_said_in_its_words()
    {
        // libvirt's test driver takes no uploads, which the seed needs: a refusal in the middle, after the volumes
        using HttpResponseMessage created = await PutAsync("web-1", Web.Replace("\"vcpus\"", "\"cloudInit\": {}, \"vcpus\"",
            StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Accepted, created.StatusCode);

        await EndsAsync("web-1", "create", "RolledBack");

        JsonNode view = await GetAsync("/api/vms/web-1");
        Assert.Null(view["machine"]);
        Assert.Contains("seed: libvirt refused", (string?)view["work"]!["outcome"]!["detail"], StringComparison.Ordinal);
        await SendAsync(HttpMethod.Delete, "/api/vms/web-1", HttpStatusCode.NotFound); // no domain, and no volume
    }

    [Fact]
    public async Task Metrics_are_there_for_prometheus_under_the_exporters_names()
    {
        using var limit = new CancellationTokenSource(Patience);
        string text;
        do
        {
            await Task.Delay(50, limit.Token); // the first reading comes with the start, not with the scrape
            text = await TextAsync("/api/metrics/libvirt");
        }
        while (!text.Contains("libvirt_up", StringComparison.Ordinal));

        Assert.Contains("libvirt_up{host=\"testhost\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("libvirt_pool_info_capacity_bytes{host=\"testhost\",pool=\"disks\"} ", text, StringComparison.Ordinal);
        Assert.Equal(text, await TextAsync("/api/metrics/libvirt?host=testhost"));
        await SendAsync(HttpMethod.Get, "/api/metrics/libvirt?host=nobody", HttpStatusCode.NotFound);
    }

    private async Task<string> TextAsync(string address)
    {
        using HttpResponseMessage answer = await _heal.App.Http.GetAsync(new Uri(address, UriKind.Relative));
        Assert.Equal("text/plain", answer.Content.Headers.ContentType?.MediaType);
        return await answer.Content.ReadAsStringAsync();
    }

    private async Task<HttpResponseMessage> PutAsync(string id, string json)
    {
        using var body = new StringContent(json, Encoding.UTF8, "application/json");
        return await _heal.App.Http.PutAsync(new Uri($"/api/vms/{id}", UriKind.Relative), body);
    }

    private async Task<string> PutToAsync(string address, string json, HttpStatusCode expected)
    {
        using var body = new StringContent(json, Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await _heal.App.Http.PutAsync(new Uri(address, UriKind.Relative), body);
        string said = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == expected, $"PUT {address}: {answer.StatusCode} {said}");
        return said;
    }

    private async Task SendAsync(HttpMethod method, string address, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(method, new Uri(address, UriKind.Relative));
        using HttpResponseMessage answer = await _heal.App.Http.SendAsync(request);
        Assert.True(answer.StatusCode == expected, $"{method} {address}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    private async Task EndsAsync(string id, string work, string kind)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            JsonNode? last = (await GetAsync($"/api/vms/{id}"))["work"];
            string? outcome = (string?)last?["outcome"]?["kind"];
            if ((string?)last?["work"] == work && outcome == kind) return;

            // a stop that has ended is seen until the start that was asked for next has begun
            Assert.True(outcome is null or "Stopped" or "Created" or "Started", last!.ToJsonString());
            await Task.Delay(50, limit.Token);
        }
    }

    private async Task<JsonNode> GetAsync(string address)
    {
        using HttpResponseMessage answer = await _heal.App.Http.GetAsync(new Uri(address, UriKind.Relative));
        Assert.True(answer.IsSuccessStatusCode, $"{address}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        return await JsonAsync(answer);
    }

    private static async Task<JsonNode> JsonAsync(HttpResponseMessage answer) => JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
}

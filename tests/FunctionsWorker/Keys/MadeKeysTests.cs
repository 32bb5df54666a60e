using System.Net;
using System.Text.Json.Nodes;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker.Store;
using Npgsql;

namespace Heal.FunctionsWorker.Tests.Keys;

/// <summary>Keys that nobody configured: made at the first start, or taken over from an earlier version; in the file store and in
/// PostgreSQL.</summary>
public sealed class MadeKeysTests : IAsyncLifetime
{
    private const string OldMaster = "the-master-key-of-an-earlier-version";
    private const string OldHost = "the-host-key-of-an-earlier-version";
    private const string OldSystem = "the-system-key-of-an-earlier-version";

    private readonly string _state = Directory.CreateTempSubdirectory("function-keys-").FullName;
    private AppDatabase _database = null!;

    private string NewKeys => Path.Combine(_state, "new-keys.json");

    private string HostKeys => Path.Combine(_state, FileHostStore.KeysName);

    public async Task InitializeAsync() => _database = await AppDatabase.CreateAsync();

    public async Task DisposeAsync()
    {
        Directory.Delete(_state, recursive: true);
        await _database.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Keys_that_are_not_configured_are_made_once_and_told_once(bool onPostgres)
    {
        string[] told;
        await using (TestHost host = await StartAsync(onPostgres))
        {
            JsonNode file = JsonNode.Parse(await File.ReadAllTextAsync(NewKeys))!;
            told = [Text(file["master"]), Text(file["host"]!["default"]), Text(file["system"]!["durabletask_extension"])];
            await AssertOpensAsync(host, told[0], told[1], told[2]);
            Assert.Contains(NewKeys, host.Log.All, StringComparison.Ordinal);
            Assert.DoesNotContain(told[0], host.Log.All, StringComparison.Ordinal);
            Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(NewKeys) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        }

        File.Delete(NewKeys);
        await using TestHost again = await StartAsync(onPostgres);
        await AssertOpensAsync(again, told[0], told[1], told[2]);
        Assert.False(File.Exists(NewKeys));
        foreach (string file in Directory.GetFiles(_state))
        {
            Assert.DoesNotContain(told[0], await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Plain_keys_of_an_earlier_version_go_on_working_and_are_plain_no_more(bool onPostgres)
    {
        await File.WriteAllTextAsync(HostKeys, $$"""
            { "master": "{{OldMaster}}", "host": { "default": "{{OldHost}}" }, "system": { "durabletask_extension": "{{OldSystem}}" } }
            """);
        for (int start = 1; start <= 2; start++)
        {
            await using TestHost host = await StartAsync(onPostgres);
            await AssertOpensAsync(host, OldMaster, OldHost, OldSystem);
            Assert.False(File.Exists(NewKeys));
            Assert.Equal(!onPostgres, File.Exists(HostKeys));
            Assert.DoesNotContain(OldMaster, host.Log.All, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(OldMaster, onPostgres ? "" : await File.ReadAllTextAsync(HostKeys), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plain_keys_for_whose_names_the_store_has_others_are_kept_aside_and_named()
    {
        await using (await StartAsync(onPostgres: true))
        {
            // makes the store's keys
        }

        await File.WriteAllTextAsync(HostKeys, $$"""{ "master": "{{OldMaster}}", "host": { "pager": "{{OldHost}}" } }""");
        await using TestHost host = await StartAsync(onPostgres: true);
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.GetAsync("/api/OnlyAdmin", OldMaster)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/api/Echo", OldHost)).StatusCode);
        Assert.Contains("Master key '_master' were not taken over", host.Log.All, StringComparison.Ordinal);
        Assert.Contains(OldMaster, await File.ReadAllTextAsync(HostKeys + ".not-taken-over"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_holds_no_keys_ends_the_start_and_is_named()
    {
        await File.WriteAllTextAsync(HostKeys, "no keys");
        InvalidDataException exception = await Assert.ThrowsAsync<InvalidDataException>(() => StartAsync(onPostgres: false));
        Assert.Contains(HostKeys, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_that_starts_before_its_database_makes_its_keys_when_it_is_there()
    {
        var server = new NpgsqlConnectionStringBuilder(_database.ConnectionString);
        await using var proxy = new SwitchableProxy(server.Port);
        server.Port = proxy.Port;
        await using TestHost host = await StartAsync(server.ConnectionString);
        HttpResponseMessage unknown = await host.GetAsync("/admin/host/status", OldMaster);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "2"), (unknown.StatusCode, unknown.Headers.RetryAfter!.ToString()));
        Assert.Contains("keys", await host.GetTextAsync("/readyz"), StringComparison.Ordinal);
        Assert.False(File.Exists(NewKeys));

        proxy.SwitchOn();

        await Azurite.UntilAsync(
            async () => (await host.GetAsync("/admin/host/status", OldMaster)).StatusCode == HttpStatusCode.Unauthorized,
            "the keys are read");
        JsonNode file = JsonNode.Parse(await File.ReadAllTextAsync(NewKeys))!;
        await AssertOpensAsync(
            host, Text(file["master"]), Text(file["host"]!["default"]), Text(file["system"]!["durabletask_extension"]));
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/readyz")).StatusCode);
    }

    [Fact]
    public async Task Keys_that_could_not_be_stored_at_first_are_those_of_the_one_file_in_the_end()
    {
        await using (await TestHost.StartAsync(settings: new(StringComparer.Ordinal) { ["DURABLE_POSTGRES"] = _database.ConnectionString }))
        {
            // It has made the tables, and no keys.
        }

        // What a replica answers that has not become the primary yet.
        await _database.QueryAsync<int>("""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'read-only' USING ERRCODE = 'read_only_sql_transaction'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON durable_host.keys EXECUTE FUNCTION refuse();
            SELECT 1
            """);
        await using TestHost host = await StartAsync(onPostgres: true);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.GetAsync("/api/Echo", OldHost)).StatusCode);
        string file = await File.ReadAllTextAsync(NewKeys);

        await _database.QueryAsync<int>("DROP TRIGGER refuse ON durable_host.keys; SELECT 1");

        await Azurite.UntilAsync(
            async () => (await host.GetAsync("/api/Echo", OldHost)).StatusCode == HttpStatusCode.Unauthorized, "the keys are read");
        Assert.Equal([NewKeys], Directory.GetFiles(_state, "new-keys*.json"));
        Assert.Equal(file, await File.ReadAllTextAsync(NewKeys));
        JsonNode told = JsonNode.Parse(file)!;
        await AssertOpensAsync(
            host, Text(told["master"]), Text(told["host"]!["default"]), Text(told["system"]!["durabletask_extension"]));
    }

    [Fact]
    public async Task Hosts_that_start_together_make_one_set_of_keys()
    {
        TestHost[] hosts = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => StartAsync(onPostgres: true)));
        JsonNode[] told = [.. Directory.GetFiles(_state, "new-keys*.json").Select(static file => JsonNode.Parse(File.ReadAllText(file))!)];
        string master = Text(Assert.Single(told, static file => file["master"] is not null)["master"]);
        foreach (TestHost host in hosts)
        {
            // Who read the store before the last key was in it does so again within two seconds.
            await Azurite.UntilAsync(
                async () => (await host.GetAsync("/api/OnlyAdmin", master)).StatusCode == HttpStatusCode.OK, "the master key opens");
            await host.DisposeAsync();
        }
    }

    private static string Text(JsonNode? node) => (string)node!;

    private static async Task AssertOpensAsync(TestHost host, string master, string hostKey, string system)
    {
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/api/OnlyAdmin", master)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/api/Echo", hostKey)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/api/OnlySystem", system)).StatusCode);
        // The links of the durable functions carry the system key, on every host.
        JsonObject links = await TestHost.JsonAsync(await host.SendAsync(HttpMethod.Post, "/api/greet/Ada", key: null));
        Assert.Contains($"code={system}", (string)links["StatusQueryGetUri"]!, StringComparison.Ordinal);
    }

    private Task<TestHost> StartAsync(bool onPostgres) => StartAsync(onPostgres ? _database.ConnectionString : "");

    private Task<TestHost> StartAsync(string connection) => TestHost.StartAsync(settings: new(StringComparer.Ordinal)
    {
        ["HEAL_STATE"] = _state,
        ["DURABLE_POSTGRES"] = connection,
        ["AzureFunctionsKeys:master"] = "",
        ["AzureFunctionsKeys:host:default"] = "",
        ["AzureFunctionsKeys:system:durabletask_extension"] = "",
    });
}

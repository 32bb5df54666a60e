using System.Net;
using System.Net.Sockets;

namespace Heal.Cli.Tests;

/// <summary>What is said, and with which exit code, when it does not work.</summary>
public sealed class RefusalTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("heal-cli-").FullName;
    private StubHealer _healer = null!;

    public async Task InitializeAsync() => _healer = await StubHealer.StartAsync();

    public async Task DisposeAsync()
    {
        await _healer.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(400, 1, "'heal vm list' shows what there is.")]
    [InlineData(401, 4, "does not know this key")]
    [InlineData(403, 4, "does not know this key")]
    [InlineData(404, 1, "'heal vm list' shows what there is.")]
    [InlineData(429, 4, "Wait a minute")]
    [InlineData(500, 1, "log has the reason")]
    [InlineData(503, 3, "heal status")]
    public async Task A_refusal_has_the_healers_reason_the_place_and_what_to_do(int status, int exitCode, string next)
    {
        _healer.On("GET /api/vms/web-1", status, """
            { "title": "No", "detail": "because \u001b[31mof it", "correlationId": "c-1", "faults": [
              { "path": "query 'forse'", "expected": "one of force", "got": "'true'" }] }
            """);
        Run run = await Run.HealAsync(_healer.Url, "vm", "show", "web-1");

        Assert.Equal((exitCode, ""), (run.ExitCode, run.Output));
        string[] lines = run.Errors.Split('\n');
        Assert.Equal("heal: because [31mof it", lines[0]);
        Assert.Equal("  query 'forse': found 'true', expected one of force", lines[1]);
        Assert.Equal($"  at GET {_healer.Url}/api/vms/web-1 (answer {status})", lines[2]);
        Assert.Equal("  in the healer's log: c-1", lines[3]);
        Assert.Contains(next, lines[4]);
    }

    [Fact]
    public async Task Without_a_key_the_ways_to_give_one_are_named()
    {
        _healer.On("GET /api/vms", 401, "");
        Run run = await Run.HealAsync(_healer.Url, new Scene { Key = null }, "vm", "list");
        Assert.Equal(4, run.ExitCode);
        Assert.Contains("HEAL_KEY in the environment, or --key-file FILE", run.Errors);
        Assert.Equal("", Assert.Single(_healer.Requests).Key);
    }

    [Fact]
    public async Task A_healer_that_is_not_there_is_told_apart()
    {
        Run run = await Run.HealAsync($"http://127.0.0.1:{ClosedPort()}", "vm", "list");
        Assert.Equal(3, run.ExitCode);
        Assert.Contains("the healer does not answer: Connection refused", run.Errors);
    }

    [Fact]
    public async Task A_healer_that_does_not_answer_in_time_leaves_open_whether_it_acted()
    {
        var end = new TaskCompletionSource();
        _healer.On("POST /api/vms/web-1/start", _ => end.Task);
        Run run = await Run.HealAsync(_healer.Url, "vm", "start", "web-1", "--timeout", "1");
        end.SetResult();

        Assert.Equal(3, run.ExitCode);
        Assert.Contains("no answer within 1 s", run.Errors);
        Assert.Contains("Whether it took effect is not known", run.Errors);
    }

    [Fact]
    public async Task A_redirect_does_not_take_the_key_elsewhere()
    {
        await using StubHealer other = await StubHealer.StartAsync();
        _healer.On("GET /api/vms", context =>
        {
            context.Response.Redirect($"{other.Url}/api/vms");
            return Task.CompletedTask;
        });
        Run run = await Run.HealAsync(_healer.Url, "vm", "list");
        Assert.Equal(1, run.ExitCode);
        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task What_answers_and_is_no_healer_is_said_to_be_none()
    {
        _healer.On("GET /api/vms", 200, "<html>", "text/html");
        Run run = await Run.HealAsync(_healer.Url, "vm", "list");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("the answer is no JSON", run.Errors);
    }

    [Theory]
    [InlineData("vm")]
    [InlineData("vm", "lst")]
    [InlineData("vm", "show")]
    [InlineData("vm", "list", "--output", "xml")]
    [InlineData("vm", "list", "--timeout", "0")]
    [InlineData("vm", "list", "--url", "ftp://somewhere")]
    [InlineData("vm", "list", "--url", "http://user:secret@somewhere")]
    [InlineData("vm", "list", "--key-file", "/nowhere/key")]
    [InlineData("vm", "start", "web-1", "--wait-limit", "0")]
    [InlineData("key", "list", "--function", "A", "--system")]
    [InlineData("action", "dry-run", "scale", "--kind", "Deployment")]
    [InlineData("action", "dry-run", "scale", "--kind", "Deployment", "--name", "cart", "--set", "replicas")]
    [InlineData("vm", "list", "--key", "secret")]
    public async Task Wrong_usage_sends_nothing_and_says_where_help_is(params string[] arguments)
    {
        Run run = await Run.HealAsync(_healer.Url, arguments);
        Assert.True(run.ExitCode == 2, run.ToString());
        Assert.Contains("next: ", run.Errors);
        Assert.DoesNotContain("   at ", run.Errors);
        Assert.Empty(_healer.Requests);
    }

    [Theory]
    [InlineData("  plain-key-0123456789\n", "vm", "plain-key-0123456789")]
    [InlineData("""{ "master": "the-master", "host": { "default": "the-host" } }""", "vm", "the-host")]
    [InlineData("""{ "master": "the-master", "host": { "default": "the-host" } }""", "key", "the-master")]
    [InlineData("""{ "master": "the-master" }""", "vm", "the-master")]
    public async Task A_key_file_is_a_key_or_the_keys_of_start_sh(string content, string noun, string expected)
    {
        _healer.On("GET /api/vms", 200, """{ "machines": [] }""").On("GET /admin/host/keys", 200, """{ "keys": [] }""");
        Run run = await Run.HealAsync(_healer.Url, noun, "list", "--key-file", KeyFile(content));
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Equal(expected, Assert.Single(_healer.Requests).Key);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("""{ "host": { "other": "hidden-value" } }""")]
    [InlineData("""{ "host": hidden-value""")]
    public async Task A_key_file_without_a_key_is_refused_and_not_quoted(string content)
    {
        Run run = await Run.HealAsync(_healer.Url, "vm", "list", "--key-file", KeyFile(content));
        Assert.Equal(2, run.ExitCode);
        Assert.DoesNotContain("hidden-value", run.Errors);
        Assert.DoesNotContain("two words", run.Errors);
    }

    [Fact]
    public async Task A_key_file_that_others_may_read_is_warned_of()
    {
        _healer.On("GET /api/vms", 200, """{ "machines": [] }""");
        string file = KeyFile("plain-key-0123456789");
        Assert.DoesNotContain("warning", (await Run.HealAsync(_healer.Url, "vm", "list", "--key-file", file)).Errors);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.Contains("others may read", (await Run.HealAsync(_healer.Url, "vm", "list", "--key-file", file)).Errors);
    }

    private string KeyFile(string content)
    {
        string path = Path.Combine(_folder, "key");
        File.WriteAllText(path, content);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    private static int ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

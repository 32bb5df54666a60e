using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Heal.Cli.Tests;

/// <summary>heal vm, against a server with answers as the healer gives them.</summary>
public sealed class VmCommandTests : IAsyncLifetime
{
    private const string Web = """{ "id": "web-1", "vcpus": 1, "memory": "1GiB" }""";
    private readonly string _folder = Directory.CreateTempSubdirectory("heal-cli-").FullName;
    private StubHealer _healer = null!;

    public async Task InitializeAsync() => _healer = await StubHealer.StartAsync();

    public async Task DisposeAsync()
    {
        await _healer.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Machines_are_listed_and_hosts_that_are_silent_are_named()
    {
        _healer.On("GET /api/vms", 200, """
            { "machines": [{ "id": "web-1", "state": "running", "host": "kvm-a", "vcpus": 2, "memoryMib": 1024, "desired": "Running",
              "autonomy": "Approve" }], "silent": { "kvm-b": "connection refused" } }
            """);
        Run run = await Run.HealAsync(_healer.Url, "vm", "list");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(
            ["ID     STATE    HOST   CPUS  MEMORY    DESIRED  AUTONOMY", "web-1  running  kvm-a  2     1024 MiB  running  approve"],
            run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("host 'kvm-b' does not answer, its machines are missing here: connection refused", run.Errors);
    }

    [Fact]
    public async Task Text_of_a_server_cannot_touch_the_terminal()
    {
        _healer.On("GET /api/vms/web-1", 200, """
            { "id": "web-1", "machine": { "state": "running", "name": "\u001b]0;owned\u0007\u009b31mred\u202eback", "reason": "a\nb\tc" } }
            """);
        Run run = await Run.HealAsync(_healer.Url, "vm", "show", "web-1");
        Run json = await Run.HealAsync(_healer.Url, "vm", "show", "web-1", "--output", "json");

        Assert.Contains("name    ]0;owned31mredback", run.Output);
        Assert.Contains("reason  a b c", run.Output);
        Assert.DoesNotContain(run.Output, c => char.IsControl(c) && c != '\n');
        Assert.All(json.Output, c => Assert.True(c is '\n' or (>= ' ' and <= '~')));
        Assert.Equal("\u001b]0;owned\u0007\u009b31mred\u202eback", (string?)JsonNode.Parse(json.Output)!["machine"]!["name"]);
    }

    [Fact]
    public async Task A_creation_is_followed_step_by_step_to_its_outcome()
    {
        _healer
            .On("GET /api/vms/web-1", 200, View("2026-01-01T00:00:00Z", "Completed", "undo", "RolledBack")) // what was done before
            .On("PUT /api/vms/web-1", 202, """{ "id": "web-1", "joined": false }""")
            .On("GET /api/vms/web-1", 200, View("2026-01-01T00:00:00Z", "Completed", "undo", "RolledBack")) // is still to be seen
            .On("GET /api/vms/web-1", 200, View("2026-01-02T00:00:00Z", "Running", "volume web-1.vda"))
            .On("GET /api/vms/web-1", 503, """{ "detail": "the store is away" }""")
            .On("GET /api/vms/web-1", 200, View("2026-01-02T00:00:00Z", "Completed", "wish", "Created"));
        Run run = await Run.HealAsync(_healer.Url, "vm", "create", await FileAsync(Web), "--wait");

        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Equal("web-1: Created: as it ended\n", run.Output);
        Assert.Equal(
            ["  kvm-a: volume web-1.vda", "heal: the store is away; the work is not lost, waiting for the healer", "  kvm-a: wish"],
            run.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        StubHealer.Asked put = Assert.Single(_healer.Requests, asked => asked.What == "PUT /api/vms/web-1");
        Assert.Equal((Web, Run.Key), (put.Body, put.Key));
    }

    [Fact]
    public async Task An_outcome_that_is_none_wanted_fails_with_all_that_is_known()
    {
        _healer
            .On("GET /api/vms/web-1", 404, """{ "detail": "There is no machine 'web-1'." }""")
            .On("DELETE /api/vms/web-1?force=true&graceSeconds=5", 202, """{ "id": "web-1", "joined": false }""")
            .On("GET /api/vms/web-1", 200, """
                { "id": "web-1", "work": { "createdAt": "2026-01-02T00:00:00Z", "runtimeStatus": "Completed", "outcome": {
                  "kind": "LeftBehind", "detail": "not everything", "warnings": ["a warning"], "leftBehind": ["volume default/x"],
                  "objections": [{ "subject": "host 'a'", "found": "no answer", "expected": "an answer", "advice": "Mend it." }] } } }
                """);
        Run run = await Run.HealAsync(_healer.Url, "vm", "delete", "web-1", "--force", "--grace", "5", "--yes", "--wait");

        Assert.Equal(1, run.ExitCode);
        Assert.Equal(
            [
                "web-1: LeftBehind: not everything", "  host 'a': found no answer, expected an answer. Mend it.",
                "  left behind: volume default/x",
            ],
            run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("warning: a warning", run.Errors);
    }

    [Fact]
    public async Task Whoever_stops_waiting_is_told_that_the_work_goes_on()
    {
        using var interrupt = new CancellationTokenSource();
        int looks = 0;
        _healer.On("PUT /api/vms/web-1", 202, """{ "id": "web-1", "joined": true }""");
        _healer.On("GET /api/vms/web-1", async context =>
        {
            await context.Response.WriteAsync(View("2026-01-02T00:00:00Z", "Running", "volume web-1.vda"));
            if (++looks == 2) await interrupt.CancelAsync();
        });
        Run run = await Run.HealAsync(
            _healer.Url, new Scene { Input = Web, CancellationToken = interrupt.Token }, "vm", "create", "-", "--wait");

        Assert.Equal(130, run.ExitCode);
        Assert.Contains("no longer waiting; the work goes on at the healer\n  next: 'heal vm show web-1' tells how far it is.", run.Errors);
    }

    [Fact]
    public async Task A_wait_has_a_limit()
    {
        _healer.On("POST /api/vms/web-1/start", 202, """{ "id": "web-1", "joined": true }""");
        _healer.On("GET /api/vms/web-1", 200, View("2026-01-02T00:00:00Z", "Running", "start"));
        Run run = await Run.HealAsync(_healer.Url, "vm", "start", "web-1", "--wait", "--wait-limit", "1");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("it has not ended within 1 s; the work goes on at the healer", run.Errors);
    }

    [Fact]
    public async Task Without_wait_the_way_on_is_told()
    {
        _healer.On("POST /api/vms/web-1/stop?graceSeconds=30", 202, """{ "id": "web-1" }""");
        Run run = await Run.HealAsync(_healer.Url, "vm", "stop", "web-1", "--grace", "30");
        Assert.Equal((0, "web-1: taken on, to be stopped. 'heal vm show web-1' tells how far it is.\n"), (run.ExitCode, run.Output));
    }

    [Fact]
    public async Task What_is_under_way_already_is_said_to_be()
    {
        _healer.On("PUT /api/vms/web-1", 202, """{ "id": "web-1", "joined": true }""");
        Run run = await Run.HealAsync(_healer.Url, "vm", "create", await FileAsync(Web));
        Assert.StartsWith("web-1: under way already, to be made.", run.Output);
    }

    [Theory]
    [InlineData(false, "", 2, "nobody can be asked here")]
    [InlineData(true, "n\n", 1, "Go on? [y/N]")]
    [InlineData(true, "", 1, "nothing was done")]
    public async Task Nothing_is_deleted_before_somebody_agreed(bool canAsk, string answer, int code, string said)
    {
        Run run = await Run.HealAsync(_healer.Url, new Scene { CanAsk = canAsk, Input = answer }, "vm", "delete", "web-1");

        Assert.Equal(code, run.ExitCode);
        Assert.Contains(said, run.Errors);
        Assert.Empty(_healer.Requests);
    }

    [Fact]
    public async Task Whoever_agrees_at_the_terminal_gets_what_they_asked_for()
    {
        _healer.On("DELETE /api/vms/web-1?keepVolumes=true", 202, """{ "id": "web-1" }""");
        Run run = await Run.HealAsync(
            _healer.Url, new Scene { CanAsk = true, Input = "Yes\n" }, "vm", "delete", "web-1", "--keep-volumes");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal("DELETE /api/vms/web-1?keepVolumes=true", Assert.Single(_healer.Requests).What);
    }

    [Fact]
    public async Task A_dry_run_tells_every_reason_and_fails_when_there_is_one()
    {
        _healer.On("POST /api/vms/validate?id=web-1", 200, """
            { "valid": false, "faults": [], "objections": [
              { "subject": "host 'a' memory", "found": "64 MiB left", "expected": "1024 MiB", "advice": "Stop another." },
              { "subject": "host 'a' CPUs", "found": "4", "expected": "at least 8", "advice": "Ask for fewer." }],
              "warnings": ["unknown system"], "host": null, "exists": false, "xml": "<domain>\n  <name>\u001b[2Jweb</name>\n</domain>" }
            """);
        Run run = await Run.HealAsync(_healer.Url, "vm", "validate", await FileAsync(Web), "--xml");

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith(
            "not valid, for 2 reasons:\n  host 'a' memory: found 64 MiB left, expected 1024 MiB. Stop another.\n  host 'a' CPUs: ",
            run.Output);
        Assert.EndsWith("<domain>\n  <name>[2Jweb</name>\n</domain>\n", run.Output);
        Assert.Contains("warning: unknown system", run.Errors);
    }

    [Theory]
    [InlineData("""{ "vcpus": 1 }""", "has no \"id\"")]
    [InlineData(" \n", "is empty, expected a definition")]
    [InlineData("{ \"id\": \"web-1\",\n  vcpus: 1 }", "is no JSON, in line 2")]
    [InlineData("""{ "id": ".." }""", "'..' cannot be an id")]
    public async Task What_cannot_be_sent_is_told_with_its_place_and_not_sent(string definition, string said)
    {
        Run run = await Run.HealAsync(_healer.Url, "vm", "create", await FileAsync(definition));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(said, run.Errors);
        Assert.Empty(_healer.Requests);
    }

    [Fact]
    public async Task An_id_cannot_become_another_path()
    {
        await Run.HealAsync(_healer.Url, "vm", "show", "../keys?x=1");
        Assert.Equal("GET /api/vms/..%2Fkeys%3Fx=1", Assert.Single(_healer.Requests).What);
    }

    private static string View(string createdAt, string status, string step, string? outcome = null) => $$"""
        { "id": "web-1", "machine": null, "silent": [], "work": { "createdAt": "{{createdAt}}", "runtimeStatus": "{{status}}",
          "progress": { "work": "create", "host": "kvm-a", "step": "{{step}}" },
          "outcome": {{(outcome is null ? "null" : $$"""{ "kind": "{{outcome}}", "detail": "as it ended" }""")}} } }
        """;

    private async Task<string> FileAsync(string content)
    {
        string path = Path.Combine(_folder, "definition.json");
        await File.WriteAllTextAsync(path, content);
        return path;
    }
}

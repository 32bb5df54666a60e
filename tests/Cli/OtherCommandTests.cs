using System.Text.Json.Nodes;

namespace Heal.Cli.Tests;

/// <summary>Incidents, actions, keys, status, and the help.</summary>
public sealed class OtherCommandTests : IAsyncLifetime
{
    private StubHealer _healer = null!;

    public async Task InitializeAsync() => _healer = await StubHealer.StartAsync();

    public async Task DisposeAsync() => await _healer.DisposeAsync();

    [Fact]
    public async Task Incidents_are_listed_with_their_state_and_the_way_to_the_next_page()
    {
        _healer.On("GET /api/incidents?top=2&after=t%201", 200, """
            { "incidents": [
              { "id": "incident-1", "runtimeStatus": "Completed", "createdAt": "2026-01-01T00:00:00Z", "status": { "phase": "Closed",
                "target": "sim/Deployment/shop/cart" }, "outcome": { "kind": "Healed", "reason": "healthy since 30 s" } },
              { "id": "incident-2", "runtimeStatus": "Running", "createdAt": "2026-01-02T00:00:00Z", "status": { "phase": "Approve",
                "target": "sim/Deployment/shop/web", "detail": "scale waits" } }], "after": "t 2" }
            """);
        Run run = await Run.HealAsync(_healer.Url, new Scene { Width = 60 }, "incident", "list", "--top", "2", "--after", "t 1");

        Assert.Equal(0, run.ExitCode);
        string[] lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, line => Assert.InRange(line.Length, 20, 60));
        Assert.Matches("^incident-1 +Healed +sim/Dep", lines[1]);
        Assert.Matches("^incident-2 +Approve +sim/Dep.*scale waits$", lines[2]);
        Assert.Contains("heal incident list --after t 2", run.Errors);
    }

    [Theory]
    [InlineData("approve", true)]
    [InlineData("reject", false)]
    public async Task An_answer_to_a_plan_says_who_and_what(string verb, bool approved)
    {
        _healer.On("POST /api/incidents/incident-1/approval", 202);
        Run run = await Run.HealAsync(_healer.Url, "incident", verb, "incident-1", "--by", "on-call", "--comment", "yes, \"do\"");

        Assert.True(run.ExitCode == 0, run.ToString());
        JsonNode body = JsonNode.Parse(Assert.Single(_healer.Requests).Body)!;
        Assert.Equal((approved, "on-call", "yes, \"do\""), ((bool)body["approved"]!, (string?)body["by"], (string?)body["comment"]));
    }

    [Fact]
    public async Task The_question_that_an_incident_asks_is_shown_and_an_answer_may_name_it()
    {
        _healer
            .On("GET /api/incidents/incident-1", 200, """
                { "id": "incident-1", "runtimeStatus": "Running", "createdAt": "2026-01-02T00:00:00Z", "status": { "phase": "Approve",
                  "target": "sim/Deployment/shop/web", "detail": "scale waits", "question": 2 } }
                """)
            .On("POST /api/incidents/incident-1/approval", 202);
        Run show = await Run.HealAsync(_healer.Url, "incident", "show", "incident-1");
        Run approve = await Run.HealAsync(_healer.Url, "incident", "approve", "incident-1", "--question", "2");

        Assert.Contains("heal incident approve incident-1 --question 2, or reject", show.Errors);
        Assert.True(approve.ExitCode == 0, approve.ToString());
        Assert.Equal(2, (int)JsonNode.Parse(_healer.Requests.Last().Body)!["question"]!);
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task A_rehearsal_fails_when_the_action_would_not_act(bool wouldAct, int exitCode)
    {
        _healer.On("POST /api/actions/scale/dry-run", 200, $$"""
            { "wouldAct": {{(wouldAct ? "true" : "false")}}, "status": "Rehearsed", "detail": "replicas 3 -> 5" }
            """);
        Run run = await Run.HealAsync(
            _healer.Url, "action", "dry-run", "scale", "--kind", "Deployment", "-n", "shop", "--name", "cart", "--set", "replicas=5");

        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains("replicas 3 -> 5 (Rehearsed)", run.Output);
        JsonNode body = JsonNode.Parse(Assert.Single(_healer.Requests).Body)!;
        Assert.Equal(("cart", "5"), ((string?)body["target"]!["name"], (string?)body["parameters"]!["replicas"]));
    }

    [Fact]
    public async Task A_new_key_is_all_that_stands_on_the_output()
    {
        _healer
            .On("GET /admin/functions/ReceiveAlerts/keys/pager", 404, """{ "detail": "no" }""")
            .On("POST /admin/functions/ReceiveAlerts/keys/pager", 201, """{ "name": "pager", "value": "new-value" }""");
        Run run = await Run.HealAsync(_healer.Url, "key", "create", "pager", "--function", "ReceiveAlerts");
        Assert.Equal((0, "new-value\n"), (run.ExitCode, run.Output));
    }

    [Fact]
    public async Task A_key_that_is_there_is_not_made_again_and_one_that_is_not_cannot_be_rotated()
    {
        _healer.On("GET /admin/host/keys/here", 200, """{ "name": "here" }""");
        Run create = await Run.HealAsync(_healer.Url, "key", "create", "here");
        Run rotate = await Run.HealAsync(_healer.Url, "key", "rotate", "missing", "--yes");

        Assert.Equal((1, 1), (create.ExitCode, rotate.ExitCode));
        Assert.Contains("there is a key 'here' already", create.Errors);
        Assert.Contains("there is no key 'missing' here", rotate.Errors);
        Assert.DoesNotContain(_healer.Requests, asked => asked.What.StartsWith("POST", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_status_tells_what_is_missing_and_more_with_the_master_key()
    {
        _healer
            .On("GET /healthz/ready", 503, """
                { "status": "notReady", "missing": [{ "dependency": "PostgreSQL", "reason": "connection refused" }] }
                """)
            .On("GET /admin/host/status", 200, """{ "version": "1.2.3", "processUptime": 90061000, "functionCount": 20 }""");
        Run run = await Run.HealAsync(_healer.Url, "status");

        Assert.Equal(3, run.ExitCode);
        Assert.Contains("state      notReady", run.Output);
        Assert.Contains("up for     1.01:01:01", run.Output);
        Assert.Contains("lacks PostgreSQL: connection refused", run.Output);
    }

    [Fact]
    public async Task Colours_are_for_terminals_only()
    {
        _healer.On("GET /healthz/ready", 200, """{ "status": "ready", "missing": [] }""");
        Assert.Contains("\u001b[32mready\u001b[0m", (await Run.HealAsync(_healer.Url, new Scene { Colours = true }, "status")).Output);
        Assert.DoesNotContain('\u001b', (await Run.HealAsync(_healer.Url, "status")).Output);
    }

    [Theory]
    [InlineData("vm", "list show validate create delete start stop")]
    [InlineData("incident", "list show approve reject")]
    [InlineData("action", "list dry-run")]
    [InlineData("key", "list create rotate delete")]
    public async Task Every_verb_shows_examples_and_no_option_takes_a_key(string noun, string verbs)
    {
        foreach (string verb in verbs.Split(' '))
        {
            Run run = await Run.HealAsync(null, noun, verb, "--help");
            Assert.Equal(0, run.ExitCode);
            Assert.Contains($"Examples:\n  heal {noun} {verb}", run.Output);
            Assert.DoesNotContain("--key ", run.Output);
        }
    }

    [Fact]
    public void A_table_without_a_terminal_is_not_cut()
    {
        var output = new StringWriter();
        var table = new Table("A", "B");
        table.Add(new string('x', 300), "y");
        table.Write(new Screen(TextReader.Null, output, TextWriter.Null), "none");
        Assert.Contains($"{new string('x', 300)}  y\n", output.ToString());
    }
}

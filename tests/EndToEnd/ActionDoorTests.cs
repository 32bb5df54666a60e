using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Heal.EndToEnd.Tests;

/// <summary>What the program can do, and what it would do, asked over HTTP.</summary>
public sealed class ActionDoorTests : IAsyncLifetime
{
    private HealEnvironment _heal = null!;

    public async Task InitializeAsync()
    {
        _heal = await HealEnvironment.CreateAsync();
        await _heal.App.StartAsync();
    }

    public async Task DisposeAsync() => await _heal.DisposeAsync();

    [Fact]
    public async Task The_catalogue_lists_every_action_with_the_schema_of_its_parameters()
    {
        JsonArray actions = (await _heal.App.Http.GetFromJsonAsync<JsonArray>(new Uri("/api/actions", UriKind.Relative)))!;

        JsonNode scale = Assert.Single(actions, action => (string?)action!["id"] == "scale_workload")!;
        Assert.Equal("R2", (string?)scale["risk"]);
        Assert.Equal("object", (string?)scale["parameters"]!["type"]);
        Assert.NotEmpty(scale["parameters"]!["properties"]!.AsObject());
        Assert.Contains(actions, action => (string?)action!["id"] == "rollback_deployment");
        Assert.All(actions, action => Assert.NotEmpty((string)action!["precondition"]!));
    }

    [Fact]
    public async Task A_dry_run_says_what_would_change_or_why_not_and_changes_nothing()
    {
        await _heal.Cluster.CreateDeploymentAsync("cart");

        JsonObject restart = await DryRunAsync("rollout_restart", """{"target":{"kind":"Deployment","namespace":"shop","name":"cart"}}""");
        JsonObject resume = await DryRunAsync("resume_rollout", """{"target":{"kind":"Deployment","namespace":"shop","name":"cart"}}""");
        JsonObject gone = await DryRunAsync("rollout_restart", """{"target":{"kind":"Deployment","namespace":"shop","name":"nobody"}}""");

        Assert.Equal((true, "Rehearsed"), ((bool)restart["wouldAct"]!, (string?)restart["status"]));
        Assert.Contains("would change", (string?)restart["detail"], StringComparison.Ordinal);
        Assert.Equal((false, "Refused"), ((bool)resume["wouldAct"]!, (string?)resume["status"]));
        Assert.Equal((false, "TargetGone"), ((bool)gone["wouldAct"]!, (string?)gone["status"]));
        Assert.Equal(0, await _heal.QueryAsync<long>("SELECT count(*) FROM heal.operation_ledger"));
        JsonObject again = await DryRunAsync("rollout_restart", """{"target":{"kind":"Deployment","namespace":"shop","name":"cart"}}""");
        Assert.Equal("Rehearsed", (string?)again["status"]);
    }

    [Theory]
    [InlineData("no_such_action", "{}", HttpStatusCode.NotFound, "There is no action of this id")]
    [InlineData("scale_workload", "{}", HttpStatusCode.BadRequest, "$.target.kind")]
    [InlineData("scale_workload", """{"target":{"kind":"Node","name":"a"}}""", HttpStatusCode.BadRequest, "$.target.kind")]
    [InlineData("scale_workload", """{"target":{"kind":"Deployment","namespace":"shop","name":"../x"}}""",
        HttpStatusCode.BadRequest, "$.target.name")]
    [InlineData("scale_workload", """{"target":{"cluster":"elsewhere","kind":"Deployment","namespace":"shop","name":"x"}}""",
        HttpStatusCode.BadRequest, "$.target.cluster")]
    [InlineData("scale_workload", """{"target":{"kind":"Deployment","namespace":"shop","name":"x"},"parameters":{"oops":"1"}}""",
        HttpStatusCode.BadRequest, "$.parameters.oops")]
    public async Task Bad_input_is_refused_with_what_was_expected(string action, string body, HttpStatusCode status, string word)
    {
        using HttpResponseMessage answer = await PostAsync(action, body);

        Assert.Equal(status, answer.StatusCode);
        Assert.Contains(word, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task<JsonObject> DryRunAsync(string action, string body)
    {
        using HttpResponseMessage answer = await PostAsync(action, body);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonObject>())!;
    }

    private async Task<HttpResponseMessage> PostAsync(string action, string body)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        return await _heal.App.Http.PostAsync(new Uri($"/api/actions/{action}/dry-run", UriKind.Relative), content);
    }
}

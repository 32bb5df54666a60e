using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Heal.EndToEnd.Tests;

/// <summary>Answers of people, through the door that they use.</summary>
public sealed class ApprovalTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private HealEnvironment _heal = null!;

    public async Task InitializeAsync()
    {
        _heal = await HealEnvironment.CreateAsync();
        await _heal.StartWithAskingFaultAsync("cart");
    }

    public async Task DisposeAsync() => await _heal.DisposeAsync();

    [Fact]
    public async Task An_answer_is_taken_while_a_question_is_open_and_for_that_question_only()
    {
        using HttpResponseMessage accepted = await _heal.PostAlertsAsync(Alerts.RolloutStuck("cart", DateTimeOffset.UtcNow));
        JsonObject asked = await UntilPhaseAsync("Approve");
        string id = (string)asked["id"]!;
        Assert.Equal(1, (int)asked["status"]!["question"]!);
        string other = await AnswerAsync(id, HttpStatusCode.Conflict, question: 2);
        Assert.Contains("question 1, not 2", other, StringComparison.Ordinal);

        // The action is held at its first write, so that the incident cannot end before it is answered once more.
        using var goesOn = new ManualResetEventSlim();
        _heal.Cluster.Proxy.Arrived = request =>
        {
            if (request.Method != "GET") goesOn.Wait(Patience);
        };
        await AnswerAsync(id, HttpStatusCode.Accepted, question: 1);
        await UntilPhaseAsync("Recover");
        string again = await AnswerAsync(id, HttpStatusCode.Conflict);
        Assert.Contains("its phase is Recover", again, StringComparison.Ordinal);

        goesOn.Set();
        JsonObject incident = Assert.Single(await _heal.UntilIncidentsEndAsync(1));
        Assert.Equal("Healed", (string?)incident["outcome"]!["kind"]);
        await AnswerAsync(id, HttpStatusCode.Gone);
    }

    /// <returns>What the app says to it.</returns>
    private async Task<string> AnswerAsync(string id, HttpStatusCode expected, int? question = null)
    {
        var answer = new JsonObject { ["approved"] = true, ["by"] = "on-call", ["question"] = question };
        using var content = new StringContent(answer.ToJsonString(), Encoding.UTF8, "application/json");
        using HttpResponseMessage told = await _heal.App.Http.PostAsync(
            new Uri($"/api/incidents/{id}/approval", UriKind.Relative), content);
        string text = await told.Content.ReadAsStringAsync();
        Assert.True(told.StatusCode == expected, $"{told.StatusCode}: {text}");
        return text;
    }

    private Task<JsonObject> UntilPhaseAsync(string phase) =>
        _heal.UntilIncidentAsync(incident => (string?)incident["status"]?["phase"] == phase);
}

using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Heal.EndToEnd.Tests;

/// <summary>Incidents that nobody works on any more, because of what became of their orchestrations.</summary>
public sealed class StrandedIncidentTests : IAsyncLifetime
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
    public async Task After_the_orchestration_of_an_incident_was_terminated_the_next_alert_opens_a_new_one()
    {
        string first = await WaitingIncidentAsync();
        await PostAsync($"/runtime/webhooks/durabletask/instances/{first}/terminate?reason=not%20this%20way", HttpStatusCode.Accepted);
        await UntilAsync($"SELECT count(*) FROM healhub.instances WHERE instance_id = '{first}' AND status = 5");

        await PostAsync("/admin/functions/TendIncidents", HttpStatusCode.Accepted);
        await UntilAsync($"SELECT count(*) FROM heal.incident WHERE incident_id = '{first}' AND outcome = 'Superseded' "
            + "AND reason LIKE '%not this way%'");
        string second = await WaitingIncidentAsync();

        Assert.NotEqual(first, second);
        Assert.Equal(1, await _heal.QueryAsync<long>("SELECT count(*) FROM heal.incident WHERE closed_at IS NULL"));
        Assert.Equal(0, await _heal.QueryAsync<long>("SELECT count(*) FROM heal.hand_off"));
    }

    [Fact]
    public async Task An_incident_whose_orchestration_failed_is_closed_and_people_are_called()
    {
        string first = await WaitingIncidentAsync();

        // As a program that knows the course of an incident otherwise: its history does not fit, and the next turn fails.
        _heal.App.Kill();
        await _heal.QueryAsync<int>(
            "WITH changed AS (UPDATE healhub.history SET event = replace(event, 'CollectEvidence', 'CollectedOtherwise') "
            + $"WHERE instance_id = '{first}' RETURNING 1) SELECT count(*)::int FROM changed");
        await _heal.App.StartAsync();
        await PostAlertAsync();
        await UntilAsync($"SELECT count(*) FROM healhub.instances WHERE instance_id = '{first}' AND status = 3");

        await PostAsync("/admin/functions/TendIncidents", HttpStatusCode.Accepted);
        await UntilAsync($"SELECT count(*) FROM heal.incident WHERE incident_id = '{first}' AND outcome = 'Failed'");

        Assert.Equal(1, await _heal.QueryAsync<long>($"SELECT count(*) FROM heal.hand_off WHERE incident_id = '{first}'"));
    }

    private async Task<string> WaitingIncidentAsync()
    {
        await PostAlertAsync();
        JsonObject waiting = await _heal.UntilIncidentAsync(incident =>
            (string?)incident["status"]?["phase"] == "Approve" && (string?)incident["runtimeStatus"] == "Running");
        return (string)waiting["id"]!;
    }

    private async Task PostAlertAsync()
    {
        using HttpResponseMessage accepted = await _heal.PostAlertsAsync(Alerts.RolloutStuck("cart", DateTimeOffset.UtcNow));
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
    }

    private async Task PostAsync(string path, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_heal.App.Url, path));
        request.Headers.Add("x-functions-key", HealProcess.MasterKey);
        request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
        using var http = new HttpClient();
        using HttpResponseMessage answer = await http.SendAsync(request);
        Assert.True(answer.StatusCode == expected, $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
    }

    private async Task UntilAsync(string count)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (await _heal.QueryAsync<long>(count) == 0)
        {
            await Task.Delay(100, limit.Token);
        }
    }
}

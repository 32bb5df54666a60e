using System.Net;
using System.Text.Json.Nodes;

namespace Heal.EndToEnd.Tests;

/// <summary>Incidents that nobody works on any more, because of what became of their orchestrations.</summary>
public sealed class StrandedIncidentTests : IAsyncLifetime
{
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
        await _heal.TerminateAsync(first, "not this way");
        await _heal.UntilAsync($"SELECT count(*) FROM healhub.instances WHERE instance_id = '{first}' AND status = 5");

        await _heal.RunTimerAsync("TendIncidents");
        await _heal.UntilAsync($"SELECT count(*) FROM heal.incident WHERE incident_id = '{first}' AND outcome = 'Superseded' "
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
        await _heal.UntilAsync($"SELECT count(*) FROM healhub.instances WHERE instance_id = '{first}' AND status = 3");

        await _heal.RunTimerAsync("TendIncidents");
        await _heal.UntilAsync($"SELECT count(*) FROM heal.incident WHERE incident_id = '{first}' AND outcome = 'Failed'");

        Assert.Equal(1, await _heal.QueryAsync<long>($"SELECT count(*) FROM heal.hand_off WHERE incident_id = '{first}'"));
    }

    [Fact]
    public async Task An_incident_that_cannot_be_read_is_said_and_does_not_keep_the_others_open()
    {
        string first = await WaitingIncidentAsync();
        await _heal.QueryAsync<object>("""
            INSERT INTO heal.incident (incident_id, target_key, cluster, kind, namespace, name, episode, first_signal_id, input, opened_at)
            VALUES ('incident-of-another-version', ' ', 'sim', 'Deployment', 'shop', 'a', 1, 's', '"not an object"', now())
            """);
        await _heal.TerminateAsync(first, "enough");
        await _heal.UntilAsync($"SELECT count(*) FROM healhub.instances WHERE instance_id = '{first}' AND status = 5");

        await _heal.RunTimerAsync("TendIncidents");
        await _heal.UntilAsync($"SELECT count(*) FROM heal.incident WHERE incident_id = '{first}' AND outcome = 'Superseded'");

        Assert.Contains(_heal.App.LogLines, line => line.Contains(
            "'incident-of-another-version' cannot be tended", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_incident_that_waits_for_a_person_while_its_hub_is_lost_asks_again_and_is_healed_under_new_keys()
    {
        string first = await WaitingIncidentAsync();
        await _heal.LoseHubAsync(() => _heal.QueryAsync<object>(LongAgo(first)));

        await _heal.RunTimerAsync("TendIncidents");
        JsonObject asked = await AskingAsync();
        await _heal.ApproveAsync((string)asked["id"]!);
        JsonObject incident = Assert.Single(await _heal.UntilIncidentsEndAsync(1));

        Assert.Equal((first, "Healed"), ((string?)incident["id"], (string?)incident["outcome"]!["kind"]));
        Assert.Equal(3, SimulatedCluster.Generation(await _heal.Cluster.GetDeploymentAsync("cart")));
        Assert.Equal(1, await _heal.QueryAsync<long>($"SELECT count(*) FROM heal.operation_ledger WHERE key ~ '^{first}/[0-9]{{14}}/1$'"));
        Assert.Equal(0, await _heal.QueryAsync<long>("SELECT count(*) FROM heal.incident WHERE closed_at IS NULL"));
    }

    [Theory]
    [InlineData(false, "NoActionNeeded", 3)]
    [InlineData(true, "Escalated", 4)] // the fault comes back, and what the workflow allows has been done
    public async Task An_incident_whose_hub_is_lost_after_its_action_is_closed_and_does_not_act_again(
        bool isBroken, string outcome, int generation)
    {
        string first = await WaitingIncidentAsync();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _heal.App.LinePrinted = line =>
        {
            if (line.Contains($"({first}/1): Applied", StringComparison.Ordinal)) done.TrySetResult();
        };
        await _heal.ApproveAsync(first);
        await done.Task.WaitAsync(TimeSpan.FromMinutes(1));
        await _heal.LoseHubAsync(async () =>
        {
            await _heal.QueryAsync<object>(LongAgo(first));
            await _heal.Cluster.UntilAsync("cart", SimulatedCluster.IsHealthy);
            if (isBroken) await _heal.Cluster.MountBadConfigAsync("cart");
        });

        await _heal.RunTimerAsync("TendIncidents");
        JsonObject incident = Assert.Single(await _heal.UntilIncidentsEndAsync(1));

        Assert.Equal((first, outcome), ((string?)incident["id"], (string?)incident["outcome"]!["kind"]));
        if (isBroken) Assert.Contains("1 actions were made", (string?)incident["outcome"]!["reason"], StringComparison.Ordinal);
        Assert.Equal(generation, SimulatedCluster.Generation(await _heal.Cluster.GetDeploymentAsync("cart")));
        Assert.Equal(1, await _heal.QueryAsync<long>("SELECT count(*) FROM heal.operation_ledger"));
    }

    // Of an incident that was opened a moment ago it is not said that nobody works on it.
    private static string LongAgo(string incident) =>
        "UPDATE heal.incident SET opened_at = opened_at - interval '1 hour', input = jsonb_set(input, '{OpenedAt}', "
        + $"to_jsonb(opened_at - interval '1 hour')) WHERE incident_id = '{incident}'";

    private async Task<string> WaitingIncidentAsync()
    {
        await PostAlertAsync();
        return (string)(await AskingAsync())["id"]!;
    }

    private Task<JsonObject> AskingAsync() => _heal.UntilIncidentAsync(incident =>
        (string?)incident["status"]?["phase"] == "Approve" && (string?)incident["runtimeStatus"] == "Running");

    private async Task PostAlertAsync()
    {
        using HttpResponseMessage accepted = await _heal.PostAlertsAsync(Alerts.RolloutStuck("cart", DateTimeOffset.UtcNow));
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
    }
}

using System.Net;
using System.Text.Json.Nodes;

namespace Heal.EndToEnd.Tests;

/// <summary>Changes for a limited time, and what becomes of them when the orchestration that takes them back is lost.</summary>
public sealed class TemporaryEffectTests : IAsyncLifetime
{
    private const int Ceiling = 2;

    private const string ItsTimeHasCome =
        "UPDATE heal.expiry SET registered_at = registered_at - interval '1 hour', request = jsonb_set(request, '{At}', to_jsonb(now()))";

    private HealEnvironment _heal = null!;

    public async Task InitializeAsync()
    {
        _heal = await HealEnvironment.CreateAsync();
        await _heal.App.StartAsync();
    }

    public async Task DisposeAsync() => await _heal.DisposeAsync();

    [Theory]
    [InlineData("terminated")]
    [InlineData("lost with its hub")]
    public async Task A_temporary_change_is_taken_back_whatever_became_of_the_orchestration_of_its_end(string fate)
    {
        string key = await RaisedAsync();
        string instance = $"expire-{key.Replace('/', '-')}";
        if (fate == "terminated")
        {
            await _heal.UntilAsync($"SELECT count(*) FROM healhub.instances WHERE instance_id = '{instance}' AND status = 0");
            await _heal.TerminateAsync(instance, "all of them");
            await _heal.UntilAsync($"SELECT count(*) FROM healhub.instances WHERE instance_id = '{instance}' AND status = 5");
            await _heal.QueryAsync<object>(ItsTimeHasCome);
        }
        else
        {
            await _heal.LoseHubAsync(() => _heal.QueryAsync<object>(ItsTimeHasCome));
        }

        await _heal.RunTimerAsync("TendExpiries");
        await _heal.Cluster.UntilAutoscalerAsync("cart", scaler => (int)scaler["spec"]!["maxReplicas"]! == Ceiling);
        await _heal.UntilAsync($"SELECT count(*) FROM healhub.instances WHERE instance_id = '{instance}' AND status = 1");
        await _heal.RunTimerAsync("TendExpiries");
        await _heal.UntilAsync("SELECT count(*) FROM heal.expiry WHERE outcome = 'Applied' AND restarts > 0");
    }

    /// <returns>The key of the operation that raised the ceiling for four hours.</returns>
    private async Task<string> RaisedAsync()
    {
        await _heal.Cluster.CreateMaxedAutoscalerAsync("cart", Ceiling);
        using HttpResponseMessage accepted = await _heal.PostAlertsAsync(Alerts.Payload(Alerts.Alert(
            "KubeHpaMaxedOut", DateTimeOffset.UtcNow,
            $"\"namespace\":\"{SimulatedCluster.Namespace}\",\"horizontalpodautoscaler\":\"cart\"")));
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        JsonObject incident = Assert.Single(await _heal.UntilIncidentsEndAsync(1));
        Assert.True((string?)incident["outcome"]!["kind"] == "Healed", $"{incident}\n{_heal.App.Log}");
        Assert.Equal(Ceiling + 2, await _heal.Cluster.CeilingAsync("cart"));
        return (string)incident["outcome"]!["actions"]![0]!["key"]!;
    }
}

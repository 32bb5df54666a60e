using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Npgsql;

namespace Heal.EndToEnd.Tests;

/// <summary>What the intake promises: what was answered with 202 is there and is routed, and nothing else is answered so.</summary>
public sealed class IntakeTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>A storm with two starts of the app in it, on a machine that does other things as well.</summary>
    private static readonly TimeSpan StormLimit = TimeSpan.FromMinutes(6);

    private HealEnvironment _heal = null!;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _heal.DisposeAsync();

    [Fact]
    public async Task Where_a_signal_went_can_be_asked_and_a_copy_is_told_as_one()
    {
        await StartAsync();
        string payload = Alerts.Payload(Alerts.Alert("SomethingVague", DateTimeOffset.UtcNow, "\"severity\":\"warning\""));

        using HttpResponseMessage first = await _heal.PostAlertsAsync(payload);
        await UntilSignalsAsync(1);
        using HttpResponseMessage second = await _heal.PostAlertsAsync(payload);

        JsonNode stored = (await first.Content.ReadFromJsonAsync<JsonObject>())!["signals"]![0]!;
        JsonNode copy = (await second.Content.ReadFromJsonAsync<JsonObject>())!["signals"]![0]!;
        Assert.Equal((false, true), ((bool)stored["isDuplicate"]!, (bool)copy["isDuplicate"]!));
        JsonObject found = (await _heal.App.Http.GetFromJsonAsync<JsonObject>(
            new Uri($"/api/signals/{(string)stored["id"]!}", UriKind.Relative)))!;
        Assert.Equal(("Routed", "Rejected"), ((string?)found["state"], (string?)found["kind"]));
        Assert.Contains("no label identifies a target", (string?)found["reason"], StringComparison.Ordinal);
        JsonObject parked = (await _heal.App.Http.GetFromJsonAsync<JsonObject>(new Uri("/api/signals?state=parked", UriKind.Relative)))!;
        Assert.Empty(parked["signals"]!.AsArray());
        using HttpResponseMessage unknown = await _heal.App.Http.GetAsync(new Uri("/api/signals/nothing", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task An_alert_of_another_cluster_is_answered_so_and_leaves_the_namesake_here_alone()
    {
        await StartAsync();
        await _heal.Cluster.CreateDeploymentAsync("twin");
        string labels = $"\"cluster\":\"elsewhere\",\"namespace\":\"{SimulatedCluster.Namespace}\",\"deployment\":\"twin\"";

        using HttpResponseMessage answer = await _heal.PostAlertsAsync(
            Alerts.Payload(Alerts.Alert("KubeDeploymentReplicasMismatch", DateTimeOffset.UtcNow, labels)));
        await UntilSignalsAsync(1);

        JsonNode stored = (await answer.Content.ReadFromJsonAsync<JsonObject>())!["signals"]![0]!;
        JsonObject found = (await _heal.App.Http.GetFromJsonAsync<JsonObject>(
            new Uri($"/api/signals/{(string)stored["id"]!}", UriKind.Relative)))!;
        Assert.Equal(("Routed", "Rejected"), ((string?)found["state"], (string?)found["kind"]));
        Assert.Contains(
            "says 'elsewhere', and this healer looks after the cluster 'sim'", (string?)found["reason"], StringComparison.Ordinal);
        Assert.Empty(await _heal.GetIncidentsAsync());
    }

    [Fact]
    public async Task A_healer_whose_cluster_has_no_name_takes_what_names_one_and_says_so_in_the_answer()
    {
        await StartAsync(("Heal__Cluster", "default"));
        string labels = $"\"cluster\":\"prod\",\"namespace\":\"{SimulatedCluster.Namespace}\",\"deployment\":\"twin\"";

        using HttpResponseMessage answer = await _heal.PostAlertsAsync(
            Alerts.Payload(Alerts.Alert("KubeDeploymentReplicasMismatch", DateTimeOffset.UtcNow, labels)));

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        JsonObject told = (await answer.Content.ReadFromJsonAsync<JsonObject>())!;
        Assert.Contains("says 'prod'", (string?)told["warning"], StringComparison.Ordinal);
        Assert.Contains(_heal.App.LogLines, line => line.Contains("about the cluster 'prod'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Signals_are_routed_when_they_come_and_not_when_a_timer_finds_them()
    {
        // Without the timer: a wake-up that gets lost is never made up for.
        await StartAsync(("AzureWebJobs_TendSignals_Disabled", "true"));
        using var limit = new CancellationTokenSource(Patience);
        for (int i = 1; i <= 30; i++)
        {
            using HttpResponseMessage answer = await _heal.PostAlertsAsync(Vague($"one-{i}"));
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
            while (await CountAsync("routed_at IS NOT NULL") < i)
            {
                await Task.Delay(5, limit.Token);
            }
        }
    }

    [Fact]
    public async Task An_alert_that_was_accepted_and_not_routed_when_the_hub_was_lost_opens_its_incident()
    {
        await StartAsync();
        await _heal.Cluster.CreateDeploymentAsync("late");
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(_heal.ConnectionString);
        await using (NpgsqlConnection other = await source.OpenConnectionAsync())
        await using (NpgsqlTransaction blocked = await other.BeginTransactionAsync())
        {
            // It can be stored, and not be brought to an incident.
            await using var hold = new NpgsqlCommand("LOCK TABLE heal.incident IN ACCESS EXCLUSIVE MODE", other);
            await hold.ExecuteNonQueryAsync();
            using HttpResponseMessage accepted = await _heal.PostAlertsAsync(Alerts.RolloutStuck("late", DateTimeOffset.UtcNow));
            Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);

            await _heal.LoseHubAsync(() => blocked.RollbackAsync());
        }

        await UntilSignalsAsync(1);
        Assert.Single(await _heal.UntilIncidentsEndAsync(1));
        Assert.Equal(1L, await _heal.QueryAsync<long>("SELECT count(*) FROM heal.incident"));
    }

    [Fact]
    public async Task An_alert_whose_target_was_being_looked_at_when_the_hub_was_lost_opens_its_incident()
    {
        await StartAsync(("Heal__Evidence__Deadline", "00:05:00"));
        await _heal.Cluster.CreateDeploymentAsync("back");
        await _heal.Cluster.AnnotateAsync("back", "heal.internal/autonomy", "observe");
        using HttpResponseMessage early = await _heal.PostAlertsAsync(
            Alerts.RolloutStuck("back", DateTimeOffset.UtcNow.AddMinutes(-1)));
        await _heal.UntilAsync("SELECT count(*) FROM heal.incident WHERE outcome = 'NoActionNeeded'");

        // The fault is back, and the look at it hangs.
        await _heal.Cluster.MountBadConfigAsync("back");
        using var released = new ManualResetEventSlim();
        var looks = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _heal.Cluster.Proxy.Arrived = request =>
        {
            if (request.Path.Value!.EndsWith("/pods", StringComparison.Ordinal))
            {
                looks.TrySetResult();
                released.Wait(StormLimit);
            }
        };
        using HttpResponseMessage again = await _heal.PostAlertsAsync(Alerts.RolloutStuck("back", DateTimeOffset.UtcNow));
        await looks.Task.WaitAsync(Patience);
        await _heal.UntilAsync("SELECT count(*) FROM healhub.instances WHERE instance_id = 'route-signals' AND status = 1");
        await _heal.LoseHubAsync(() =>
        {
            _heal.Cluster.Proxy.Arrived = _ => { };
            released.Set();
            return Task.CompletedTask;
        });

        await _heal.UntilAsync("SELECT count(*) FROM heal.incident WHERE episode = 2 AND outcome = 'Escalated'");
        await UntilSignalsAsync(2);
        Assert.Equal(2L, await _heal.QueryAsync<long>("SELECT count(*) FROM heal.incident"));
    }

    [Fact]
    public async Task Kills_in_a_storm_lose_nothing_that_was_acknowledged_and_open_no_second_incident()
    {
        const int Senders = 8;
        const int PostsEach = 10;
        const int AlertsEach = 20;
        await StartAsync();
        await _heal.Cluster.CreateDeploymentAsync("stormy");
        int answered = 0;
        using var killing = new SemaphoreSlim(1);
        Task storm = Task.WhenAll(Enumerable.Range(0, Senders).Select(sender => Task.Run(async () =>
        {
            for (int post = 0; post < PostsEach; post++)
            {
                await PostUntilAcceptedAsync(Storm($"{sender}-{post}", AlertsEach));
                // Two kills, spread over the storm, each right after an answer: what it acknowledged must be there.
                if (Interlocked.Increment(ref answered) is 15 or 50)
                {
                    await KillAndStartAsync(killing);
                }
            }
        })));
        await storm.WaitAsync(StormLimit);

        const int All = Senders * PostsEach * AlertsEach;
        using var limit = new CancellationTokenSource(StormLimit);
        while (await CountAsync("routed_at IS NOT NULL") < All)
        {
            await Task.Delay(100, limit.Token);
        }

        Assert.Equal(2, _heal.App.Kills);
        Assert.Equal(All, await CountAsync("true"));
        Assert.Equal(All, await _heal.QueryAsync<long>("SELECT count(*) FROM heal.incident_signal WHERE incident_id IS NOT NULL"));
        Assert.Equal(1L, await _heal.QueryAsync<long>("SELECT count(*) FROM heal.incident"));
    }

    [Fact]
    public async Task A_store_that_hangs_is_answered_with_503_and_the_same_post_is_taken_when_it_is_back()
    {
        await StartAsync(("Heal__Intake__CommitTimeout", "00:00:01"));
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(_heal.ConnectionString);
        await using (NpgsqlConnection other = await source.OpenConnectionAsync())
        await using (NpgsqlTransaction blocked = await other.BeginTransactionAsync())
        {
            await using var hold = new NpgsqlCommand("LOCK TABLE heal.received_signal IN ACCESS EXCLUSIVE MODE", other);
            await hold.ExecuteNonQueryAsync();

            using HttpResponseMessage refused = await _heal.PostAlertsAsync(Vague("during"));

            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.True(refused.Headers.RetryAfter?.Delta > TimeSpan.Zero);
            Assert.Contains("Send them again", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            await blocked.RollbackAsync();
        }

        using HttpResponseMessage taken = await _heal.PostAlertsAsync(Vague("during"));

        Assert.Equal(HttpStatusCode.Accepted, taken.StatusCode);
        Assert.Equal(1L, await CountAsync("true"));
    }

    private async Task StartAsync(params (string Name, string Value)[] settings)
    {
        _heal = await HealEnvironment.CreateAsync(settings.ToDictionary(item => item.Name, item => item.Value, StringComparer.Ordinal));
        await _heal.App.StartAsync();
    }

    private static string Vague(string instance) => Alerts.Payload(
        Alerts.Alert("SomethingVague", DateTimeOffset.UnixEpoch.AddYears(50), $"\"severity\":\"warning\",\"what\":\"{instance}\""));

    private static string Storm(string post, int alerts) => Alerts.Payload([.. Enumerable.Range(0, alerts).Select(i => Alerts.Alert(
        "NobodyKnowsThis",
        DateTimeOffset.UnixEpoch.AddYears(50),
        $"\"namespace\":\"{SimulatedCluster.Namespace}\",\"deployment\":\"stormy\",\"what\":\"{post}-{i}\""))]);

    private Task<long> CountAsync(string condition) =>
        _heal.QueryAsync<long>($"SELECT count(*) FROM heal.received_signal WHERE {condition}");

    // One at a time: a start that is killed would count as one that failed.
    private async Task KillAndStartAsync(SemaphoreSlim killing)
    {
        await killing.WaitAsync();
        Assert.True(_heal.App.Kill());
        await _heal.App.StartAsync();
        killing.Release();
    }

    /// <summary>As Alertmanager does: what was not acknowledged is sent again.</summary>
    private async Task PostUntilAcceptedAsync(string payload)
    {
        using var limit = new CancellationTokenSource(StormLimit);
        while (true)
        {
            try
            {
                using HttpResponseMessage answer = await _heal.PostAlertsAsync(payload);
                if (answer.StatusCode == HttpStatusCode.Accepted)
                {
                    return;
                }
            }
            catch (Exception away) when (away is HttpRequestException or IOException or SocketException)
            {
                // Killed while it answered.
            }

            await Task.Delay(50, limit.Token);
        }
    }

    private async Task UntilSignalsAsync(long count)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (await CountAsync("routed_at IS NOT NULL") < count)
        {
            await Task.Delay(50, limit.Token);
        }
    }
}

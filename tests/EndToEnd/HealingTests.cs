using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace Heal.EndToEnd.Tests;

/// <summary>
/// The main job, through the doors that a user has: an alert comes in, the Deployment is well again, and the record says so.
/// </summary>
public sealed class HealingTests : IAsyncLifetime
{
    private HealEnvironment _heal = null!;

    public async Task InitializeAsync()
    {
        _heal = await HealEnvironment.CreateAsync();
        await _heal.App.StartAsync();
    }

    public async Task DisposeAsync() => await _heal.DisposeAsync();

    [Fact]
    public async Task A_crash_loop_after_a_change_is_rolled_back_and_a_second_alert_joins()
    {
        await _heal.Cluster.CreateDeploymentAsync("cart");
        await _heal.Cluster.MountBadConfigAsync("cart");
        string pod = await _heal.Cluster.UntilPodWaitsAsync("cart", "CrashLoopBackOff");
        DateTimeOffset now = DateTimeOffset.UtcNow;

        using HttpResponseMessage first = await _heal.PostAlertsAsync(Alerts.CrashLooping(pod, now));
        await HealEnvironment.EnqueueAsync(Alerts.Alert(
            "KubeDeploymentReplicasMismatch", now, $"\"namespace\":\"{SimulatedCluster.Namespace}\",\"deployment\":\"cart\""));
        JsonObject incident = Assert.Single(await _heal.UntilIncidentsEndAsync(1));

        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        Assert.Equal("Healed", (string?)incident["outcome"]!["kind"]);
        Assert.Equal("CrashAfterTemplateChange", (string?)incident["outcome"]!["cause"]);
        JsonObject deployment = await _heal.Cluster.GetDeploymentAsync("cart");
        Assert.Equal("cart-good", (string?)deployment["spec"]!["template"]!["spec"]!["volumes"]![0]!["configMap"]!["name"]);
        Assert.Equal(3, SimulatedCluster.Generation(deployment));
        await UntilSignalsAsync(2);
        Assert.Single(await _heal.GetIncidentsAsync());
    }

    [Fact]
    public async Task Five_pods_that_crash_together_are_one_incident_of_five_signals_and_one_action()
    {
        const int Pods = 5;
        await _heal.Cluster.CreateDeploymentAsync("cart", replicas: Pods);
        await _heal.Cluster.ReplaceAtOnceAsync("cart");
        await _heal.Cluster.MountBadConfigAsync("cart");
        IReadOnlyList<string> crashing = await _heal.Cluster.UntilPodsMountAsync("cart", "cart-bad", Pods);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        string payload = Alerts.Payload([.. crashing.Select(pod => Alerts.Alert(
            "KubePodCrashLooping", now, $"\"namespace\":\"{SimulatedCluster.Namespace}\",\"pod\":\"{pod}\""))]);

        using HttpResponseMessage first = await _heal.PostAlertsAsync(payload);
        using HttpResponseMessage again = await _heal.PostAlertsAsync(payload);
        JsonObject incident = Assert.Single(await _heal.UntilIncidentsEndAsync(1));

        Assert.Equal("Healed", (string?)incident["outcome"]!["kind"]);
        await UntilSignalsAsync(Pods);
        Assert.Single(await _heal.GetIncidentsAsync());
        Assert.Equal(Pods, await _heal.QueryAsync<long>("SELECT count(*) FROM heal.incident_signal"));
        Assert.Equal(1, await _heal.QueryAsync<long>("SELECT count(*) FROM heal.operation_ledger"));
    }

    [Fact]
    public async Task A_rollout_that_cannot_pull_its_image_is_rolled_back()
    {
        await _heal.Cluster.CreateDeploymentAsync("web");
        await _heal.Cluster.SetMissingImageAsync("web");

        using HttpResponseMessage accepted = await _heal.PostAlertsAsync(Alerts.RolloutStuck("web", DateTimeOffset.UtcNow));
        JsonObject incident = Assert.Single(await _heal.UntilIncidentsEndAsync(1));

        Assert.Equal("Healed", (string?)incident["outcome"]!["kind"]);
        JsonObject deployment = await _heal.Cluster.GetDeploymentAsync("web");
        Assert.True(SimulatedCluster.IsHealthy(deployment), deployment.ToJsonString());
        Assert.Equal("nginx:1.25", (string?)deployment["spec"]!["template"]!["spec"]!["containers"]![0]!["image"]);
    }

    [Fact]
    public async Task A_healthy_target_is_not_touched()
    {
        await _heal.Cluster.CreateDeploymentAsync("fine");

        using HttpResponseMessage accepted = await _heal.PostAlertsAsync(Alerts.RolloutStuck("fine", DateTimeOffset.UtcNow));
        JsonObject incident = Assert.Single(await _heal.UntilIncidentsEndAsync(1));

        Assert.Equal("NoActionNeeded", (string?)incident["outcome"]!["kind"]);
        Assert.Equal(1, SimulatedCluster.Generation(await _heal.Cluster.GetDeploymentAsync("fine")));
    }

    [Fact]
    public async Task A_crash_loop_is_healed_though_an_alert_that_no_workflow_serves_opened_the_incident()
    {
        await _heal.Cluster.CreateDeploymentAsync("cart");
        await _heal.Cluster.MountBadConfigAsync("cart");
        string pod = await _heal.Cluster.UntilPodWaitsAsync("cart", "CrashLoopBackOff");
        string labels = $"\"namespace\":\"{SimulatedCluster.Namespace}\",\"pod\":\"{pod}\"";
        DateTimeOffset now = DateTimeOffset.UtcNow;

        // One after the other: signals of one post are routed in no order of their own.
        foreach (string alert in new[] { "KubePodNotReady", "KubePodCrashLooping" })
        {
            using HttpResponseMessage accepted = await _heal.PostAlertsAsync(Alerts.Payload(Alerts.Alert(alert, now, labels)));
        }

        JsonObject incident = Assert.Single(await _heal.UntilIncidentsEndAsync(1));

        Assert.Equal(("Healed", "KubePodNotReady"), ((string?)incident["outcome"]!["kind"], await FirstAlertAsync(1)));
        Assert.Equal("crashloop", (string?)incident["status"]!["workflow"]);
        Assert.True(SimulatedCluster.IsHealthy(await _heal.Cluster.GetDeploymentAsync("cart")));
    }

    [Fact]
    public async Task A_crash_loop_that_is_told_of_after_an_incident_without_a_workflow_is_healed_by_the_next_one()
    {
        await _heal.Cluster.CreateDeploymentAsync("cart");
        await _heal.Cluster.MountBadConfigAsync("cart");
        string pod = await _heal.Cluster.UntilPodWaitsAsync("cart", "CrashLoopBackOff");
        DateTimeOffset now = DateTimeOffset.UtcNow;

        using HttpResponseMessage vague = await _heal.PostAlertsAsync(Alerts.Payload(Alerts.Alert(
            "KubePodNotReady", now, $"\"namespace\":\"{SimulatedCluster.Namespace}\",\"pod\":\"{pod}\"")));
        Assert.Equal("Escalated", (string?)Assert.Single(await _heal.UntilIncidentsEndAsync(1))["outcome"]!["kind"]);
        using HttpResponseMessage plain = await _heal.PostAlertsAsync(Alerts.CrashLooping(pod, now));
        IReadOnlyList<JsonObject> incidents = await _heal.UntilIncidentsEndAsync(2);

        Assert.Equal(["Escalated", "Healed"], incidents.Select(incident => (string?)incident["outcome"]!["kind"]));
        Assert.Equal("KubePodCrashLooping", await FirstAlertAsync(2));
        Assert.True(SimulatedCluster.IsHealthy(await _heal.Cluster.GetDeploymentAsync("cart")));
    }

    [Fact]
    public async Task A_person_starts_a_workflow_by_hand()
    {
        await _heal.Cluster.CreateDeploymentAsync("hand");
        await _heal.Cluster.MountBadConfigAsync("hand");

        using HttpResponseMessage accepted = await _heal.App.Http.PostAsJsonAsync(
            new Uri("/api/workflows/crashloop", UriKind.Relative),
            new { target = new { kind = "Deployment", @namespace = SimulatedCluster.Namespace, name = "hand" } });
        JsonObject incident = Assert.Single(await _heal.UntilIncidentsEndAsync(1));

        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        Assert.Equal("Healed", (string?)incident["outcome"]!["kind"]);
    }

    [Theory]
    [InlineData("{", HttpStatusCode.BadRequest, "$")]
    [InlineData("[]", HttpStatusCode.BadRequest, "$")]
    [InlineData("{\"version\":\"3\",\"alerts\":[]}", HttpStatusCode.BadRequest, "$.version")]
    [InlineData("{\"version\":\"4\",\"alerts\":[{\"status\":\"firing\",\"labels\":{}}]}", HttpStatusCode.BadRequest, "alertname")]
    [InlineData(
        """{"version":"4","alerts":[{"status":"firing","startsAt":"2026-01-01T00:00:00Z","labels":{"alertname":"A\u0007"}}]}""",
        HttpStatusCode.BadRequest,
        "alertname")]
    public async Task A_payload_that_cannot_be_used_is_refused_with_its_faults(string body, HttpStatusCode status, string where)
    {
        using HttpResponseMessage answer = await _heal.PostAlertsAsync(body);

        string text = await answer.Content.ReadAsStringAsync();
        Assert.Equal(status, answer.StatusCode);
        Assert.Contains(where, text, StringComparison.Ordinal);
        Assert.Contains("correlationId", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_of_five_megabytes_is_refused()
    {
        using var handler = new SocketsHttpHandler { Expect100ContinueTimeout = TimeSpan.FromSeconds(30) };
        using var http = new HttpClient(handler);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_heal.App.Url, "/api/alerts"));
        request.Headers.Add("x-functions-key", HealProcess.FunctionKey);
        string payload = $$"""{"version":"4","junk":"{{new string('x', 5_000_000)}}"}""";
        request.Content = new StringContent(payload, Encoding.UTF8, "application/json");
        // The app answers before the body and hangs up. Who sends the body all the same may lose the answer to a broken pipe.
        request.Headers.ExpectContinue = true;

        using HttpResponseMessage answer = await http.SendAsync(request);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("wrong")]
    public async Task A_missing_or_wrong_key_is_refused(string? key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_heal.App.Url, "/api/alerts"));
        request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
        using var http = new HttpClient();
        if (key is not null)
        {
            request.Headers.Add("x-functions-key", key);
        }

        using HttpResponseMessage answer = await http.SendAsync(request);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task Alerts_without_a_target_or_a_workflow_are_recorded_and_touch_nothing()
    {
        await _heal.Cluster.CreateDeploymentAsync("other");
        DateTimeOffset now = DateTimeOffset.UtcNow;

        using HttpResponseMessage answer = await _heal.PostAlertsAsync(Alerts.Payload(
            Alerts.Alert("SomethingVague", now, "\"severity\":\"warning\""),
            Alerts.Alert("NobodyKnowsThis", now, $"\"namespace\":\"{SimulatedCluster.Namespace}\",\"deployment\":\"other\"")));
        await UntilSignalsAsync(2);

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        IReadOnlyList<JsonObject> incidents = await _heal.UntilIncidentsEndAsync(1);
        Assert.Contains((string?)Assert.Single(incidents)["outcome"]!["kind"], new[] { "Escalated", "NoActionNeeded" });
        Assert.Equal(1, SimulatedCluster.Generation(await _heal.Cluster.GetDeploymentAsync("other")));
    }

    private async Task UntilSignalsAsync(long count)
    {
        // An idle queue is looked at once a minute.
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        while (await RoutedAsync() < count)
        {
            await Task.Delay(50, limit.Token);
        }
    }

    private Task<long> RoutedAsync() => _heal.QueryAsync<long>("SELECT count(*) FROM heal.received_signal WHERE routed_at IS NOT NULL");

    private Task<string> FirstAlertAsync(int episode) => _heal.QueryAsync<string>(
        "SELECT s.alert_name FROM heal.incident i JOIN heal.incident_signal s ON s.signal_id = i.first_signal_id "
        + "WHERE i.episode = " + episode);
}

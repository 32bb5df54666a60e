using System.Text.Json.Nodes;

namespace Heal.EndToEnd.Tests;

/// <summary>One fault and others that suffer from it: one is remedied, and the others are left alone.</summary>
public sealed class CascadeTests : IAsyncLifetime
{
    private HealEnvironment _heal = null!;

    public async Task InitializeAsync()
    {
        _heal = await HealEnvironment.CreateAsync();
        await _heal.App.StartAsync();
    }

    public async Task DisposeAsync() => await _heal.DisposeAsync();

    [Fact]
    public async Task Two_programs_that_were_changed_a_moment_ago_wait_for_their_database_and_are_not_rolled_back()
    {
        string[] programs = ["orders", "invoices"];
        await _heal.Cluster.CreateDeploymentAsync("database", replicas: 1);
        await _heal.Cluster.ReplaceAtOnceAsync("database");
        await _heal.Cluster.CreateServiceAsync("database");
        foreach (string program in programs)
        {
            // Both of its revisions were healthy: there is one to go back to.
            await _heal.Cluster.CreateDeploymentAsync(program, replicas: 1);
            await _heal.Cluster.SetImageAsync(program, "nginx:1.26");
        }

        await _heal.Cluster.MountBadConfigAsync("database");
        await _heal.Cluster.UntilBackendsAsync("database", areReady: false);
        foreach (string program in programs)
        {
            await _heal.Cluster.CrashAsync(program, "fatal: dial tcp database:5432: connect: connection refused");
            await TellAsync(program);
        }

        // They come first, and find no more than their own crash and a database that is not there.
        foreach (string program in programs)
        {
            JsonObject blocked = await _heal.UntilIncidentAsync(incident =>
                IsOf(incident, program) && (string?)incident["status"]!["phase"] == "Wait");
            Assert.Contains("blocked: it stands on Service 'database'", (string?)blocked["status"]!["detail"], StringComparison.Ordinal);
        }

        await TellAsync("database");
        await _heal.UntilIncidentAsync(incident => IsOf(incident, "database") && (string?)incident["outcome"]?["kind"] == "Healed");
        foreach (string program in programs)
        {
            await _heal.Cluster.UncrashAsync(program);
        }

        IReadOnlyList<JsonObject> incidents = await _heal.UntilIncidentsEndAsync(3, TimeSpan.FromMinutes(3));

        foreach (string program in programs)
        {
            JsonNode outcome = Assert.Single(incidents, incident => IsOf(incident, program))["outcome"]!;
            Assert.Equal("NoActionNeeded", (string?)outcome["kind"]);
            Assert.Contains(
                "nothing was done here, because it stands on Service 'database'", (string?)outcome["reason"], StringComparison.Ordinal);
            JsonObject deployment = await _heal.Cluster.GetDeploymentAsync(program);
            Assert.Equal("nginx:1.26", (string?)deployment["spec"]!["template"]!["spec"]!["containers"]![0]!["image"]);
        }

        Assert.Equal(1, await _heal.QueryAsync<long>("SELECT count(*) FROM heal.operation_ledger"));
    }

    [Fact]
    public async Task A_program_whose_alert_comes_only_once_its_database_is_back_is_left_alone_too()
    {
        await _heal.Cluster.CreateDeploymentAsync("database", replicas: 1);
        await _heal.Cluster.ReplaceAtOnceAsync("database");
        await _heal.Cluster.CreateServiceAsync("database");
        await _heal.Cluster.CreateDeploymentAsync("orders", replicas: 1);
        await _heal.Cluster.SetImageAsync("orders", "nginx:1.26");
        await _heal.Cluster.MountBadConfigAsync("database");
        await _heal.Cluster.UntilBackendsAsync("database", areReady: false);
        await _heal.Cluster.CrashAsync("orders", "fatal: dial tcp database:5432: connect: connection refused");
        await _heal.Cluster.UntilPodWaitsAsync("orders", "CrashLoopBackOff");
        await _heal.Cluster.MountConfigAsync("database", "database-good");
        await _heal.Cluster.UntilBackendsAsync("database", areReady: true);

        await TellAsync("orders");
        JsonObject waits = await _heal.UntilIncidentAsync(incident => (string?)incident["status"]?["phase"] == "Wait");
        Assert.Contains("what it stands on was not ready until", (string?)waits["status"]!["detail"], StringComparison.Ordinal);
        await _heal.Cluster.UncrashAsync("orders");
        JsonObject ended = Assert.Single(await _heal.UntilIncidentsEndAsync(1, TimeSpan.FromMinutes(3)));

        Assert.Equal("NoActionNeeded", (string?)ended["outcome"]!["kind"]);
        Assert.Equal(0, await _heal.QueryAsync<long>("SELECT count(*) FROM heal.operation_ledger"));
    }

    private async Task TellAsync(string deployment)
    {
        string pod = await _heal.Cluster.UntilPodWaitsAsync(deployment, "CrashLoopBackOff");
        using HttpResponseMessage accepted = await _heal.PostAlertsAsync(Alerts.CrashLooping(pod, DateTimeOffset.UtcNow));
    }

    private static bool IsOf(JsonObject incident, string deployment) =>
        ((string?)incident["status"]?["target"])?.EndsWith($"/{deployment}", StringComparison.Ordinal) == true;
}

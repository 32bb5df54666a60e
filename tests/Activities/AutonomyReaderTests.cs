using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>How far the healer may go with a target, as the bundle says it.</summary>
public sealed class AutonomyReaderTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("true", "Deployment", "says 'true': somebody works on it")]
    [InlineData("2026-01-01T12:30:00Z", "Deployment", "somebody works on it")]
    [InlineData("true", "Namespace", "of Namespace shop says 'true'")]
    [InlineData("yes, do not touch", "Deployment", "expected true, false, or the time when it ends")]
    [InlineData("2026-01-01T11:30:00Z", "Deployment", null)]
    [InlineData("false", "Deployment", null)]
    public async Task Nothing_is_done_to_what_somebody_works_on(string mark, string on, string? held)
    {
        await using var rig = await EvidenceRig.StartAsync();
        rig.Time = new ManualTime(Noon);
        await rig.CreateAsync(Marked("v1", "Namespace", EvidenceRig.Namespace, on == "Namespace" ? mark : null));
        await rig.CreateAsync(Marked("apps/v1", "Deployment", "web", on == "Deployment" ? mark : null));

        var autonomy = (await rig.CollectAsync("Deployment", "web")).Autonomy;

        Assert.Equal(held is null ? Autonomy.Act : Autonomy.Observe, autonomy.Level);
        Assert.Contains(held ?? "annotation heal.internal/autonomy of Deployment web", autonomy.Source);
    }

    [Fact]
    public async Task What_somebody_works_on_holds_back_from_what_belongs_to_it_too()
    {
        await using var rig = await EvidenceRig.StartAsync();
        await rig.CreateAsync(Marked("v1", "Namespace", EvidenceRig.Namespace, null), """
            { "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": "nightly",
              "labels": { "heal.internal/maintenance": "true" } },
              "spec": { "schedule": "0 3 * * *", "suspend": true, "jobTemplate": { "spec": { "template": { "spec": {
                "restartPolicy": "Never", "containers": [ { "name": "app", "image": "web:1" } ] } } } } } }
            """, """
            { "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "nightly-1",
              "annotations": { "heal.internal/autonomy": "act" },
              "ownerReferences": [ { "apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "controller": true } ] },
              "spec": { "template": { "spec": { "restartPolicy": "Never", "containers": [ { "name": "app", "image": "web:1" } ] } } } }
            """);

        var autonomy = (await rig.CollectAsync("Job", "nightly-1")).Autonomy;

        Assert.Equal(Autonomy.Observe, autonomy.Level);
        Assert.Contains("label heal.internal/maintenance of CronJob nightly", autonomy.Source);
    }

    private static string Marked(string apiVersion, string kind, string name, string? maintenance)
    {
        var mark = maintenance is null ? "" : $", \"heal.internal/maintenance\": \"{maintenance}\"";
        var spec = kind == "Namespace" ? "{}" : """
            { "replicas": 0, "selector": { "matchLabels": { "app": "web" } }, "template": { "metadata": { "labels": { "app": "web" } },
              "spec": { "containers": [ { "name": "app", "image": "web:1" } ] } } }
            """;
        return $$"""
            { "apiVersion": "{{apiVersion}}", "kind": "{{kind}}", "metadata": { "name": "{{name}}",
              "annotations": { "heal.internal/autonomy": "act"{{mark}} } }, "spec": {{spec}} }
            """;
    }
}

using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities.Tests;

public sealed class EvidencePermissionsTests
{
    [Theory]
    [InlineData("Deployment", "web", EvidenceRig.Namespace)]
    [InlineData("PersistentVolumeClaim", "data", EvidenceRig.Namespace)]
    [InlineData("HorizontalPodAutoscaler", "web", EvidenceRig.Namespace)]
    [InlineData("Service", "web", EvidenceRig.Namespace)]
    [InlineData("CronJob", "nightly", EvidenceRig.Namespace)]
    [InlineData("Node", "node-1", "")]
    [InlineData("Namespace", EvidenceRig.Namespace, "")]
    public async Task Nothing_is_read_that_is_not_in_the_rules(string kind, string name, string ns)
    {
        await using var rig = await EvidenceRig.StartAsync(EvidenceObjects.Deployment("web", 1));
        await rig.CreateAsync("""
            [ { "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": { "name": "data" },
                "spec": { "storageClassName": "fast", "volumeName": "v1" } },
              { "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web" }, "spec": { "selector": { "app": "web" } } },
              { "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": "nightly" }, "spec": { } },
              { "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": { "name": "web" },
                "spec": { "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" } } } ]
            """);
        await rig.UntilAsync<Deployment>("web", item => item.Status?.ReadyReplicas == 1);
        using var calls = new RecordedCalls(rig.Client.Server);

        Assert.NotNull((await rig.CollectAsync(kind, name, ns)).Object);

        var made = calls.Take().Where(call => call.Kind != "discovery").Distinct().ToList();
        Assert.Contains(made, call => call == ("list", "Pod"));
        foreach (var (verb, of) in made)
        {
            var resource = (await rig.Client.DiscoverAsync(KindCatalogue.Find(of)!))!;
            Assert.Contains(EvidencePermissions.Rules, rule =>
                rule.ApiGroup == resource.Group && rule.Resource == resource.Plural && rule.Verbs.Contains(verb));
        }
    }
}

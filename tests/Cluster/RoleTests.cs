using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Heal.Cluster.Tests;

/// <summary>The roles of <c>deploy/kubernetes</c> on a real Kubernetes: enough for what they are for, and for nothing else.</summary>
[Collection(RealClusterCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class RoleTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Without_its_role_in_the_namespace_the_missing_right_is_named_and_with_it_the_workload_is_healed()
    {
        await using Workload workload = await Workload.CreateAsync("payroll", replicas: 2, autonomy: "act");
        await using var account = await ServiceAccount.CreateAsync();
        await using RealHealer healer = await RealHealer.StartAsync(output, kubeconfig: account.Kubeconfig);
        await healer.ExplainAsync(workload, async () =>
        {
            JsonObject before = await workload.GetAsync();
            await workload.MountBadConfigAsync();
            long faulty = await workload.GenerationAsync();

            JsonObject refused = await healer.UntilIncidentEndsAsync(workload);

            Assert.Equal(("Escalated", "CrashAfterTemplateChange"), Claims.Outcome(refused));
            Assert.Contains(
                $"missing permission patch deployments.apps in namespace '{workload.Namespace}' for action rollback_deployment",
                (string?)refused["outcome"]!["reason"], StringComparison.Ordinal);
            Assert.Equal(faulty, await workload.GenerationAsync());

            await account.MayActInAsync(workload.Namespace);
            await StartAsync(healer, workload);
            IReadOnlyList<JsonObject> both = await healer.App.UntilIncidentsEndAsync(
                2, RealHealer.Patience, incident => incident.ToJsonString().Contains(workload.Namespace, StringComparison.Ordinal));

            Assert.Equal(
                ("Healed", "CrashAfterTemplateChange"),
                Claims.Outcome(both.Single(incident => (string?)incident["id"] != (string?)refused["id"])));
            await workload.RolloutAsync();
            Assert.Equal(
                before["spec"]!["template"]!.ToJsonString(), (await workload.GetAsync())["spec"]!["template"]!.ToJsonString());
        });
        Assert.Equal("no", await account.CanAsync("delete", "namespaces", workload.Namespace));
        Assert.Equal("no", await account.CanAsync("get", "secrets", "kube-system"));
        Assert.Equal("no", await account.CanAsync("patch", "deployments.apps", "default"));
    }

    private static async Task StartAsync(RealHealer healer, Workload workload)
    {
        var request = new { target = new { kind = "Deployment", @namespace = workload.Namespace, name = workload.Name } };
        using HttpResponseMessage answer = await healer.App.Http.PostAsJsonAsync(
            new Uri("/api/workflows/crashloop", UriKind.Relative), request);
        answer.EnsureSuccessStatusCode();
    }
}

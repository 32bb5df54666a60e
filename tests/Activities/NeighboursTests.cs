using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Which Deployments beside a target an action is blamed for.</summary>
public sealed class NeighboursTests(Rig rig) : IClassFixture<Rig>
{
    [Theory]
    [InlineData(2, 2, "NewReplicaSetAvailable", true)] // it was rolled out, and has lost a replica since
    [InlineData(2, 2, null, true)]
    [InlineData(2, 2, "ReplicaSetUpdated", false)]
    [InlineData(2, 2, "ProgressDeadlineExceeded", false)]
    [InlineData(2, 1, "NewReplicaSetAvailable", false)] // changed a moment ago
    [InlineData(3, 2, "DeploymentPaused", true)]
    public void One_that_is_not_ready_because_of_its_own_change_is_nobody_elses_fault(
        int generation, int observed, string? reason, bool isUnready)
    {
        var conditions = new JsonArray();
        if (reason is not null) conditions.Add(new JsonObject { ["type"] = "Progressing", ["status"] = "True", ["reason"] = reason });
        if (reason == "DeploymentPaused") observed = generation;
        var neighbour = KubernetesObject.FromJson<Deployment>(new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "beside", ["generation"] = generation },
            ["spec"] = new JsonObject { ["replicas"] = 3 },
            ["status"] = new JsonObject { ["observedGeneration"] = observed, ["readyReplicas"] = 2, ["conditions"] = conditions },
        });

        Assert.Equal(isUnready, Neighbours.IsUnready(neighbour));
    }

    [Fact]
    public async Task A_broken_rollout_beside_a_remedy_does_not_speak_against_it()
    {
        await rig.Client.PatchAsync<Deployment>(
            Rig.Namespace, "web",
            Patch.Json(JsonPatchOperation.Replace("/spec/strategy", new JsonObject
            {
                ["type"] = "RollingUpdate",
                ["rollingUpdate"] = new JsonObject { ["maxSurge"] = 0, ["maxUnavailable"] = "100%" },
            })));
        await rig.BreakAsync();
        await rig.UntilAsync(deployment => deployment.Status is { ReadyReplicas: 0, UpdatedReplicas: 3 });

        var worse = await Neighbours.UnreadyAsync(
            rig.Client, new TargetReference("test", TargetKinds.Deployment, Rig.Namespace, "other"), CancellationToken.None);

        Assert.Empty(worse);
    }
}

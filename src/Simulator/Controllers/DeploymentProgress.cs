using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;

namespace Heal.Simulator.Controllers;

/// <summary>The status of Deployments: counts, Available, and Progressing with its deadline (divided by the speed factor).</summary>
internal sealed class DeploymentProgress(SimulatorClock clock)
{
    // Conditions carry whole seconds; at high speeds the deadline is shorter than one.
    private readonly Dictionary<ObjectKey, DateTimeOffset> _lastProgress = [];

    public void Forget(ObjectKey key) => _lastProgress.Remove(key);

    public static bool IsComplete(JsonObject deployment)
    {
        var wanted = deployment.Number("spec", "replicas") ?? 1;
        long Count(string name) => deployment.Number("status", name) ?? 0;
        return Count("updatedReplicas") == wanted && Count("replicas") == wanted && Count("availableReplicas") == wanted
            && Count("observedGeneration") >= (deployment.Number("metadata", "generation") ?? 0);
    }

    public TimeSpan? WriteStatus(Registry registry, ObjectKey key, List<JsonObject> sets, JsonObject? current)
    {
        TimeSpan? again = null;
        registry.Update(key.Type, key.Namespace, key.Name, o =>
        {
            var before = o.Object("status")?.Copy() ?? [];
            Count(o, sets, current);
            var (_, unavailable) = RolloutMath.Limits(o);
            var needed = (o.Number("spec", "replicas") ?? 1) - unavailable;
            var enough = (o.Number("status", "availableReplicas") ?? 0) >= needed;
            Conditions.Set(o, "Available", enough, enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                $"Deployment {(enough ? "has" : "does not have")} minimum availability.", clock.Timestamp());
            again = Progress(key, o, before, current);
            return o;
        }, WriteContext.ControllerStatus);
        return again;
    }

    private static void Count(JsonObject o, List<JsonObject> sets, JsonObject? current)
    {
        long Sum(string name) => sets.Sum(s => s.Number("status", name) ?? 0);
        var status = new JsonObject { ["observedGeneration"] = o.Number("metadata", "generation") };
        var conditions = o.At("status", "conditions")?.DeepClone();
        var available = Sum("availableReplicas");
        foreach (var (name, count) in new[]
        {
            ("replicas", Sum("replicas")), ("updatedReplicas", current.Number("status", "replicas") ?? 0),
            ("readyReplicas", Sum("readyReplicas")),
            ("availableReplicas", available),
            ("terminatingReplicas", Sum("terminatingReplicas")),
            ("unavailableReplicas", Math.Max(0, sets.Sum(s => s.Number("spec", "replicas") ?? 0) - available)),
        })
        {
            if (count > 0)
                status[name] = count;
        }
        if (conditions is not null)
            status["conditions"] = conditions;
        o["status"] = status;
    }

    private TimeSpan? Progress(ObjectKey key, JsonObject o, JsonObject before, JsonObject? current)
    {
        var now = clock.Timestamp();
        if (o.Flag("spec", "paused") == true)
        {
            Conditions.Set(o, "Progressing", Conditions.IsTrue(o, "Progressing"), "DeploymentPaused", "Deployment is paused", now);
            _lastProgress[key] = clock.Now;
            return null;
        }
        var name = current?.Name();
        if (IsComplete(o))
        {
            Conditions.Set(o, "Progressing", true, "NewReplicaSetAvailable", $"ReplicaSet \"{name}\" has successfully progressed.", now);
            _lastProgress[key] = clock.Now;
            return null;
        }
        var generationMoved = before.Number("observedGeneration") != o.Number("metadata", "generation");
        if (generationMoved || Moved(o, before) || !_lastProgress.TryGetValue(key, out var last))
        {
            _lastProgress[key] = last = clock.Now;
            var first = Conditions.Find(o, "Progressing") is null;
            Conditions.Set(o, "Progressing", true, first ? "NewReplicaSetCreated" : "ReplicaSetUpdated",
                first ? $"Created new replica set \"{name}\"" : $"ReplicaSet \"{name}\" is progressing.", now, touch: true);
        }
        var left = last + clock.ScaleSeconds(o.Number("spec", "progressDeadlineSeconds") ?? 600) - clock.Now;
        if (left > TimeSpan.Zero)
            return left;
        Conditions.Set(o, "Progressing", false, "ProgressDeadlineExceeded", $"ReplicaSet \"{name}\" has timed out progressing.", now);
        return null;
    }

    private static bool Moved(JsonObject o, JsonObject before)
    {
        long Now(string field) => o.Number("status", field) ?? 0;
        long Then(string field) => before.Number(field) ?? 0;
        return Now("updatedReplicas") > Then("updatedReplicas") || Now("readyReplicas") > Then("readyReplicas")
            || Now("availableReplicas") > Then("availableReplicas")
            || Now("replicas") - Now("updatedReplicas") < Then("replicas") - Then("updatedReplicas");
    }
}

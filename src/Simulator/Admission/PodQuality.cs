using System.Text.Json.Nodes;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Admission;

/// <summary>The quality-of-service class of a pod: Guaranteed, Burstable or BestEffort.</summary>
internal static class PodQuality
{
    public static string Of(JsonObject pod)
    {
        var resources = pod.Items("spec", "containers").Select(c => c.Object("resources")).ToList();
        if (resources.All(r => r?["limits"] is null && r?["requests"] is null))
            return "BestEffort";
        var guaranteed = resources.All(r => r.Text("limits", "cpu") is not null && r.Text("limits", "memory") is not null
            && (r?["requests"] is null || JsonAccess.Same(r["requests"], r["limits"])));
        return guaranteed ? "Guaranteed" : "Burstable";
    }
}

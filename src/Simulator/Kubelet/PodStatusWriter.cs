using System.Text.Json.Nodes;
using Heal.Simulator.Controllers;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;

namespace Heal.Simulator.Kubelet;

/// <summary>Reports the state of a pod's containers as <c>status</c>.</summary>
internal static class PodStatusWriter
{
    public static void Write(Registry registry, ObjectKey key, PodState state)
        => registry.Update(key.Type, key.Namespace, key.Name, pod =>
        {
            Fill(pod, state, registry.Clock.Timestamp());
            return pod;
        }, WriteContext.KubeletStatus);

    private static void Fill(JsonObject pod, PodState state, string now)
    {
        var status = pod.Ensure("status");
        var inits = state.Containers.Where(c => c.IsInit).ToList();
        var apps = state.Containers.Where(c => !c.IsInit).ToList();
        status["phase"] = Phase(inits, apps);
        status["observedGeneration"] = pod.Number("metadata", "generation");
        status["hostIP"] = "192.0.2.1";
        status["hostIPs"] = new JsonArray(new JsonObject { ["ip"] = "192.0.2.1" });
        status["podIP"] = state.Address;
        status["podIPs"] = new JsonArray(new JsonObject { ["ip"] = state.Address });
        status["startTime"] = state.StartTime;
        if (inits.Count > 0)
            status["initContainerStatuses"] = Statuses(pod, inits, "initContainers");
        status["containerStatuses"] = Statuses(pod, apps, "containers");

        var initialized = inits.TrueForAll(c => c.HasPassed);
        var unready = state.Containers.Where(c => !c.IsStep && !c.Ready).Select(c => c.Name).ToList();
        var message = unready.Count == 0 ? null : $"containers with unready status: [{string.Join(' ', unready)}]";
        var reason = unready.Count == 0 ? null : "ContainersNotReady";
        Conditions.Set(pod, "Initialized", initialized, initialized ? null : "ContainersNotInitialized",
            initialized ? null
                : $"containers with incomplete status: [{string.Join(' ', inits.Where(c => !c.HasPassed).Select(c => c.Name))}]",
            now);
        Conditions.Set(pod, "Ready", unready.Count == 0, reason, message, now);
        Conditions.Set(pod, "ContainersReady", unready.Count == 0, reason, message, now);
        Conditions.Set(pod, "PodReadyToStartContainers", true, null, null, now);
        if (state.Infeasible is not null)
            Conditions.Set(pod, "PodResizePending", true, "Infeasible", state.Infeasible, now);
        else
            Conditions.Remove(pod, "PodResizePending");
        foreach (var condition in pod.Items("status", "conditions").Where(c => c.Text("type") != "PodScheduled"))
            condition["observedGeneration"] = pod.Number("metadata", "generation");
    }

    private static JsonArray Statuses(JsonObject pod, List<ContainerState> containers, string field)
        => new([.. containers.Select(c => (JsonNode)c.ToStatus(pod.Items("spec", field).First(s => s.Text("name") == c.Name)))]);

    private static string Phase(List<ContainerState> inits, List<ContainerState> apps)
    {
        static bool Failed(ContainerState c) => c.Stage == ContainerStage.Done && c.Ended.Number("exitCode") != 0;
        if (inits.Exists(c => c.IsStep && Failed(c)))
            return "Failed";
        if (apps.TrueForAll(c => c.Stage == ContainerStage.Done))
            return apps.Exists(Failed) ? "Failed" : "Succeeded";
        return apps.TrueForAll(c => c.HasStarted) ? "Running" : "Pending";
    }
}

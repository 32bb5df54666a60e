using System.Text.Json.Nodes;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;

namespace Heal.Simulator.Controllers;

/// <summary>
/// Binds pods to the node with the fewest of them that fits: ready, not cordoned, node selector, taints, CPU and memory requests.
/// Affinity and topology spread are not looked at.
/// </summary>
internal sealed class Scheduler(Registry registry, EventRecorder events) : IController
{
    private const string Component = "default-scheduler";

    public IEnumerable<ObjectKey> Concerned(StoredObject changed)
    {
        if (changed.Type == ResourceCatalog.Pods && changed.Json.Text("spec", "nodeName") is null)
            return [changed.Key];
        var frees = changed.Type == ResourceCatalog.Nodes
            || (changed.Type == ResourceCatalog.Pods && changed.Json.IsDeleting());
        return frees
            ? registry.Store.List(ResourceCatalog.Pods).Items
                .Where(p => p.Json.Text("spec", "nodeName") is null)
                .Select(p => p.Key)
            : [];
    }

    public TimeSpan? Reconcile(ObjectKey key)
    {
        if (registry.Store.Find(key.Type, key.Namespace, key.Name)?.Json is not { } pod
            || pod.Text("spec", "nodeName") is not null
            || pod.IsDeleting())
            return null;
        var nodes = registry.Store.List(ResourceCatalog.Nodes).Items.Select(n => n.Json).ToList();
        var pods = registry.Store.List(ResourceCatalog.Pods).Items.Select(p => p.Json).ToList();
        var refusals = nodes.ToDictionary(n => n.Name(), n => Refusal(n, pod, pods), StringComparer.Ordinal);
        var fitting = nodes.Where(n => refusals[n.Name()] is null)
            .OrderBy(n => pods.Count(p => p.Text("spec", "nodeName") == n.Name()))
            .ThenBy(n => n.Name(), StringComparer.Ordinal)
            .FirstOrDefault();
        if (fitting is null)
            Refuse(key, pod, nodes.Count, refusals.Values);
        else
            Bind(key, fitting.Name());
        return null;
    }

    private void Bind(ObjectKey key, string node)
    {
        var bound = registry.Update(key.Type, key.Namespace, key.Name, o =>
        {
            o.Ensure("spec")["nodeName"] = node;
            return o;
        }, WriteContext.Scheduler);
        registry.Update(key.Type, key.Namespace, key.Name, o =>
        {
            Conditions.Set(o, "PodScheduled", true, null, null, registry.Clock.Timestamp());
            return o;
        }, WriteContext.Scheduler with { Subresource = "status" });
        events.Newer(
            bound.Json, "Normal", Component, "Binding", "Scheduled", $"Successfully assigned {key.Namespace}/{key.Name} to {node}");
    }

    private void Refuse(ObjectKey key, JsonObject pod, int nodes, IEnumerable<string?> refusals)
    {
        var reasons = refusals.OfType<string>().GroupBy(r => r, StringComparer.Ordinal)
            .Select(g => $"{g.Count()} {g.Key}").Order(StringComparer.Ordinal);
        var message = nodes == 0 ? "no nodes available to schedule pods" : $"0/{nodes} nodes are available: {string.Join(", ", reasons)}.";
        if (Conditions.Find(pod, "PodScheduled").Text("message") == message)
            return;
        registry.Update(key.Type, key.Namespace, key.Name, o =>
        {
            Conditions.Set(o, "PodScheduled", false, "Unschedulable", message, registry.Clock.Timestamp());
            return o;
        }, WriteContext.Scheduler with { Subresource = "status" });
        events.Newer(pod, "Warning", Component, "Scheduling", "FailedScheduling", message);
    }

    private static string? Refusal(JsonObject node, JsonObject pod, List<JsonObject> pods)
    {
        if (node.Flag("spec", "unschedulable") == true)
            return "node(s) were unschedulable";
        if (!Conditions.IsTrue(node, "Ready"))
            return "node(s) were not ready";
        if (!LabelSelector.FromMap(pod.At("spec", "nodeSelector")).Matches(node))
            return "node(s) didn't match Pod's node affinity/selector";
        var refuses = node.Items("spec", "taints")
            .FirstOrDefault(t => t.Text("effect") is "NoSchedule" or "NoExecute" && !Tolerates(pod, t));
        if (refuses is { } taint)
            return $"node(s) had untolerated taint {{{taint.Text("key")}: {taint.Text("value")}}}";
        var there = pods
            .Where(p => p.Text("spec", "nodeName") == node.Name() && p.Text("status", "phase") is not ("Succeeded" or "Failed"))
            .ToList();
        if (there.Count >= (Quantity.Parse(node.Text("status", "allocatable", "pods")) ?? decimal.MaxValue))
            return "Too many pods";
        foreach (var resource in new[] { "cpu", "memory" })
        {
            var free = (Quantity.Parse(node.Text("status", "allocatable", resource)) ?? decimal.MaxValue)
                - there.Sum(p => Requested(p, resource));
            if (Requested(pod, resource) > free)
                return $"Insufficient {resource}";
        }
        return null;
    }

    private static bool Tolerates(JsonObject pod, JsonObject taint) => pod.Items("spec", "tolerations").Any(t =>
        (t.Text("key") ?? taint.Text("key")) == taint.Text("key")
        && (t.Text("effect") ?? taint.Text("effect")) == taint.Text("effect")
        && (t.Text("operator") == "Exists" || (t.Text("value") ?? "") == (taint.Text("value") ?? "")));

    private static decimal Requested(JsonObject pod, string resource)
        => pod.Items("spec", "containers").Concat(pod.Items("spec", "initContainers").Where(c => c.Text("restartPolicy") == "Always"))
            .Sum(c => Quantity.Parse(c.At("resources", "requests", resource)?.ToString()) ?? 0);
}

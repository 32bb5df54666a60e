using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>The nodes that pods are on: their conditions, taints, what they have and, when metrics are served, what they use.</summary>
internal static class NodeReader
{
    private const int Measured = 3;

    /// <param name="target">The name of the node that is the target; null when it is none.</param>
    public static async Task<IReadOnlyList<NodeEvidence>> ReadAsync(PartReader reader, IReadOnlyList<PodEvidence> pods, string? target)
    {
        var names = pods.Select(pod => pod.Node).Prepend(target).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        if (names.Count > EvidenceLimits.Nodes)
        {
            reader.Gap($"nodes: {names.Count - EvidenceLimits.Nodes} of {names.Count} were not looked at");
        }

        // Those of the pods in trouble come first, and so are the measured ones.
        var nodes = await Task.WhenAll(names.Take(EvidenceLimits.Nodes).Select((name, index) => ReadAsync(reader, name, index < Measured)));
        return [.. nodes.OfType<NodeEvidence>()];
    }

    private static async Task<NodeEvidence?> ReadAsync(PartReader reader, string name, bool measured)
    {
        var reading = reader.GetAsync<Node>($"node '{name}'", ResourceKind.Of<Node>(), null, name);
        var usage = measured
            ? await reader.GetAsync<KubernetesObject>("usage of nodes", KindCatalogue.Find("NodeMetrics")!, null, name) : default;
        if ((await reading).Value is not { } node) return null;
        var ready = node.Status?.Condition("Ready");
        return new NodeEvidence($"node/{name}", name, ready?.IsTrue == true, node.Spec?.Unschedulable == true, ready?.Reason)
        {
            Conditions = ObjectFacts.Conditions(node.Status?.Conditions),
            Taints = [.. (node.Spec?.Taints ?? []).Take(EvidenceLimits.Conditions)
                .Select(taint => SafeText.Line($"{taint.Key}={taint.Value}:{taint.Effect}", EvidenceLimits.FactLength))],
            Facts =
            [
                .. (node.Status?.Allocatable ?? new Dictionary<string, string>()).Select(item => ("allocatable", item.Key, item.Value))
                    .Concat(Usage.Quantities(usage.Value?.Field("usage")).Select(item => ("usage", item.Key, item.Value)))
                    .Select(item => new FactEvidence(SafeText.Line($"{item.Item1}.{item.Key}", 100), SafeText.Line(item.Value, 100)))
                    .OrderBy(fact => fact.Path, StringComparer.Ordinal).Take(EvidenceLimits.RelatedFacts),
            ],
        };
    }
}

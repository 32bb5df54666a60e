using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

internal static class NodeObserver
{
    private const string CordonTaint = "node.kubernetes.io/unschedulable";

    public static ObservedNode Of(Node node, ObservedNode? before, DateTimeOffset now) => new(
        Observer.Info(node, TargetKinds.Node), CordonedAt(node, before, now), Observer.Conditions(node.Status?.Conditions));

    // The node controller's taint says since when. Where it does not, it is as long as we have seen it.
    private static DateTimeOffset? CordonedAt(Node node, ObservedNode? before, DateTimeOffset now) =>
        node.Spec?.Unschedulable != true ? null
            : node.Spec.Taints?.FirstOrDefault(taint => taint.Key == CordonTaint)?.TimeAdded ?? before?.CordonedAt ?? now;
}

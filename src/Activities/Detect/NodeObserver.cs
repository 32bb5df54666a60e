using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

internal static class NodeObserver
{
    private const string CordonTaint = "node.kubernetes.io/unschedulable";

    public static ObservedNode Of(Node node, ObservedNode? before, DateTimeOffset now)
    {
        var (info, conditions) = (Observer.Info(node, TargetKinds.Node), Observer.Conditions(node.Status?.Conditions));
        if (node.Spec?.Unschedulable != true) return new ObservedNode(info, null, conditions);
        // The node controller's taint says since when. Where it does not, it is as long as we have seen it.
        return node.Spec.Taints?.FirstOrDefault(taint => taint.Key == CordonTaint)?.TimeAdded is { } since
            ? new ObservedNode(info, since, conditions)
            : new ObservedNode(info, before?.CordonedAt ?? now, conditions, IsCordonUndated: true);
    }
}

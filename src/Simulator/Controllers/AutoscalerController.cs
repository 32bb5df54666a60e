using System.Globalization;
using Heal.Simulator.Objects;
using Heal.Simulator.Storage;

namespace Heal.Simulator.Controllers;

/// <summary>
/// Scales the target of a HorizontalPodAutoscaler. There is no load here to measure: how many replicas it would take is the annotation
/// <see cref="Wanted"/> of the autoscaler; without it the target is left as it is.
/// </summary>
internal sealed class AutoscalerController(Registry registry) : IController
{
    public const string Wanted = "simulator/wanted-replicas";

    public IEnumerable<ObjectKey> Concerned(StoredObject changed)
    {
        if (changed.Type == ResourceCatalog.HorizontalPodAutoscalers)
            return [changed.Key];
        return changed.Type == ResourceCatalog.Deployments || changed.Type == ResourceCatalog.StatefulSets
            ? registry.Store.List(ResourceCatalog.HorizontalPodAutoscalers, changed.Key.Namespace).Items
                .Where(h => h.Json.Text("spec", "scaleTargetRef", "name") == changed.Key.Name
                    && h.Json.Text("spec", "scaleTargetRef", "kind") == changed.Type.Kind)
                .Select(h => h.Key)
            : [];
    }

    public TimeSpan? Reconcile(ObjectKey key)
    {
        if (registry.Store.Find(key.Type, key.Namespace, key.Name)?.Json is not { } scaler)
            return null;
        var reference = scaler.Object("spec", "scaleTargetRef");
        if (ResourceCatalog.FindKind(reference.Text("apiVersion"), reference.Text("kind")) is not { } type
            || registry.Store.Find(type, key.Namespace, reference.Text("name") ?? "")?.Json is not { } target)
            return null;
        var asked = target.Number("spec", "replicas") ?? 1;
        var most = scaler.Number("spec", "maxReplicas") ?? 1;
        var least = scaler.Number("spec", "minReplicas") ?? 1;
        var wants = long.TryParse(scaler.Annotation(Wanted), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : asked;
        var desired = Math.Clamp(wants, least, Math.Max(least, most));
        if (desired != asked)
            registry.Update(type, key.Namespace, target.Name(), o =>
            {
                o.Ensure("spec")["replicas"] = desired;
                return o;
            }, WriteContext.Controllers);
        registry.Update(key.Type, key.Namespace, key.Name, o =>
        {
            var status = o.Ensure("status");
            status["currentReplicas"] = target.Number("status", "replicas") ?? 0;
            status["desiredReplicas"] = desired;
            var now = registry.Clock.Timestamp();
            Conditions.Set(o, "AbleToScale", true, "ReadyForNewScale", "recommended size matches current size", now);
            Conditions.Set(o, "ScalingActive", true, "ValidMetricFound", "the HPA was able to compute the replica count", now);
            var (limited, reason, message) = wants > most
                ? (true, "TooManyReplicas", "the desired replica count is more than the maximum replica count")
                : wants < least ? (true, "TooFewReplicas", "the desired replica count is less than the minimum replica count")
                : (false, "DesiredWithinRange", "the desired count is within the acceptable range");
            Conditions.Set(o, "ScalingLimited", limited, reason, message, now);
            return o;
        }, WriteContext.ControllerStatus);
        return null;
    }
}

using System.Text.Json;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Kinds without a model of the driver's, whose version differs between servers: only fields that all versions have are read.
/// </summary>
internal static class ResourceObserver
{
    private const string ServiceOfSlice = "kubernetes.io/service-name";

    public static Observed? Of(KubernetesObject seen, Observed? before)
    {
        var (spec, status) = (seen.Field("spec"), seen.Field("status"));
        return seen.Kind switch
        {
            "ReplicaSet" => WorkloadObserver.OfReplicaSet(seen),
            "Job" => new ObservedJob(
                Observer.Info(seen, TargetKinds.Job), Observer.Number(status, "failed"), Observer.Condition(status, "Failed"),
                Observer.Condition(status, "Complete")),
            "HorizontalPodAutoscaler" => new ObservedAutoscaler(
                Observer.Info(seen, TargetKinds.HorizontalPodAutoscaler), Observer.Number(spec, "minReplicas", 1),
                Observer.Number(spec, "maxReplicas"), Observer.Number(status, "currentReplicas"),
                Observer.Number(status, "desiredReplicas"), Observer.Condition(status, "ScalingLimited")),
            "PodDisruptionBudget" => Budget(seen, spec, status),
            "Service" => new ObservedService(Observer.Info(seen, TargetKinds.Service), Selector(spec)),
            "Endpoints" => Endpoints(seen),
            "EndpointSlice" => Slice(seen),
            "ResourceQuota" => new ObservedQuota(Observer.Info(seen, TargetKinds.ResourceQuota), Uses(status)),
            "PersistentVolumeClaim" => Claim(seen, before as ObservedClaim),
            _ => null,
        };
    }

    private static ObservedBudget Budget(KubernetesObject seen, JsonElement? spec, JsonElement? status) => new(
        Observer.Info(seen, TargetKinds.PodDisruptionBudget), Match(Observer.Child(spec, "selector")),
        Observer.Number(status, "disruptionsAllowed"), Observer.Number(status, "currentHealthy"), Observer.Number(status, "desiredHealthy"),
        Observer.Number(status, "expectedPods"), Observer.Number(status, "observedGeneration") >= (seen.Metadata.Generation ?? 0));

    // What was measured stays with the claim while its object changes.
    private static ObservedClaim Claim(KubernetesObject seen, ObservedClaim? before)
    {
        var info = Observer.Info(seen, TargetKinds.PersistentVolumeClaim);
        return before?.Info.Uid == info.Uid ? before with { Info = info } : new ObservedClaim(info);
    }

    private static LabelMatch? Selector(JsonElement? spec) =>
        Observer.Child(spec, "selector") is { } selector && Observer.Map(selector) is { Count: > 0 } labels
            ? new LabelMatch(labels, []) : null;

    private static LabelMatch Match(JsonElement? selector)
    {
        var conditions = new List<LabelCondition>();
        if (Observer.Child(selector, "matchExpressions") is { ValueKind: JsonValueKind.Array } expressions)
        {
            foreach (var expression in expressions.EnumerateArray())
            {
                IReadOnlyList<string> values = Observer.Child(expression, "values") is { ValueKind: JsonValueKind.Array } list
                    ? [.. list.EnumerateArray().Select(value => value.ToString())] : [];
                conditions.Add(new LabelCondition(
                    Observer.String(expression, "key") ?? "", Observer.String(expression, "operator") ?? "", values));
            }
        }

        return new LabelMatch(Observer.Map(Observer.Child(selector, "matchLabels")), conditions);
    }

    private static ObservedBackends Endpoints(KubernetesObject seen)
    {
        var (ready, unready) = (0, 0);
        foreach (var subset in Items(seen.Field("subsets")))
        {
            ready += Items(Observer.Child(subset, "addresses")).Count();
            unready += Items(Observer.Child(subset, "notReadyAddresses")).Count();
        }

        return new ObservedBackends(Observer.Info(seen, ObservedKinds.Backends), seen.Metadata.Name ?? "", ready, unready);
    }

    private static ObservedBackends Slice(KubernetesObject seen)
    {
        var ready = 0;
        var endpoints = Items(seen.Field("endpoints")).ToList();
        foreach (var endpoint in endpoints)
        {
            // Unknown counts as ready, as the API says.
            if (Observer.Child(Observer.Child(endpoint, "conditions"), "ready") is not { ValueKind: JsonValueKind.False }) ready++;
        }

        return new ObservedBackends(
            Observer.Info(seen, ObservedKinds.Backends), seen.Metadata.Label(ServiceOfSlice) ?? "", ready, endpoints.Count - ready);
    }

    private static IReadOnlyList<QuotaUse> Uses(JsonElement? status)
    {
        var used = Observer.Map(Observer.Child(status, "used"));
        return
        [
            .. from hard in Observer.Map(Observer.Child(status, "hard")).OrderBy(pair => pair.Key, StringComparer.Ordinal)
               let text = used.GetValueOrDefault(hard.Key, "0")
               where Quantity.TryParse(hard.Value, out _) && Quantity.TryParse(text, out _)
               select new QuotaUse(hard.Key, text, hard.Value, Quantity.Parse(text)!.Value, Quantity.Parse(hard.Value)!.Value),
        ];
    }

    private static JsonElement.ArrayEnumerator Items(JsonElement? list) =>
        list is { ValueKind: JsonValueKind.Array } items ? items.EnumerateArray() : default;
}

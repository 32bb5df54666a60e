using System.Globalization;

namespace Heal.Healing;

internal sealed class EndpointWithoutBackendsDetector(HoldingSetting setting) : Detector<ObservedService>(
    new DetectorInfo("endpoint-without-backends", "KubeEndpointWithoutBackends", [TargetKinds.Service],
        "A service with a selector has had no ready backend for `Hold`, although a workload whose pods it selects should run.",
        "A service without a selector, one whose workloads are scaled to zero or are being deleted, one that nothing is meant to serve "
            + "yet, a rollout that starts its first pods."),
    setting)
{
    protected override Judgement Judge(ObservedService service, Look look)
    {
        if (service.Info.DeletedAt is not null || service.Selector is not { } selector || selector.Labels.Count == 0) return Judgement.None;
        var ns = service.Info.Namespace;
        var backends = look.Cluster.All<ObservedBackends>(ObservedKinds.Backends, ns).Where(b => b.Service == service.Info.Name).ToList();
        if (backends.Sum(slice => slice.Ready) > 0) return Judgement.None with { Memory = DetectorMemory.Empty };
        var meant = look.Cluster.All<ObservedWorkload>(TargetKinds.Deployment, ns)
            .Concat(look.Cluster.All<ObservedWorkload>(TargetKinds.StatefulSet, ns))
            .Concat(look.Cluster.All<ObservedWorkload>(TargetKinds.DaemonSet, ns))
            .Where(w => w.Desired > 0 && w.Info.DeletedAt is null && selector.Matches(w.TemplateLabels)).ToList();
        if (meant.Count == 0) return Judgement.None with { Memory = DetectorMemory.Empty };
        // Endpoints do not say since when they are empty: it is as long as it was seen.
        var memory = look.Memory.Last is null ? DetectorMemory.Empty.With(look.Now, 0) : look.Memory;
        var workload = meant[0];
        return Judgement.After(
            setting.Hold, memory.Last!.Value.At, look, $"{service.Info} has no ready backend",
            string.Create(CultureInfo.InvariantCulture, $"0 ready and {backends.Sum(slice => slice.NotReady)} unready addresses"),
            string.Create(CultureInfo.InvariantCulture,
                $"{workload.Info}, which it selects, wants {workload.Desired} and has {workload.Ready} ready"))
            with
            {
                Memory = memory,
                BeganUnseen = look.WasThereBefore(memory.Last!.Value.At),
                // Without ready pods the workload is what fails, and its service suffers with it: one fault, one incident.
                Subject = meant.Find(w => w.Ready == 0),
            };
    }
}

using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Pods as evidence, those in trouble first.</summary>
internal static class PodReader
{
    public static IReadOnlyList<PodEvidence> Describe(IEnumerable<Pod> pods) =>
    [
        .. pods.Select(Describe)
            .OrderBy(pod => pod.Terminating).ThenBy(pod => pod.Ready)
            .ThenByDescending(pod => pod.CreatedAt).ThenBy(pod => pod.Name, StringComparer.Ordinal),
    ];

    private static PodEvidence Describe(Pod pod)
    {
        var status = pod.Status ?? new PodStatus();
        var statuses = (status.InitContainerStatuses ?? []).Concat(status.ContainerStatuses ?? []);
        return new PodEvidence(
            $"pod/{pod.Metadata.Name}",
            pod.Metadata.Name ?? "",
            pod.Metadata.ControllerOwner()?.Name ?? "",
            status.Phase ?? "Unknown",
            status.Reason is { } reason ? SafeText.Line(reason, EvidenceLimits.MessageLength) : null,
            status.Condition("Ready")?.IsTrue == true,
            pod.Metadata.DeletionTimestamp is not null,
            pod.Spec?.NodeName,
            pod.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue,
            [.. statuses.Select(container => Describe(pod.Metadata.Name ?? "", container))]);
    }

    private static ContainerEvidence Describe(string pod, ContainerStatus container)
    {
        // Between a crash and the restart the end of the last run is still the current state.
        var last = container.State?.Terminated ?? container.LastState?.Terminated;
        var waiting = container.State?.Waiting;
        return new ContainerEvidence(
            $"pod/{pod}/{container.Name}",
            container.Name,
            SafeText.Line(container.Image, EvidenceLimits.MessageLength),
            container.Ready,
            container.RestartCount,
            waiting?.Reason is { } reason ? SafeText.Line(reason, EvidenceLimits.MessageLength) : null,
            waiting?.Message is { } message ? SafeText.Line(Scrubber.Scrub(message), EvidenceLimits.MessageLength) : null,
            last?.Reason is { } why ? SafeText.Line(why, EvidenceLimits.MessageLength) : null,
            last?.ExitCode,
            last?.FinishedAt);
    }
}

using Heal.Drivers.Kubernetes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>The last lines of what the containers that matter wrote, of the run that crashed and of the current one. Bounded and
/// scrubbed.</summary>
internal static class LogReader
{
    /// <param name="target">The name of a pod whose logs are read whatever its state; null when the target is none.</param>
    public static async Task<IReadOnlyList<LogEvidence>> ReadAsync(
        PartReader reader, string ns, IReadOnlyList<PodEvidence> pods, string? target, DateTimeOffset now)
    {
        var wanted = (from pod in pods
                      where pod.Name == target || (!pod.Terminating && pod.Phase != "Succeeded")
                      from container in pod.Containers
                      where HasRun(container) && (pod.Name == target || IsWanted(pod, container, now))
                      select (Pod: pod, Container: container)).ToList();
        if (wanted.Count > EvidenceLimits.Logs)
        {
            reader.Gap($"logs: those of {wanted.Count - EvidenceLimits.Logs} of {wanted.Count} containers in trouble were not read");
        }

        // The run that crashed says more than the one that has just begun.
        var logs = await Task.WhenAll(wanted.Take(EvidenceLimits.Logs).SelectMany(item => item.Container.Restarts > 0
            ? new[] { (item.Pod, item.Container, Previous: true), (item.Pod, item.Container, Previous: false) }
            : [(item.Pod, item.Container, Previous: false)])
            .Select(item => ReadAsync(reader, ns, item.Pod, item.Container, item.Previous)));
        return [.. logs.OfType<LogEvidence>()];
    }

    // Between two crashes a container runs and may even look ready.
    private static bool IsWanted(PodEvidence pod, ContainerEvidence container, DateTimeOffset now) =>
        (!pod.Ready && (!container.Ready || container.Restarts > 0)) || container.HasCrashedLately(now);

    // A container that still waits for its image or its configuration has written nothing.
    private static bool HasRun(ContainerEvidence container) =>
        container.Waiting is null || container.LastExitCode is not null || container.Restarts > 0;

    private static async Task<LogEvidence?> ReadAsync(
        PartReader reader, string ns, PodEvidence pod, ContainerEvidence container, bool previous)
    {
        var options = new LogOptions
        {
            Container = container.Name, Previous = previous, TailLines = EvidenceLimits.LogLines, LimitBytes = EvidenceLimits.LogBytes,
        };
        var part = $"log of {pod.Name}/{container.Name}{(previous ? " (previous run)" : "")}";
        if (await reader.LogAsync(part, pod.Namespace.Length > 0 ? pod.Namespace : ns, pod.Name, options) is not { } log) return null;
        var lines = LogText.Lines(log.Text);
        if (log.IsTruncated) reader.Gap($"{part}: only the last {EvidenceLimits.LogBytes / 1024} KiB of its last lines were kept");
        var id = $"log/{pod.Name}/{container.Name}/{(previous ? "previous" : "current")}";
        return new LogEvidence(id, pod.Name, container.Name, previous, lines);
    }
}

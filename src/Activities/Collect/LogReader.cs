using Heal.Drivers.Kubernetes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>The last lines of what failing containers wrote: of the run that crashed, else of the current one. Bounded and
/// scrubbed.</summary>
internal sealed class LogReader(IKubernetesClient client)
{
    private const int BytesPerLog = 64 * 1024;

    public async Task<IReadOnlyList<LogEvidence>> ReadAsync(
        string ns, IReadOnlyList<PodEvidence> pods, List<string> gaps, CancellationToken cancellationToken)
    {
        var wanted = from pod in pods
                     where !pod.Terminating && !pod.Ready
                     from container in pod.Containers
                     where container.LastExitCode is not null || container.Restarts > 0
                     select (pod, container);
        var logs = new List<LogEvidence>();
        foreach (var (pod, container) in wanted.Take(EvidenceLimits.Logs))
        {
            var log = await TryReadAsync(ns, pod.Name, container.Name, previous: container.Restarts > 0, gaps, cancellationToken);
            if (log is null && container.Restarts > 0) log = await TryReadAsync(
                ns, pod.Name, container.Name, previous: false, gaps, cancellationToken);
            if (log is not null) logs.Add(log);
        }

        return logs;
    }

    private async Task<LogEvidence?> TryReadAsync(
        string ns, string pod, string container, bool previous, List<string> gaps, CancellationToken cancellationToken)
    {
        var options = new LogOptions { Container = container, Previous = previous, TailLines = EvidenceLimits.LogLines,
            LimitBytes = BytesPerLog };
        try
        {
            var log = await client.GetPodLogAsync(ns, pod, options, cancellationToken);
            var lines = log.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .TakeLast(EvidenceLimits.LogLines)
                .Select(line => SafeText.Line(
                    Scrubber.Scrub(SafeText.Clean(line, 2 * EvidenceLimits.LogLineLength)), EvidenceLimits.LogLineLength))
                .ToList();
            return new LogEvidence($"log/{pod}/{container}/{(previous ? "previous" : "current")}", pod, container, previous, lines);
        }
        catch (KubernetesApiException e)
        {
            gaps.Add(SafeText.Line(
                $"log of {pod}/{container}{(previous ? " (previous)" : "")}: {e.Message}", EvidenceLimits.MessageLength));
            return null;
        }
    }
}
